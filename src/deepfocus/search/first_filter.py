"""The smallest filter on the sky, which sees a point: the pixel itself, or the dirty beam.

A point source is the dirty beam. Where the beam correlates the noise just so, the pixel at its peak
holds all that is known of it; where noise is white, the sum weighted with the beam does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.fft import fft, irfft2, next_fast_len, rfft, rfft2

from deepfocus.ops.circular import circular

WINDOW_BEAMS = 4.0
"""Radius of what is used of a dirty beam, FWHM: sidelobes beyond belong to other sources too."""


class FirstFilter(Protocol):
    """A filter on the sky, evaluated at every `step`-th pixel."""

    @property
    def step(self) -> int:
        """Pixels between nodes."""
        ...

    @property
    def kernel(self) -> np.ndarray:
        """(odd, odd) its weights."""
        ...

    def of(self, plane: np.ndarray) -> np.ndarray:
        """(rows, columns) of an image (y, x)."""
        ...


@dataclass(frozen=True)
class PixelItself:
    """For noise that the beam correlates."""

    step: int

    @property
    def kernel(self) -> np.ndarray:
        """One pixel."""
        return np.ones((1, 1), np.float32)

    def of(self, plane: np.ndarray) -> np.ndarray:
        """The pixels at the nodes."""
        return plane[:: self.step, :: self.step]


@dataclass(frozen=True, eq=False)
class BeamFilter:
    """For white noise. kernel : (odd, odd) dirty beam, windowed; shape : (y, x) of the images."""

    step: int
    kernel: np.ndarray
    shape: tuple[int, int]

    def of(self, plane: np.ndarray) -> np.ndarray:
        """Correlation with the beam, which is symmetric, at the nodes."""
        rows, columns = (n // self.step for n in self._padded)
        along_x = rfft(plane, self._padded[1], axis=1)[:, : columns // 2 + 1]
        spectrum = _low(fft(along_x, self._padded[0], axis=0), rows) * self._transfer
        sampled = irfft2(spectrum, (rows, columns)) / self.step**2
        ny, nx = (-(-n // self.step) for n in self.shape)
        nodes: np.ndarray = sampled[:ny, :nx]
        return nodes

    @cached_property
    def _padded(self) -> tuple[int, int]:
        reach, step = len(self.kernel) // 2, self.step
        rows, columns = (
            2 * step * next_fast_len(-(-(n + reach) // (2 * step)), real=True) for n in self.shape
        )
        return rows, columns

    @cached_property
    def _transfer(self) -> np.ndarray:
        """Of the frequencies that the nodes sample."""
        rows, columns = (n // self.step for n in self._padded)
        transfer = rfft2(circular(self.kernel, self._padded)).real.astype(np.float32)
        return _low(transfer[:, : columns // 2 + 1], rows)


def _low(spectrum: np.ndarray, rows: int) -> np.ndarray:
    """(rows, columns) the rows of the lowest frequencies."""
    return np.concatenate([spectrum[: rows // 2], spectrum[-(rows - rows // 2) :]])


def beam_filter(
    beam: np.ndarray, *, beam_px: float, step: int, shape: tuple[int, int]
) -> BeamFilter:
    """The filter from a dirty beam (py, px) of that FWHM, its peak at [py // 2, px // 2]."""
    reach = min(int(WINDOW_BEAMS * beam_px), *((n - 1) // 2 for n in beam.shape))
    py, px = (n // 2 for n in beam.shape)
    inner = beam[py - reach : py + reach + 1, px - reach : px + reach + 1]
    lags = np.arange(-reach, reach + 1)
    radius = np.hypot(lags[:, None], lags[None]) / (WINDOW_BEAMS * beam_px)
    window = np.maximum(1 - radius**4, 0.0) ** 2
    return BeamFilter(step, (inner * window).astype(np.float32), shape)
