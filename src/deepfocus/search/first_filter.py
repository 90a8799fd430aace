"""The smallest filter on the sky, which sees a point: the pixel itself, or the dirty beam.

A point source is the dirty beam. Where the beam correlates the noise just so, the pixel at its peak
holds all that is known of it; where noise is white, the sum weighted with the beam does. Between
the two are the weights that visibilities had: with those of Briggs the noise of an image is nearer
to white than its beam, and the pixel alone sees 0.9 (robust 0.5) to 0.5 (uniform) of a point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from scipy.fft import fft, irfft2, next_fast_len, rfft, rfft2

from deepfocus.core.noise import Power, White, known_autocorrelation
from deepfocus.forward.best_filter import best_filter
from deepfocus.forward.uv_plane import UvPlane, ending, middle, taper
from deepfocus.ops.circular import circular

WINDOW_BEAMS = 4.0
"""Radius of what is used of a dirty beam, FWHM: sidelobes beyond belong to other sources too."""
SMOOTH_BEAMS = 2.0
"""Lag, FWHM of the beam, to which noise's correlation makes a filter: farther ones tell of single
baselines, which CLEAN fills for what it finds, and not for faint sources, which it does not."""
LEAST_GAIN = 1.035
"""Of a point's signal-to-noise over the pixel alone. Natural weights give 0.9 to 1.03, those of
Briggs 1.03 to 1.08 at robust 0.5 and 1.3 to 1.4 at -0.5."""


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

    @property
    def noise(self) -> np.ndarray | None:
        """(odd, odd) autocorrelation of the noise that it weighs against the beam; or None."""
        ...

    def of(self, plane: np.ndarray) -> np.ndarray:
        """(rows, columns) of an image (y, x)."""
        ...


@dataclass(frozen=True)
class PixelItself:
    """For noise that the beam correlates."""

    step: int

    noise: ClassVar[None] = None

    @property
    def kernel(self) -> np.ndarray:
        """One pixel."""
        return np.ones((1, 1), np.float32)

    def of(self, plane: np.ndarray) -> np.ndarray:
        """The pixels at the nodes."""
        return plane[:: self.step, :: self.step]


@dataclass(frozen=True, eq=False)
class KernelFilter:
    """A weighted sum.

    kernel : (odd, odd), symmetric; shape : (y, x) of the images
    noise : (odd, odd) its autocorrelation, where the kernel was made for it
    """

    step: int
    kernel: np.ndarray
    shape: tuple[int, int]
    noise: np.ndarray | None = None

    def of(self, plane: np.ndarray) -> np.ndarray:
        """Correlation with the kernel at the nodes."""
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


def first_filter(
    beam: np.ndarray, power: Power, *, beam_px: float, step: int, shape: tuple[int, int]
) -> FirstFilter:
    """The filter for a dirty beam (py, px) of that FWHM, its peak at [py // 2, px // 2].

    power : of the noise; shape : (y, x) of the images
    """
    reach = min(int(WINDOW_BEAMS * beam_px), *((n - 1) // 2 for n in beam.shape))
    inner = middle(beam, reach)
    if isinstance(power, White):
        kernel = ending(inner, WINDOW_BEAMS * beam_px)
        return KernelFilter(step, kernel.astype(np.float32), shape)
    known = known_autocorrelation(power)
    if known is None:
        return PixelItself(step)
    noise = middle(known, reach)
    kernel, gain = _weighing(inner, noise, beam_px)
    if gain < LEAST_GAIN:
        return PixelItself(step)
    return KernelFilter(step, kernel.astype(np.float32), shape, noise)


def _weighing(beam: np.ndarray, noise: np.ndarray, beam_px: float) -> tuple[np.ndarray, float]:
    """The best filter, as wide as the beam (odd, odd), and what it sees of a point over the pixel.

    beam, noise : (odd, odd) dirty beam and autocorrelation of the noise
    """
    reach = len(beam) // 2
    plane = UvPlane(next_fast_len(4 * reach + 1, real=True))
    seen = plane.transform(beam)
    smooth, power = (
        np.maximum(plane.transform(ending(noise, beams * beam_px)), 0.0)
        for beams in (SMOOTH_BEAMS, WINDOW_BEAMS)
    )
    passed = best_filter(plane, seen, smooth, beam_px=beam_px) * taper(plane, beam)
    best = plane.kernel(passed, reach)
    kernel = ending(best, WINDOW_BEAMS * beam_px)
    counts = plane.counts()

    def snr_of_a_point(through: np.ndarray) -> float:
        """Up to a factor."""
        signal, noise = np.sum(counts * through * seen), np.sum(counts * through**2 * power)
        return float(signal / np.sqrt(noise))

    gain = snr_of_a_point(plane.transform(kernel)) / snr_of_a_point(np.ones_like(power))
    return kernel / kernel.max(), gain
