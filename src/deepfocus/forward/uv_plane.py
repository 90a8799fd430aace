"""Kernels on the sky and their transforms, on a circular grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, rfft2

from deepfocus.ops.circular import centred, circular

TAPER_EDGE, TAPER_POWER = 1.08, 16
"""The taper of the uv plane falls at 1.08 times its outer edge: a hard edge would ring."""
COVERED = 0.998
"""Share of the beam's power within the outer edge of the uv coverage."""


@dataclass(frozen=True)
class UvPlane:
    """Transforms of kernels, centred on their arrays, on a circular grid of `side` pixels."""

    side: int

    def transform(self, kernel: np.ndarray) -> np.ndarray:
        transform: np.ndarray = rfft2(circular(kernel, (self.side, self.side))).real
        return transform

    def kernel(self, transform: np.ndarray, reach: int) -> np.ndarray:
        return centred(irfft2(transform, (self.side, self.side)), reach)

    def counts(self) -> np.ndarray:
        """Cells of the whole plane that each stands for: two, its conjugate's too, but at u = 0."""
        counts = np.full((self.side, self.side // 2 + 1), 2.0)
        counts[:, 0] = 1.0
        return counts

    def frequency(self) -> np.ndarray:
        """Cycles per pixel of every cell."""
        v, u = np.fft.fftfreq(self.side), np.fft.rfftfreq(self.side)
        frequency: np.ndarray = np.hypot(v[:, None], u[None, :])
        return frequency


def taper(plane: UvPlane, lags: np.ndarray) -> np.ndarray:
    """1 in the uv coverage, falling smoothly beyond its outer edge."""
    smooth = plane.transform(ending(lags, len(lags) // 2))
    frequency = plane.frequency()
    order = np.argsort(frequency, axis=None)
    # a beam that is known to a finite lag has power of both signs everywhere, which cancels
    share = np.cumsum((smooth * plane.counts()).ravel()[order])
    edge = frequency.ravel()[order[np.argmax(share > COVERED * share[-1])]]
    falling: np.ndarray = 1 / (1 + (frequency / (TAPER_EDGE * edge)) ** TAPER_POWER)
    return falling


def ending(kernel: np.ndarray, ends: float) -> np.ndarray:
    """A kernel times (1 - (r / ends)^4)^2, 0 beyond."""
    lags = np.arange(len(kernel)) - len(kernel) // 2
    squared = (lags[:, None] ** 2 + lags[None, :] ** 2) / ends**2
    return kernel * np.clip(1 - squared**2, 0.0, None) ** 2


def fading(exact: int, reach: int) -> np.ndarray:
    """1 at lags up to `exact` along each axis, falling to 0 just beyond `reach`."""
    beyond = np.clip(np.abs(np.arange(-reach, reach + 1)) - exact, 0, None) / (reach + 1 - exact)
    along: np.ndarray = np.cos(np.pi / 2 * beyond) ** 2
    both: np.ndarray = np.outer(along, along)
    return both


def middle(image: np.ndarray, reach: int) -> np.ndarray:
    """Lags of -reach to reach about the pixel [ny // 2, nx // 2]; 0 beyond the image."""
    inner = np.zeros((2 * reach + 1, 2 * reach + 1))
    held = [min(reach, (n - 1) // 2) for n in image.shape]
    inside = tuple(slice(reach - h, reach + h + 1) for h in held)
    centres = [n // 2 for n in image.shape]
    of_image = tuple(slice(c - h, c + h + 1) for c, h in zip(centres, held, strict=True))
    inner[inside] = image[of_image]
    return inner
