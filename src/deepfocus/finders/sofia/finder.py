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
from deepfocus.core.flags import Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.sofia.files import moved, write_input
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
from deepfocus.finders.sofia.table import rejected, table_of
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
    min_snr : `reliability.minSNR`, by the noise of the whole cube and by that around a source
    min_reliability : `reliability.threshold`; less reliable sources are rejected
    min_negatives : with fewer negative detections, reliabilities are not believed
    min_snr_alone : then sources of a lower signal-to-noise ratio are rejected
    dilate_beams, dilate_chan : by how much masks may grow, `dilation.iterationsXY` and `Z`
    further : other parameters, `name=value`; they also replace those that follow from the above
    """

    kind: ClassVar[str] = "sofia"
    summary: ClassVar[str] = (
        "SoFiA-2: smooth, clip, link, compare with the negatives; needs the program sofia"
    )

    program: str = "sofia"
    region: Region = field(default_factory=WholeImage)
    kernels_beams: tuple[float, ...] = (0.0, 1.0, 2.0)
    kernels_chan: tuple[int, ...] = (0, 3, 7, 15, 31)
    threshold: float = 4.0
    continuum_order: int = 0
    min_size_beams: float = 1.0
    min_size_chan: int = 3
    min_snr: float = 3.0
    min_reliability: float = 0.9
    min_negatives: int = 10
    min_snr_alone: float = 5.0
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
            "reliability.enable": True,
            "reliability.plot": False,
            "reliability.minSNR": self.min_snr,
            # unreliable sources are to stay in the catalogue, so the finder rejects them itself
            "reliability.threshold": 0,
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
        reliable = found.negatives >= self.settings.min_negatives
        linked = table_of(found.sources, cube)
        judged = self.judged(linked, found.sources["rel"]) if reliable else self.by_snr(linked)
        return Detection(
            catalogue=judged,
            snapshots={"linked": linked},
            notes=self.notes(judged, reliable=reliable, dirty=cube.psf is not None),
            evidence=_panels(cube, judged),
        )

    def searched(self, cube: Cube, beam: Ellipse) -> Found:
        """What SoFiA finds, without reliabilities if it cannot measure them.

        It does not search again then: smoothing and clipping, most of the work, left a mask.
        """
        rows, columns = self.settings.region.window(ny=cube.grid.ny, nx=cube.grid.nx)
        data = cube.data[:, rows, columns]
        parameters = self.settings.parameters(data.shape, beam)
        with TemporaryDirectory(prefix="deepfocus-sofia-") as name:
            folder = Path(name)
            file = folder / "cube.fits"
            write_input(data, beam, file)
            try:
                found = run_sofia(self.program, parameters, cube=file, folder=folder)
            except NoReliability:
                parameters |= without_reliability(folder)
                found = run_sofia(self.program, parameters, cube=file, folder=folder)
        return replace(found, sources=moved(found.sources, x=columns.start, y=rows.start))

    def judged(self, linked: Catalogue, reliability: np.ndarray) -> Catalogue:
        """The sources with SoFiA's reliability as their probability, those of less rejected."""
        unreliable = reliability < self.settings.min_reliability
        flagged = rejected(linked, unreliable, Flag.LOW_FIDELITY, step="reliability")
        faint = linked["snr_focused"] < self.settings.min_snr
        flagged = rejected(flagged, faint, Flag.LOW_PROBABILITY, step="signal-to-noise")
        return flagged.with_columns(probability=reliability)

    def by_snr(self, linked: Catalogue) -> Catalogue:
        """The sources judged without reliabilities."""
        faint = linked["snr_focused"] < self.settings.min_snr_alone
        return rejected(linked, faint, Flag.LOW_PROBABILITY, step="signal-to-noise")

    def notes(self, found: Catalogue, *, reliable: bool, dirty: bool) -> tuple[str, ...]:
        """What the user should know of the sources; nothing if there are none."""
        alone = (
            "too few negative detections for SoFiA-2's reliabilities: sources below a "
            f"signal-to-noise ratio of {self.settings.min_snr_alone:g} are rejected"
        )
        sums = "fluxes are sums in masks, and a dirty beam has no flux: they are rough"
        applies = {alone: not reliable, sums: dirty}
        return tuple(note for note in applies if applies[note] and len(found))


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
