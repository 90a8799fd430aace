"""How many peaks of noise alone to expect above a signal-to-noise ratio, in all filters of a bank.

Peaks are maxima on a lattice of channel, y, x, width and size. In a stationary Gaussian lattice
the chance that both neighbours along an axis are lower, given the value, follows from the lag-1
correlation along it (Taylor, Worsley and Gosselin 2007); the axes are taken as independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

LOWEST, HIGHEST, STEPS = 3.0, 12.0, 901


@dataclass(frozen=True, eq=False)
class BankStatistics:
    """What the expectation needs of a bank of filters.

    lattice : (chan, y, x) voxels searched
    neighbours : (size, width, 3) lag-1 correlation along channel, y and x
    next_width : (size, width - 1), next_size : (size - 1, width) correlation of adjacent filters
    """

    lattice: tuple[int, int, int]
    neighbours: np.ndarray
    next_width: np.ndarray
    next_size: np.ndarray


@dataclass(frozen=True, eq=False)
class FalseAlarms:
    """E(u), the number of false peaks expected above u, tabulated."""

    snr: np.ndarray
    expected: np.ndarray

    def above(self, snr: np.ndarray | float) -> np.ndarray:
        """Number of false peaks expected above these signal-to-noise ratios."""
        logarithm = np.log(np.maximum(self.expected, 1e-300))
        above: np.ndarray = np.exp(np.interp(snr, self.snr, logarithm))
        return above

    def probability(self, snr: np.ndarray | float) -> np.ndarray:
        """Probability of at least one false peak as high in the whole search: 1 - exp(-E)."""
        probability: np.ndarray = -np.expm1(-self.above(snr))
        return probability

    def threshold(self, expected: float) -> float:
        """The signal-to-noise ratio above which that many false peaks are expected."""
        falling = -np.log(np.maximum(self.expected, 1e-300))
        return float(np.interp(-np.log(expected), falling, self.snr))


def false_alarms(statistics: BankStatistics) -> FalseAlarms:
    """The expectation summed over all filters of a bank."""
    z = np.linspace(LOWEST, HIGHEST, STEPS)
    density = np.zeros_like(z)
    sizes, widths = statistics.neighbours.shape[:2]
    for size in range(sizes):
        for width in range(widths):
            each = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
            along = zip(statistics.lattice, statistics.neighbours[size, width], strict=True)
            for n, correlation in along:
                both, one = _lower_neighbours(float(correlation), z)
                each = each * ((n - 2) * both + 2 * one if n > 1 else 1.0)
            for row, at in (
                (statistics.next_width[size], width),
                (statistics.next_size[:, width], size),
            ):
                each = each * _between_filters(row, at, z)
            density += each
    expected = np.cumsum(density[::-1])[::-1] * (z[1] - z[0])
    return FalseAlarms(z, expected)


def _between_filters(correlations: np.ndarray, at: int, z: np.ndarray) -> np.ndarray:
    """The chance that a filter's adjacent ones are lower; one of them at the end of the bank."""
    beside = [correlations[i] for i in (at - 1, at) if 0 <= i < len(correlations)]
    if not beside:
        return np.ones_like(z)
    both, one = _lower_neighbours(float(np.mean(beside)), z)
    return both if len(beside) == 2 else one


def _lower_neighbours(correlation: float, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q(rho, z), the chance that both neighbours are lower than z, and that of one neighbour."""
    rho = round(min(max(correlation, 0.0), 0.9999), 4)
    h = np.sqrt((1 - rho) / (1 + rho))
    alpha = np.arcsin(np.sqrt((1 - rho**2) / 2))
    angles = (np.arange(64) + 0.5) / 64 * alpha
    integrand = np.exp(-0.5 * (h * z[:, None]) ** 2 / np.sin(angles) ** 2)
    both = 1 - 2 * ndtr(-h * z) + integrand.mean(axis=1) * alpha / np.pi
    return np.maximum(both, 0.0), ndtr(h * z)
