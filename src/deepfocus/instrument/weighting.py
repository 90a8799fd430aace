"""Visibility weights: natural, and Briggs' robust weighting, per channel as in CASA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Weighting(Protocol):
    """Turns uv samples into weights."""

    def __call__(self, u_cells: np.ndarray, v_cells: np.ndarray, size: int) -> np.ndarray:
        """Weights of samples whose u, v are in cells of a uv grid of `size` cells a side."""
        ...


@dataclass(frozen=True)
class Natural:
    """Every sample counts the same: best sensitivity."""

    def __call__(self, u_cells: np.ndarray, v_cells: np.ndarray, size: int) -> np.ndarray:
        return np.ones(len(u_cells))


@dataclass(frozen=True)
class Briggs:
    """w = 1 / (1 + f^2 rho), f^2 = (5 * 10^-robust)^2 / (sum rho^2 / sum rho).

    rho is the density of samples and their conjugates in the nearest uv cell.
    """

    robust: float = 0.5

    def __call__(self, u_cells: np.ndarray, v_cells: np.ndarray, size: int) -> np.ndarray:
        column = np.rint(u_cells).astype(int) + size // 2
        row = np.rint(v_cells).astype(int) + size // 2
        half = 2 * (size // 2)
        density = np.zeros((half + 1, half + 1))
        np.add.at(density, (row, column), 1.0)
        density += density[::-1, ::-1]  # the conjugate samples at (-u, -v)
        squared = (5 * 10.0**-self.robust) ** 2 / (np.sum(density**2) / np.sum(density))
        return 1.0 / (1.0 + squared * density[row, column])
