"""The finder `flood_fill`: two thresholds on the integrated image, islands, Gaussian fits.

It applies BLOBCAT's method (Hales et al. 2012) to the cube summed over its channels, then searches
the spectrum at each island's peak pixel for a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.flood_fill.islands import Island, islands
from deepfocus.finders.flood_fill.line_of_island import LineOfIsland, strongest_line
from deepfocus.finders.line_measurement import (
    MeasuredLine,
    beam_ellipse,
    measure_line,
    row_of,
    weighted_spectrum,
)
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.forward.noise import noise_level
from deepfocus.ops.boxes import Box
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.integrate import integrate
from deepfocus.ops.snr import mad_sigma

STEP = "line of the island"
BRIGHTNESS = "Jy/beam x channels"

LEAST_CHANNELS = 8
"""With fewer, it misses even a bright line of two channels."""


@dataclass(frozen=True)
class FloodFill:
    """Islands of the integrated image, as BLOBCAT finds them.

    detection_snr : minimum signal-to-noise of an island's peak pixel
    flooding_snr : minimum signal-to-noise of its other pixels
    widths_chan : FWHM of the lines searched for in an island's spectrum
    min_line_snr : an island whose best line is fainter is rejected
    """

    kind: ClassVar[str] = "flood_fill"
    summary: ClassVar[str] = (
        "two thresholds on the integrated image, islands, Gaussian fits; what BLOBCAT does"
    )

    detection_snr: float = 5.0
    flooding_snr: float = 2.6
    widths_chan: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    min_line_snr: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.flooding_snr <= self.detection_snr or not self.widths_chan:
            raise DeepFocusError(
                f"flooding from {self.detection_snr:g} sigma down to {self.flooding_snr:g} sigma, "
                f"{len(self.widths_chan)} line widths",
                wanted="0 < flooding_snr <= detection_snr, and at least one width",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyFloodFill:
        """Nothing needs to be loaded."""
        return ReadyFloodFill(self)


@dataclass(frozen=True, eq=False)
class Candidate:
    """An island, its spectrum, its line if it has one, and the measurement of that line."""

    id: int
    island: Island
    spectrum: np.ndarray
    line: LineOfIsland | None
    measured: MeasuredLine | None


@dataclass(frozen=True)
class ReadyFloodFill:
    """`FloodFill`, which needs no preparation."""

    settings: FloodFill = field(default_factory=FloodFill)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Empty: the results depend on the settings alone."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Integrate, flood, look for lines, measure.

        Raises `DeepFocusError` for a cube without data or without a beam.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        refuse_few_channels(cube, LEAST_CHANNELS, "flood_fill")
        beam = beam_ellipse(cube)
        integrated = integrate(cube.array)
        snr = in_noises(integrated)
        found = islands(
            snr, detection=self.settings.detection_snr, flooding=self.settings.flooding_snr
        )
        candidates = [
            self.examined(cube, beam, number, island) for number, island in enumerate(found, 1)
        ]
        return Detection(
            catalogue=self.table(candidates, cube),
            snapshots={"islands": _table_of_islands(found, cube)},
            evidence=_panels(integrated, snr, candidates),
        )

    def examined(self, cube: Cube, beam: Ellipse, number: int, island: Island) -> Candidate:
        """An island with its spectrum, its line, and the fit to it."""
        spectrum = spectrum_at(cube, beam, x=island.x, y=island.y)
        line = strongest_line(spectrum, self.settings.widths_chan)
        if line is None or line.snr < self.settings.min_line_snr:
            return Candidate(number, island, spectrum, line, None)
        measured = measure_line(cube, beam, x=island.x, y=island.y, line=line.span)
        return Candidate(number, island, spectrum, line, measured)

    def table(self, candidates: Sequence[Candidate], cube: Cube) -> Catalogue:
        """One row per island."""
        noise = noise_level(cube)
        rows = []
        for each in candidates:
            row = _row_of_island(each.island) | {"id": each.id}
            if each.measured is None:
                reason = f"{REASONS[Flag.NO_LINE]} ({STEP})"
                rows.append(row | {"flag": int(Flag.NO_LINE), "reason": reason})
            else:
                row |= row_of(each.measured, cube, noise_jy_beam=noise)
                rows.append(row | {"snr_focused": each.line.snr if each.line else np.nan})
        return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def in_noises(integrated: np.ndarray) -> np.ndarray:
    """The integrated image minus its median, divided by its noise."""
    finite = integrated[np.isfinite(integrated)]
    sigma = mad_sigma(finite)
    middle = float(np.median(finite)) if finite.size else 0.0
    return (integrated - middle) / (sigma if sigma > 0 else 1.0)


def spectrum_at(cube: Cube, beam: Ellipse, *, x: int, y: int) -> np.ndarray:
    """(chan,) amplitude of a point source at a pixel, Jy/beam; NaN in channels without data."""
    reach = int(np.ceil(max(beam.fwhm_x_px, beam.fwhm_y_px)))
    window = Window(x, y, 2 * reach + 1)
    spectrum = weighted_spectrum(crop(cube.array, window), beam.shifted(x=reach, y=reach))
    return np.where(np.isfinite(cube.data[:, y, x]), spectrum, np.nan)


def _row_of_island(island: Island) -> dict[str, Any]:
    box = Box(
        island.columns.start - 0.5,
        island.columns.stop - 0.5,
        island.rows.start - 0.5,
        island.rows.stop - 0.5,
    )
    return {
        "x": island.x,
        "y": island.y,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
    }


def _table_of_islands(found: Sequence[Island], cube: Cube) -> Catalogue:
    """The islands before the line search."""
    return with_sky_columns(catalogue_of_rows([_row_of_island(each) for each in found]), cube.grid)


def _panels(
    integrated: np.ndarray, snr: np.ndarray, candidates: Sequence[Candidate]
) -> tuple[Panel, ...]:
    """The field, the spectrum of every island, and the line image of every measured line."""
    spectra = [
        SpectrumPanel(each.id, Trace("at the highest pixel", each.spectrum, "Jy/beam"))
        for each in candidates
    ]
    cutouts = [
        CutoutPanel(
            each.id,
            title="summed over its line",
            image=each.measured.image,
            x0=each.measured.window.x0,
            y0=each.measured.window.y0,
            unit=BRIGHTNESS,
        )
        for each in candidates
        if each.measured is not None
    ]
    return (
        ImagePanel("Dirty cube, integrated over frequency", integrated, BRIGHTNESS),
        ImagePanel("Signal-to-noise of the integrated image", snr, "standard deviations"),
        *spectra,
        *cutouts,
    )
