"""Normalisations of network inputs. Each returns the scale it removed, so that flux is kept.

Each is a frozen dataclass that is called with an array and returns `Scaled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.ops.snr import mad_sigma


@dataclass(frozen=True, eq=False)
class Scaled:
    """Normalised `values` (float32, no NaN); the input was `offset` plus `scale` times a
    function of them (the identity for all but `AsinhNoise`)."""

    values: np.ndarray
    offset: float
    scale: float


def _filled(values: np.ndarray) -> np.ndarray:
    filled: np.ndarray = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return filled.astype(np.float32)


@dataclass(frozen=True)
class MinMax:
    """Scale minimum and maximum to [0, 1], as the paper does; missing pixels become 0."""

    kind: ClassVar[str] = "min_max"

    def __call__(self, array: np.ndarray) -> Scaled:
        finite = array[np.isfinite(array)]
        if finite.size == 0:
            return Scaled(np.zeros(array.shape, np.float32), 0.0, 1.0)
        low, span = float(finite.min()), float(finite.max()) - float(finite.min())
        scale = span if span > 0 else 1.0
        return Scaled(_filled((array - low) / scale), low, scale)


@dataclass(frozen=True)
class AsinhNoise:
    """arcsinh((x - median) / (softening * sigma)) / 5, sigma from the MAD of finite pixels.

    Faint signal stays linear in units of the noise and bright sources are compressed. One bright
    source therefore does not suppress the others, as it does with min-max. Missing pixels become
    0, the level of empty sky.
    """

    kind: ClassVar[str] = "asinh_noise"

    softening: float = 3.0

    def __call__(self, array: np.ndarray) -> Scaled:
        finite = array[np.isfinite(array)]
        offset = float(np.median(finite)) if finite.size else 0.0
        sigma = mad_sigma(finite)
        if sigma <= 0 and finite.size:
            sigma = float(finite.std())  # noise-free image with mostly empty sky
        scale = self.softening * sigma if sigma > 0 else 1.0
        return Scaled(_filled(np.arcsinh((array - offset) / scale) / 5), offset, scale)


@dataclass(frozen=True)
class Peak:
    """Divide by the highest value in the central `core_px` x `core_px` pixels; no offset.

    The source is in the centre, so a brighter neighbour does not set the scale. The scale is 1
    if the core has no positive pixel.
    """

    kind: ClassVar[str] = "peak"

    core_px: int = 16

    def __call__(self, array: np.ndarray) -> Scaled:
        ny, nx = array.shape[-2:]
        half = self.core_px // 2
        y, x = ny // 2, nx // 2
        core = array[..., max(y - half, 0) : y + half, max(x - half, 0) : x + half]
        core = core[np.isfinite(core)]
        scale = float(core.max()) if core.size and core.max() > 0 else 1.0
        return Scaled(_filled(array / scale), 0.0, scale)


@dataclass(frozen=True)
class Standardise:
    """Zero mean and unit standard deviation of the finite values; missing ones become 0."""

    kind: ClassVar[str] = "standardise"

    def __call__(self, array: np.ndarray) -> Scaled:
        finite = array[np.isfinite(array)].astype(np.float64)
        mean = float(finite.mean()) if finite.size else 0.0
        std = float(finite.std()) if finite.size else 0.0
        scale = std if std > 0 else 1.0
        return Scaled(_filled((array - mean) / scale), mean, scale)


Normalisation = MinMax | AsinhNoise | Peak | Standardise
"""A network's card states one of these as part of its input."""
