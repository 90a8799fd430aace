"""A source of an image with its line: the spectrum there, the measurement, the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.images.line_of_island import LineOfIsland, strongest_line
from deepfocus.finders.images.maps import Seen
from deepfocus.finders.images.sighting import Sighting
from deepfocus.finders.line_measurement import (
    MeasuredLine,
    box_of,
    measure_line,
    row_of,
    weighted_spectrum,
)
from deepfocus.ops.crop import Window, crop

STEP = "line of the source"
SAME_BEAMS = 0.5
"""Lines of this many beams between them, and half a FWHM in frequency, are one."""


@dataclass(frozen=True)
class LineSearch:
    """How the line of a source in an image is looked for.

    widths_chan : FWHM of the lines
    min_snr : a source whose best line is fainter is rejected
    """

    widths_chan: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    min_snr: float = 5.0

    def __post_init__(self) -> None:
        if not self.widths_chan or min(self.widths_chan) < 1:
            raise DeepFocusError(
                f"lines of {self.widths_chan} channels",
                wanted="at least one width, of 1 channel or more",
                remedy="correct the finder's settings",
            )


class Photometry(Protocol):
    """What a finder of images measures in the image of a line, in place of the fit there."""

    def __call__(self, measured: MeasuredLine, beam: Ellipse, noise: float) -> MeasuredLine:
        """The measurement with its own size and flux.

        noise : standard deviation in the image of the line
        """
        ...


def as_fitted(measured: MeasuredLine, beam: Ellipse, noise: float) -> MeasuredLine:
    """The fit to the line stands."""
    return measured


@dataclass(frozen=True, eq=False)
class Candidate:
    """A sighting, its spectrum, its line if it has one, and the measurement of that line."""

    id: int
    sighting: Sighting
    spectrum: np.ndarray
    line: LineOfIsland | None
    measured: MeasuredLine | None
    repeats: bool = False


def examined(
    number: int, seen: Seen, cube: Cube, beam: Ellipse, search: LineSearch, photometry: Photometry,
    noise: float,
) -> Candidate:  # fmt: skip
    """A sighting with its spectrum, its line, and the measurement of that.

    noise : of a channel of the cube, Jy/beam
    """
    sighting = seen.sighting
    spectrum = spectrum_at(cube, beam, x=round(sighting.x), y=round(sighting.y))
    line = strongest_line(spectrum, search.widths_chan, within=seen.span)
    if line is None or line.snr < search.min_snr:
        return Candidate(number, sighting, spectrum, line, None)
    measured = measure_line(cube, beam, x=sighting.x, y=sighting.y, line=line.span)
    channels = measured.source.span.slice(len(cube.data))
    in_image = noise * float(np.sqrt(channels.stop - channels.start))
    return Candidate(number, sighting, spectrum, line, photometry(measured, beam, in_image))


def spectrum_at(cube: Cube, beam: Ellipse, *, x: int, y: int) -> np.ndarray:
    """(chan,) amplitude of a point source at a pixel, Jy/beam; NaN in channels without data."""
    reach = int(np.ceil(max(beam.fwhm_x_px, beam.fwhm_y_px)))
    window = Window(x, y, 2 * reach + 1)
    spectrum = weighted_spectrum(crop(cube.array, window), beam.shifted(x=reach, y=reach))
    ny, nx = cube.data.shape[1:]
    there = cube.data[:, min(max(y, 0), ny - 1), min(max(x, 0), nx - 1)]
    return np.where(np.isfinite(there), spectrum, np.nan)


def with_repeats(candidates: Sequence[Candidate], beam: Ellipse) -> list[Candidate]:
    """Those whose line an earlier one has, marked: wings of a line are seen in images beside it."""
    reach = SAME_BEAMS * max(beam.fwhm_x_px, beam.fwhm_y_px)
    marked: list[Candidate] = []
    for each in candidates:
        same = any(_same_line(each, other, reach) for other in marked if not other.repeats)
        marked.append(replace(each, repeats=same))
    return marked


def _same_line(one: Candidate, other: Candidate, reach: float) -> bool:
    if one.measured is None or other.measured is None:
        return False
    apart = np.hypot(one.sighting.x - other.sighting.x, one.sighting.y - other.sighting.y)
    first, second = one.measured.source, other.measured.source
    within = max(first.fwhm_chan, second.fwhm_chan) / 2
    return bool(apart <= reach and abs(first.channel - second.channel) <= within)


def row_of_sighting(sighting: Sighting) -> dict[str, Any]:
    """The columns that the image alone fills."""
    box = sighting.box
    return {
        "x": sighting.x,
        "y": sighting.y,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "probability": sighting.probability,
    }


def row_of_candidate(candidate: Candidate, cube: Cube, *, noise: float) -> dict[str, Any]:
    """A row: the place and the size as seen in the image, the line as measured in the cube."""
    row = row_of_sighting(candidate.sighting) | {"id": candidate.id}
    if candidate.measured is None:
        return row | _flagged(Flag.NO_LINE)
    row |= row_of(candidate.measured, cube, noise_jy_beam=noise)
    row |= _as_seen(candidate.sighting)
    row |= {"snr_focused": candidate.line.snr if candidate.line else np.nan}
    return row | _flagged(Flag.DUPLICATE) if candidate.repeats else row


def _as_seen(sighting: Sighting) -> dict[str, Any]:
    """Place and size of the image, and the box of that size; nothing if it measures none."""
    shape = sighting.shape
    if shape is None:
        return {}
    pa = shape.pa
    box = box_of(replace(shape, pa=pa if np.isfinite(pa) else 0.0))
    sizes = {"fwhm_x_px": shape.fwhm_x_px, "fwhm_y_px": shape.fwhm_y_px, "pa": pa}
    return {"x": sighting.x, "y": sighting.y} | sizes | row_of_sighting(replace(sighting, box=box))


def _flagged(flag: Flag) -> dict[str, Any]:
    return {"flag": int(flag), "reason": f"{REASONS[flag]} ({STEP})"}
