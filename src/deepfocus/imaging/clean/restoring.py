"""The restoring beam: a Gaussian fitted to the main lobe of the dirty beam, on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.cube import Beam
from deepfocus.core.grid import Grid
from deepfocus.core.mapped_ellipses import mapped
from deepfocus.core.orientation import is_upright, plane_at
from deepfocus.imaging.clean.lag_beam import DirtyBeams
from deepfocus.ops.fitted_beam import fit_beam


@dataclass(frozen=True)
class Common:
    """One for all channels: the largest of the fitted ones, which encloses the others."""

    kind: ClassVar[str] = "common"

    def beams(self, dirty: DirtyBeams, grid: Grid) -> tuple[Beam, ...]:
        """(chan,) the restoring beams."""
        common = enclosing([fitted_on_sky(plane, grid) for plane in dirty.nodes])
        return (common,) * len(grid.freq_hz)


@dataclass(frozen=True)
class PerChannel:
    """One for each channel, as tclean does unless asked for a common one."""

    kind: ClassVar[str] = "per_channel"

    def beams(self, dirty: DirtyBeams, grid: Grid) -> tuple[Beam, ...]:
        """(chan,) the restoring beams."""
        channels = range(len(grid.freq_hz))
        return tuple(fitted_on_sky(dirty.of(channel).lags, grid) for channel in channels)


AnyRestoring = Common | PerChannel
"""The kinds that settings can name."""


def fitted_on_sky(plane: np.ndarray, grid: Grid) -> Beam:
    """Of a dirty beam (y, x) with its peak at [ny // 2, nx // 2]."""
    (y, x), radius = (n // 2 for n in plane.shape), min(n // 2 for n in plane.shape)
    square = plane[y - radius : y + radius, x - radius : x + radius]
    fitted = fit_beam(square, grid.cell_arcsec)
    if grid.square_cells and is_upright(grid):
        return fitted
    middle = plane_at(grid, x=(grid.nx - 1) / 2, y=(grid.ny - 1) / 2)
    # along the axis with an angle in [0, 90), and along the other
    first = fitted.pa_deg % 180.0 < 90.0
    sizes = (fitted.major_arcsec, fitted.minor_arcsec)
    one, other, pa = mapped(middle, *(sizes if first else sizes[::-1]), fitted.pa_deg)
    major, minor = max(float(one), float(other)), min(float(one), float(other))
    return Beam(major, minor, float(pa))


def enclosing(beams: list[Beam]) -> Beam:
    """The beam of the largest area, widened evenly where another reaches beyond it."""
    largest = max(beams, key=lambda beam: beam.major_arcsec * beam.minor_arcsec)
    inverse = np.linalg.inv(_moments(largest))
    # where the other's ellipse lies inside, the ratio of moments is at most 1 in every direction
    ratios = [np.linalg.eigvals(inverse @ _moments(beam)).real.max() for beam in beams]
    widened = float(np.sqrt(max(1.0, *ratios)))
    return Beam(largest.major_arcsec * widened, largest.minor_arcsec * widened, largest.pa_deg)


def _moments(beam: Beam) -> np.ndarray:
    """(2, 2) second moments, with FWHMs in the place of standard deviations; north, east."""
    angle = np.deg2rad(beam.pa_deg)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moments: np.ndarray = axes * [beam.major_arcsec**2, beam.minor_arcsec**2] @ axes.T
    return moments
