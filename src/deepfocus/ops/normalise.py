"""Normalisations of network inputs. The scale removed is handed on, so that flux survives.

Each is a frozen dataclass that is called with an array and returns `Scaled`. A weight card
names its normalisation as ``{"kind": "asinh_noise", "softening": 3.0}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.ops.snr import mad_sigma


@dataclass(frozen=True, eq=False)
class Scaled:
    """Normalised `values` (float32, no NaN); the input was `offset` plus `scale` times a
    function of them (the identity for all but `AsinhNoise`)."""

    values: np.ndarray
    offset: float
    scale: float


Normalisation = Callable[[np.ndarray], Scaled]


def _filled(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)


@dataclass(frozen=True)
class MinMax:
    """To [0, 1] by the least and greatest value, as the paper does; missing pixels become 0."""

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

    Faint signal is linear in units of the noise and bright sources are compressed, so one
    bright source does not push the others out of reach as min-max does. Missing pixels
    become 0, the level of empty sky.
    """

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
    """Divided by the highest value in the central `core_px` pixels squared; no offset.

    The source is in the centre, so a brighter neighbour does not set the scale. Scale 1 where
    the core has no positive pixel.
    """

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

    def __call__(self, array: np.ndarray) -> Scaled:
        finite = array[np.isfinite(array)].astype(np.float64)
        mean = float(finite.mean()) if finite.size else 0.0
        std = float(finite.std()) if finite.size else 0.0
        scale = std if std > 0 else 1.0
        return Scaled(_filled((array - mean) / scale), mean, scale)


KINDS: dict[str, Any] = {
    "min_max": MinMax,
    "asinh_noise": AsinhNoise,
    "peak": Peak,
    "standardise": Standardise,
}


def normalisation_from(table: Mapping[str, Any]) -> Normalisation:
    """The callable that a weight card's table names. Raises `DeepFocusError` if unknown."""
    options = dict(table)
    kind = options.pop("kind", None)
    try:
        made: Normalisation = KINDS[str(kind)](**options)
    except (KeyError, TypeError) as error:
        raise DeepFocusError(
            f"a weight card has the normalisation {dict(table)}",
            wanted=f"kind one of {', '.join(KINDS)} with its own options",
            remedy="use weights made with this version",
        ) from error
    return made


def normalisation_to(normalisation: Any) -> dict[str, Any]:
    """The table of a weight card for this callable."""
    for kind, cls in KINDS.items():
        if type(normalisation) is cls:
            return {"kind": kind, **asdict(normalisation)}
    raise TypeError(f"{normalisation!r} is not a normalisation of this module")
