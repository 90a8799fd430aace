"""Visibility weights: natural, uniform and Briggs weighting, per channel as in CASA, each with an
optional taper; and the dirty beam of weighted samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import finufft
import numpy as np


class Weighting(Protocol):
    """Turns uv samples into weights."""

    def __call__(
        self,
        u_cells: np.ndarray,
        v_cells: np.ndarray,
        size: int,
        visibility_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Weights of samples whose u, v are in cells of a uv grid of `size` cells a side.

        visibility_weights : (row,) weight of each sample from its own noise, 1 / sigma^2; they
            multiply the result and replace counts in the density. If not given, 1 each
        """
        ...


@dataclass(frozen=True)
class Natural:
    """Every sample counts the same: best sensitivity."""

    def __call__(
        self,
        u_cells: np.ndarray,
        v_cells: np.ndarray,
        size: int,
        visibility_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        return np.ones(len(u_cells)) if visibility_weights is None else visibility_weights


@dataclass(frozen=True)
class Uniform:
    """w = w_vis / rho: every filled uv cell counts the same, the narrowest beam."""

    def __call__(
        self,
        u_cells: np.ndarray,
        v_cells: np.ndarray,
        size: int,
        visibility_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        density, row, column = _density(u_cells, v_cells, size, visibility_weights)
        own = 1.0 if visibility_weights is None else visibility_weights
        weights: np.ndarray = own / density[row, column]
        return weights


@dataclass(frozen=True)
class Briggs:
    """w = w_vis / (1 + f^2 rho), f^2 = (5 * 10^-robust)^2 / (sum rho^2 / sum rho).

    rho is the density in the nearest uv cell: the summed w_vis of samples and their conjugates,
    which is their number if every w_vis is 1.
    """

    robust: float = 0.5

    def __call__(
        self,
        u_cells: np.ndarray,
        v_cells: np.ndarray,
        size: int,
        visibility_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        density, row, column = _density(u_cells, v_cells, size, visibility_weights)
        squared = (5 * 10.0**-self.robust) ** 2 / (np.sum(density**2) / np.sum(density))
        own = 1.0 if visibility_weights is None else visibility_weights
        weights: np.ndarray = own / (1.0 + squared * density[row, column])
        return weights


@dataclass(frozen=True)
class Tapered:
    """Another weighting times a uv-plane Gaussian that falls to half at `half_width_cells`."""

    base: Weighting
    half_width_cells: float

    def __call__(
        self,
        u_cells: np.ndarray,
        v_cells: np.ndarray,
        size: int,
        visibility_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        radius_squared = (u_cells**2 + v_cells**2) / self.half_width_cells**2
        base = self.base(u_cells, v_cells, size, visibility_weights)
        tapered: np.ndarray = base * np.exp(-np.log(2) * radius_squared)
        return tapered


def _density(
    u_cells: np.ndarray, v_cells: np.ndarray, size: int, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Summed weight of samples and conjugates per uv cell, and each sample's row and column."""
    column = np.rint(u_cells).astype(int) + size // 2
    row = np.rint(v_cells).astype(int) + size // 2
    half = 2 * (size // 2)
    density = np.zeros((half + 1, half + 1))
    np.add.at(density, (row, column), 1.0 if weights is None else weights)
    density += density[::-1, ::-1]  # the conjugate samples at (-u, -v)
    return density, row, column


def beam_image(uv_cycles: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """sum w cos(2 pi (u l + v m)) / sum w, (size, size), peak 1 at [size // 2, size // 2].

    uv_cycles : (row, 2) in cycles per pixel; l = -x: right ascension grows to the left
    """
    image = finufft.nufft2d1(
        2 * np.pi * uv_cycles[:, 1],
        -2 * np.pi * uv_cycles[:, 0],
        weights.astype(complex),
        (size, size),
        eps=1e-7,
        isign=1,
        nthreads=1,
    )
    beam: np.ndarray = image.real / weights.sum()
    return beam
