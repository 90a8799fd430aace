"""Subtract the continuum from every pixel's spectrum: a straight line, with emission lines clipped.

Or nothing, where it has been subtracted from the visibilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

BLOCK_BYTES = 32 * 2**20
ROUNDS = 3


class Subtraction(Protocol):
    """How the continuum leaves a cube."""

    def subtracted(self, data: np.ndarray) -> np.ndarray:
        """(chan, y, x) float32 without continuum; NaN stays NaN."""
        ...


@dataclass(frozen=True)
class AsItIs:
    """The cube has no continuum: it was subtracted before."""

    kind: ClassVar[str] = "as_it_is"

    def subtracted(self, data: np.ndarray) -> np.ndarray:
        """The same values."""
        return np.asarray(data, np.float32)


@dataclass(frozen=True)
class ClippedLine:
    """A straight line fitted to each spectrum, then refitted without the channels far from it.

    clip_sigma : channels further than this many standard deviations from the line are left out
    """

    kind: ClassVar[str] = "clipped_line"

    clip_sigma: float = 3.0

    def subtracted(self, data: np.ndarray) -> np.ndarray:
        """(chan, y, x) float32 without continuum; NaN stays NaN. Works on a few rows at a time."""
        channels, ny, nx = data.shape
        out = np.empty(data.shape, np.float32)
        rows = max(1, BLOCK_BYTES // (4 * channels * nx))
        for y in range(0, ny, rows):
            block = data[:, y : y + rows].reshape(channels, -1)
            out[:, y : y + rows] = (block - self.fitted(block)).reshape(channels, -1, nx)
        return out

    def fitted(self, spectra: np.ndarray) -> np.ndarray:
        """(chan, pixel) straight lines fitted to spectra (chan, pixel)."""
        channel = np.linspace(-1.0, 1.0, len(spectra), dtype=np.float32)[:, None]
        good = np.isfinite(spectra)
        filled = np.where(good, spectra, np.float32(0))
        used = good
        fit = np.zeros_like(filled)
        for _ in range(ROUNDS):
            fit = _line_through(filled, used, channel)
            residual = filled - fit
            count = np.maximum(used.sum(axis=0), 1)
            sigma = np.sqrt(np.sum(np.square(residual) * used, axis=0) / count)
            kept = good & (np.abs(residual) <= self.clip_sigma * sigma)
            enough = kept.sum(axis=0) >= 4
            used = np.where(enough, kept, used)
        return fit


def _line_through(values: np.ndarray, used: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """(chan, pixel) least-squares line through the used values of every spectrum."""
    weight = used.astype(np.float32)
    n = np.maximum(weight.sum(axis=0), 1)
    mean_t = (weight * channel).sum(axis=0) / n
    mean_v = (weight * values).sum(axis=0) / n
    centred = channel - mean_t
    spread = (weight * centred**2).sum(axis=0)
    slope = (weight * centred * values).sum(axis=0) / np.where(spread > 0, spread, 1)
    line: np.ndarray = mean_v + slope * centred
    return line
