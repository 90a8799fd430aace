"""Noise that rises towards the edge, as in an image that was corrected for its primary beam.

Where that beam is not known, the noise tells it: it was the same everywhere before, and was divided
by the beam. Blocks of some beams are too coarse for what rises manyfold within two of them; but a
primary beam is smooth, and a polynomial of few numbers describes its logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polygrid2d, polyvander2d

from deepfocus.core.channels import is_image
from deepfocus.search.noise_map import Sample, WithoutLevels, without_levels
from deepfocus.search.robust import FEWEST, negative_rms

ORDER = 4
"""Of a polynomial in x and y: of a primary beam down to a tenth, what is left is a few percent."""
TERMS = np.add.outer(np.arange(ORDER + 1), np.arange(ORDER + 1)) <= ORDER
"""(power of x, power of y) that it has."""
CELL_BEAMS, SMALLEST_CELL = 2.0, 4
"""Side of the cells that noise is measured on; in samples, at least."""
CELLS_A_NUMBER = 3
"""For each number of the polynomial."""
EXPLAINED = 0.97
"""Share of the variance of log noise between cells, from which on it is a primary beam's."""
LEAST_RISE = 1.5
"""Noise at the edge over that in the middle, below which blocks serve."""
EDGE = 0.95
"""Quantile of the cells, by their noise, that stands for the edge."""
LEAST_RESPONSE = 0.02


def response_of_noise(sample: Sample, *, correlated_px: float) -> np.ndarray | None:
    """(y, x) the least noise over that at each pixel; None where noise does not rise smoothly.

    Sources leave it as it is: the negative half of the values is noise. An image of few channels
    has too few values for that, beside what its sources leave of them.
    """
    if is_image(len(sample.values)):
        return None
    unit = without_levels(sample, correlated_px=correlated_px)
    cells = _cells(unit, max(SMALLEST_CELL, round(CELL_BEAMS * correlated_px / sample.step)))
    if len(cells.log) < CELLS_A_NUMBER * np.count_nonzero(TERMS):
        return None
    rows, columns = unit.values.shape[1:]
    basis = polyvander2d(cells.x / columns, cells.y / rows, [ORDER, ORDER])[:, TERMS.ravel()]
    weight = 1 / cells.error
    numbers, *_ = np.linalg.lstsq(basis * weight[:, None], cells.log * weight, rcond=None)
    fitted = basis @ numbers
    if not _is_a_beam(cells, fitted):
        return None
    polynomial = np.zeros(TERMS.shape)
    polynomial[TERMS] = numbers
    y, x = (np.arange(n) / sample.step for n in sample.shape)
    rise = polygrid2d(x / columns, y / rows, polynomial).T - fitted.min()
    response: np.ndarray = np.clip(np.exp(-rise), LEAST_RESPONSE, 1.0)
    return response.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Cells:
    """x, y : (cell,) middles of what is covered, samples; log : of their noise; error : of that."""

    x: np.ndarray
    y: np.ndarray
    log: np.ndarray
    error: np.ndarray


def _cells(unit: WithoutLevels, side: int) -> _Cells:
    _, rows, columns = unit.values.shape
    measured = []
    for y in range(0, rows, side):
        for x in range(0, columns, side):
            values = unit.values[:, y : y + side, x : x + side]
            covered = np.isfinite(values).sum(axis=0)
            n, level = int(covered.sum()), negative_rms(values)
            if n > 2 * FEWEST and level > 0:
                at_y, at_x = (covered * np.indices(covered.shape)).sum(axis=(1, 2)) / n
                measured.append((x + at_x, y + at_y, np.log(level), np.sqrt(unit.together / n)))
    return _Cells(*np.reshape(measured, (-1, 4)).T)


def _is_a_beam(cells: _Cells, fitted: np.ndarray) -> bool:
    """Whether a polynomial explains what differs between cells, and that is much."""
    weight = 1 / cells.error**2
    left = np.average((cells.log - fitted) ** 2 - cells.error**2, weights=weight)
    mean = np.average(cells.log, weights=weight)
    scatter = np.average((cells.log - mean) ** 2, weights=weight)
    rise = np.quantile(fitted, EDGE) - fitted.min()
    return bool(left <= (1 - EXPLAINED) * scatter and rise >= np.log(LEAST_RISE))
