"""The finder `sofia`: SoFiA-2 (Westmeier et al. 2021, MNRAS 506, 3962), run as its users run it.

The cube goes to the program as a FITS file with a parameter file. SoFiA subtracts the continuum,
smooths at several scales, clips, links, and compares positive with negative detections; what it
writes into its catalogue comes back in our columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.sofia.files import moved, over_beam, write_input
from deepfocus.finders.sofia.judging import Judge, Reliability
from deepfocus.finders.sofia.noise import Noise, OfTheBeam
from deepfocus.finders.sofia.parameters import (
    continuum_parameters,
    given_parameters,
    kernels_within,
)
from deepfocus.finders.sofia.program import (
    Found,
    NoReliability,
    Program,
    find_program,
    run_sofia,
    without_reliability,
)
from deepfocus.finders.sofia.region import Region, WholeImage
from deepfocus.finders.sofia.table import table_of
from deepfocus.ops.integrate import integrate


@dataclass(frozen=True)
class Sofia:
    """SoFiA-2's parameters, sizes on the sky in FWHMs of the beam (geometric mean).

    program : name on the PATH, or path, of the executable
    region : which part of the image it searches
    kernels_beams, kernels_chan : `scfind.kernelsXY` and `kernelsZ`; those wider than a quarter of
        the image or the band are left out
    threshold : `scfind.threshold`
    continuum_order : `contsub.order`, 0 or 1
    min_size_beams, min_size_chan : `linker.minSizeXY` and `minSizeZ`
    noise : how it is correlated on the sky, on which the signal-to-noise of a source depends
    judge : which of the linked sources are accepted
    dilate_beams, dilate_chan : by how much masks may grow, `dilation.iterationsXY` and `Z`
    further : other parameters, `name=value`; they also replace those that follow from the above
    """

    kind: ClassVar[str] = "sofia"
    summary: ClassVar[str] = (
        "SoFiA-2: smooth, clip, link, compare with the negatives; needs the program sofia"
    )

    program: str = "sofia"
    region: Region = field(default_factory=WholeImage)
    kernels_beams: tuple[float, ...] = (0.0, 0.5, 1.0)
    kernels_chan: tuple[int, ...] = (0, 3, 7, 15)
    threshold: float = 5.0
    continuum_order: int = 0
    min_size_beams: float = 1.0
    min_size_chan: int = 3
    noise: Noise = field(default_factory=OfTheBeam)
    judge: Judge = field(default_factory=Reliability)
    dilate_beams: float = 0.4
    dilate_chan: int = 1
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given_parameters(self.further)
        if min((0.0, *self.kernels_beams, *self.kernels_chan)) < 0 or self.threshold <= 0:
            raise DeepFocusError(
                f"kernels of {self.kernels_beams} beams and {self.kernels_chan} channels, a "
                f"threshold of {self.threshold:g}",
                wanted="no negative kernel, and a positive threshold",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadySofia:
        """Look for the program. Raises `DeepFocusError` if it is not there."""
        return ReadySofia(self, find_program(self.program))

    def parameters(self, shape: tuple[int, ...], beam: Ellipse) -> dict[str, Any]:
        """The parameter file for a cube of a shape (chan, y, x), without its input and output."""
        channels, ny, nx = shape
        beam_px = float(np.sqrt(beam.fwhm_x_px * beam.fwhm_y_px))
        kernels_px = [beams * beam_px for beams in self.kernels_beams]
        return {
            "pipeline.threads": 1,
            **continuum_parameters(order=self.continuum_order, channels=channels),
            "scaleNoise.enable": True,
            "scaleNoise.mode": "spectral",
            "scaleNoise.scfind": True,
            "scfind.kernelsXY": kernels_within(kernels_px, axis=min(ny, nx)),
            "scfind.kernelsZ": kernels_within(self.kernels_chan, axis=channels),
            "scfind.threshold": self.threshold,
            "linker.minSizeXY": max(1, round(self.min_size_beams * beam_px)),
            "linker.minSizeZ": self.min_size_chan,
            **self.judge.parameters(),
            "dilation.enable": True,
            "dilation.iterationsXY": round(self.dilate_beams * beam_px),
            "dilation.iterationsZ": self.dilate_chan,
            "parameter.physical": True,
            "parameter.wcs": False,
            **given_parameters(self.further),
        }


@dataclass(frozen=True)
class ReadySofia:
    """`Sofia` with its program."""

    settings: Sofia
    program: Program = field(repr=False)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The version of the program."""
        return {"sofia": self.program.version}

    def find(self, cube: Cube) -> Detection:
        """Run SoFiA-2 on a cube; twice if it cannot measure reliabilities.

        Raises `DeepFocusError` for a cube without data or without a beam, and if SoFiA fails.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        found = self.searched(cube, beam_ellipse(cube))
        judge = self.settings.judge
        reliability = judge.believed(found)
        linked = table_of(found.sources, cube)
        judged = judge.judged(linked, reliability)
        return Detection(
            catalogue=judged,
            snapshots={"linked": linked},
            notes=_notes(judged, judge.note(reliability), dirty=cube.psf is not None),
            evidence=_panels(cube, judged),
        )

    def searched(self, cube: Cube, beam: Ellipse) -> Found:
        """What SoFiA finds, without reliabilities if it cannot measure them.

        It does not search again then: smoothing and clipping, most of the work, left a mask.
        """
        rows, columns = self.settings.region.window(ny=cube.grid.ny, nx=cube.grid.nx)
        data = cube.data[:, rows, columns]
        parameters = self.settings.parameters(data.shape, beam)
        stated = self.settings.noise.stated_beam(cube, beam)
        with TemporaryDirectory(prefix="deepfocus-sofia-") as name:
            folder = Path(name)
            file = folder / "cube.fits"
            write_input(data, stated, file)
            try:
                found = run_sofia(self.program, parameters, cube=file, folder=folder)
            except NoReliability:
                parameters |= without_reliability(folder)
                found = run_sofia(self.program, parameters, cube=file, folder=folder)
        sources = found.sources if stated else over_beam(found.sources, beam)
        return replace(found, sources=moved(sources, x=columns.start, y=rows.start))


def _notes(found: Catalogue, of_judge: str, *, dirty: bool) -> tuple[str, ...]:
    """What the user should know of the sources; nothing if there are none."""
    sums = "fluxes are sums in masks, and a dirty beam has no flux: they are rough"
    return tuple(note for note in (of_judge, sums if dirty else "") if note and len(found))


def _panels(cube: Cube, found: Catalogue) -> tuple[Panel, ...]:
    """The field, and the spectrum of every source at its pixel."""
    spectra = (
        SpectrumPanel(
            int(source), Trace("at the source", cube.data[:, round(y), round(x)], "Jy/beam")
        )
        for source, y, x in zip(found["id"], found["y"], found["x"], strict=True)
    )
    field_image = integrate(cube.array)
    return (
        ImagePanel("Cube, integrated over frequency", field_image, "Jy/beam x channels"),
        *spectra,
    )
