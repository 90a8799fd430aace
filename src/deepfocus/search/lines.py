"""Filters along the spectrum, normalised to unit noise, and the highest of them in every voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.search.banded import Banded, Block, doubled, gaussians
from deepfocus.search.bank import Bank
from deepfocus.search.continuum import Projection

LEAST_LEFT = 0.05
"""Of a filter's noise that a projection leaves: below, the filter looks like continuum."""
LEAST_NOISE = 0.1
"""Of the variance that independent channels leave in a sum over the band."""
VALUES_AT_ONCE = 1 << 17
"""In a block of columns, so that it stays in the cache."""


@dataclass(frozen=True, eq=False)
class LineFilters:
    """The widths of a bank for one field: rows (row, chan) for each width.

    plain : for spectra as they are; projected : for spectra without their continuum
    """

    plain: tuple[Banded, ...]
    projected: tuple[Banded, ...]

    def over(self, noise: Sequence[float]) -> LineFilters:
        """The same, for fields whose noise after each width is that much higher."""
        return LineFilters(
            *(
                tuple(_scaled(each, 1 / level) for each, level in zip(rows, noise, strict=True))
                for rows in (self.plain, self.projected)
            )
        )


def line_filters(
    bank: Bank, sigma: np.ndarray, correlation: np.ndarray, projection: Projection
) -> LineFilters:
    """Filters whose output has unit noise.

    sigma : (chan,) noise, infinite without data; correlation : (lags,) of the noise, 1 at lag 0
    """
    weight = _weight(sigma)
    plain, projected = [], []
    for width, step in zip(bank.widths_chan, bank.steps_chan, strict=True):
        rows = gaussians(len(sigma), width, step).changed(
            lambda block: block.matrix * weight[block.low : block.high]
        )
        variance = _variance(rows, correlation)
        left = variance - projection.hidden(rows, correlation)
        told = left > LEAST_LEFT * variance
        plain.append(_normalised(rows, np.where(variance > 0, variance, np.inf)))
        projected.append(_normalised(rows, np.where(told, left, np.inf)))
    return LineFilters(tuple(plain), tuple(projected))


def band_weight(sigma: np.ndarray) -> np.ndarray:
    """(chan,) the filter for continuum: the whole band, each channel as its noise allows."""
    return _weight(sigma)


def band_noise(weight: np.ndarray, correlation: np.ndarray) -> float:
    """Standard deviation of noise with that correlation of channels, (lags,), after it."""
    variance = float(weight @ weight)
    for lag, value in enumerate(correlation[1:], start=1):
        variance += 2 * float(value) * float(weight[lag:] @ weight[:-lag])
    # measured in few channels, a correlation may leave less than nothing
    return float(np.sqrt(max(variance, LEAST_NOISE * float(weight @ weight))))


def highest(spectra: np.ndarray, rows: Sequence[Banded]) -> np.ndarray:
    """(chan, n) the highest of all filters for spectra (chan, n), between nodes interpolated."""
    channels, n = spectra.shape
    out = np.empty((channels, n), np.float32)
    together = max(VALUES_AT_ONCE // channels, 64)
    for start in range(0, n, together):
        stop = min(start + together, n)
        out[:, start:stop] = _highest(np.ascontiguousarray(spectra[:, start:stop]), rows)
    return out


def _highest(spectra: np.ndarray, rows: Sequence[Banded]) -> np.ndarray:
    """From the widest, whose nodes are farthest apart, to the narrowest."""
    channels = len(spectra)
    best, step = rows[-1].times(spectra), rows[-1].step
    for each in rows[-2::-1]:
        while step > each.step:
            step //= 2
            best = doubled(best, -(-channels // step), axis=0)
        np.maximum(best, each.times(spectra), out=best)
    while step > 1:
        step //= 2
        best = doubled(best, -(-channels // step), axis=0)
    return best


def _weight(sigma: np.ndarray) -> np.ndarray:
    """1 / sigma_k, 1 in a typical channel."""
    known = np.isfinite(sigma)
    return np.where(known, np.median(sigma[known]) / sigma, 0.0).astype(np.float32)


def _variance(rows: Banded, correlation: np.ndarray) -> np.ndarray:
    """(row,) variance of the filters' output in noise of unit variance with that correlation."""

    def of_block(block: Block) -> np.ndarray:
        h = block.matrix.astype(float)
        variance: np.ndarray = np.sum(h * h, axis=1)
        for lag, value in enumerate(correlation[1:], start=1):
            if value and lag < h.shape[1]:
                variance += 2 * value * np.sum(h[:, lag:] * h[:, :-lag], axis=1)
        return variance

    return np.concatenate([of_block(block) for block in rows.blocks])


def _normalised(rows: Banded, variance: np.ndarray) -> Banded:
    scale = 1 / np.sqrt(variance)
    return rows.changed(lambda block: block.matrix * scale[block.start : block.stop, None])


def _scaled(rows: Banded, by: float) -> Banded:
    return rows if by == 1 else rows.changed(lambda block: block.matrix * by)
