"""Fields in units of their own noise, and how that noise is correlated, from a part of each.

Noise after a spatial filter is measured: what correlates it is not known beforehand. That of wider
lines follows from the correlation of channels; a measured excess counts where it is significant.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtrit

from deepfocus.core.channels import is_image
from deepfocus.search.banded import gaussian
from deepfocus.search.bank import Bank
from deepfocus.search.continuum import Projection
from deepfocus.search.false_alarms import BankStatistics
from deepfocus.search.fields import Field
from deepfocus.search.lines import LineFilters, line_filters
from deepfocus.search.robust import CLIP, negative_rms

LAGS = 5
STUDENT_SNR = 5.0
"""About where the threshold of a search lies."""
LEAST_CORRELATION = 0.02
"""Between channels: what is smaller is not told from none."""
EXCESS_ERRORS = 2.5
"""Measured noise above the predicted one counts from that many errors on."""
LEAST_SHARE = 0.05
"""Of a channel's variance, to tell its noise by."""
MOST_COLUMNS, MOST_VALUES = 4096, 1 << 24
"""Of a sample; of a band with many channels, fewer columns are enough."""
SPACING = 0.75
"""Between the columns of a sample, in FWHM of the noise: closer ones tell little more."""


@dataclass(frozen=True, eq=False)
class Searched:
    """One size of a bank, ready to be searched.

    level : noise of the field; filters : of all widths, whose output has unit noise
    correlation : (lags,) of channels
    """

    field: Field
    level: float
    filters: LineFilters
    correlation: np.ndarray


@dataclass(frozen=True, eq=False)
class Columns:
    """Spectra without continuum: (chan, n) values of unit white noise, and which of them are noise.

    The noise of a channel is not lessened by the projection: it is divided out.
    """

    values: np.ndarray
    noise: np.ndarray

    def with_unit_noise(self) -> tuple[Columns, float]:
        """Over their own standard deviation, and that: endless where they do not tell it.

        Of an image, a large filter leaves few values, and a source may cover them all.
        """
        level = negative_rms(self.values[self.noise])
        level = level if level > 0 else float("inf")
        return replace(self, values=self.values / np.float32(level)), level


def searched(
    field: Field, bank: Bank, size: int, sigma: np.ndarray, projection: Projection
) -> Searched:
    """The noise of a field of that size of the bank; sigma : (chan,) noise of the cube."""
    noise_px = bank.kernel_px(size)
    apart = _nodes_apart(field, noise_px)
    columns = columns_of(field.values[:, ::apart, ::apart], sigma, projection)
    unit, level = columns.with_unit_noise()
    correlation = channel_correlation(unit, projection)
    filters = line_filters(bank, sigma, correlation, projection)
    independent = max(1.0, 1.133 * 2 * (noise_px / (apart * field.step)) ** 2)
    excess = _excess(unit, filters, bank, projection, independent)
    if is_image(len(sigma)):
        level *= raised(columns.noise.sum() / independent)
    return Searched(field, level, filters.over([level * each for each in excess]), correlation)


def raised(values: float) -> float:
    """What a level from few independent values is to be raised by, for peaks to mean what they say.

    Over a measured level, noise has Student's distribution: one of its peaks at this factor times
    `STUDENT_SNR` is as rare as one at `STUDENT_SNR` where the level is known. Half of the values,
    the negative ones, tell the level. Cubes of many channels have so many that it is 1.
    """
    freedom = max(values / 2, 1.0)
    return float(-stdtrit(freedom, ndtr(-STUDENT_SNR)) / STUDENT_SNR)


def statistics_of(
    sizes: tuple[Searched, ...],
    bank: Bank,
    sigma: np.ndarray,
    projection: Projection,
    shape: tuple[int, int],
) -> BankStatistics:
    """Lag-1 correlations of all filters on the full lattice of a cube with images of `shape`."""
    widths = bank.widths_chan
    neighbours = np.empty((len(sizes), len(widths), 3))
    next_width = np.empty((len(sizes), len(widths) - 1))
    for i, each in enumerate(sizes):
        neighbours[i, :, 1:] = sky_correlation(each.field, sigma, projection)
        lines = [_line(width) for width in widths]
        neighbours[i, :, 0] = [_overlap(h, h, each.correlation, shift=1) for h in lines]
        next_width[i] = [
            _overlap(a, b, each.correlation, shift=0) for a, b in itertools.pairwise(lines)
        ]
    next_size = [
        np.full(len(widths), _correlation_of_sizes(a.field, b.field, sigma, projection))
        for a, b in itertools.pairwise(sizes)
    ]
    lattice = (int(np.isfinite(sigma).sum()), *shape)
    return BankStatistics(
        lattice, neighbours, next_width, np.reshape(next_size, (len(sizes) - 1, len(widths)))
    )


def columns_of(values: np.ndarray, sigma: np.ndarray, projection: Projection) -> Columns:
    """Spectra (chan, ...) without continuum; emission is left out where it exceeds the clip."""
    flat = np.ascontiguousarray(values.reshape(len(values), -1))
    flat = flat[:, np.any(flat != 0, axis=0)]
    line = projection.of(flat) / _deviation(projection.share_left)[:, None]
    used = (flat != 0) & np.isfinite(sigma)[:, None]
    level = negative_rms(line[used])
    return Columns(line, used & (np.abs(line) < CLIP * level))


def channel_correlation(columns: Columns, projection: Projection) -> np.ndarray:
    """(lags,) correlation of the noise between channels, 1 at lag 0, of columns of unit noise.

    In an image of few channels it is taken to be none: what shines in all of them, and nothing
    subtracts, would be taken for it. Where noise is correlated, `_excess` sees it.
    """
    correlation = np.zeros(LAGS)
    correlation[0] = 1.0
    channels = len(columns.values)
    told = 1 if is_image(channels) else min(LAGS, channels - 2)
    for lag in range(1, told):
        both = columns.noise[lag:] & columns.noise[:-lag]
        product = np.sum(columns.values[lag:] * columns.values[:-lag], where=both, dtype=float)
        correlation[lag] = product / max(np.count_nonzero(both), 1)
    correlation -= projection.correlation(LAGS)
    correlation[1:][np.abs(correlation[1:]) < LEAST_CORRELATION] = 0.0
    return correlation


def sky_correlation(field: Field, sigma: np.ndarray, projection: Projection) -> tuple[float, float]:
    """Correlation along y and x of pixels next to each other, from nodes `step` apart.

    Noise through a Gaussian is correlated like a Gaussian: rho(d) = rho(1)^(d d).
    """
    apart = max(2, _fewest_apart(field, MOST_COLUMNS / 2))
    ny, nx = ((n - 1) // apart for n in field.values.shape[1:])
    if not ny or not nx:
        return 0.5, 0.5

    def at(dy: int, dx: int) -> np.ndarray:
        rows, columns = slice(dy, dy + ny * apart, apart), slice(dx, dx + nx * apart, apart)
        return np.asarray(field.values[:, rows, columns])

    here, along = at(0, 0), []
    for beside in (at(1, 0), at(0, 1)):
        rho = _correlation(here, beside, sigma, projection)
        along.append(float(np.clip(rho, 1e-3, 0.9999) ** (1 / field.step**2)))
    return along[0], along[1]


def _correlation_of_sizes(
    fine: Field, coarse: Field, sigma: np.ndarray, projection: Projection
) -> float:
    apart = _fewest_apart(coarse, MOST_COLUMNS / 2)
    ratio = coarse.step // fine.step
    some = coarse.values[:, ::apart, ::apart]
    same = fine.values[:, :: apart * ratio, :: apart * ratio][:, : some.shape[1], : some.shape[2]]
    return _correlation(same, some, sigma, projection)


def _correlation(
    one: np.ndarray, other: np.ndarray, sigma: np.ndarray, projection: Projection
) -> float:
    """Of the noise of two sets of spectra (chan, ...), place by place."""
    a, b = (each.reshape(len(each), -1) for each in (one, other))
    covered = np.any(a != 0, axis=0) & np.any(b != 0, axis=0)
    first, second = (columns_of(each[:, covered], sigma, projection) for each in (a, b))
    both = first.noise & second.noise
    x, y = first.values[both], second.values[both]
    powers = float(np.vdot(x, x)), float(np.vdot(y, y))
    return float(np.vdot(x, y)) / float(np.sqrt(powers[0] * powers[1])) if min(powers) > 0 else 0.5


def _excess(
    columns: Columns,
    filters: LineFilters,
    bank: Bank,
    projection: Projection,
    independent: float,
) -> list[float]:
    """Noise after each width over the predicted one; 1 where the difference is not significant.

    independent : columns that are as good as one
    """
    share = _deviation(projection.share_left)
    spectra = np.where(columns.noise, columns.values, 0) * share[:, None]
    excess = []
    for width, rows in zip(bank.widths_chan, filters.projected, strict=True):
        output = rows.times(spectra)
        level = negative_rms(output[output != 0])
        values = min(output.size, columns.noise.sum() / max(1.0, 1.5 * width) / independent)
        error = np.sqrt(1 / max(values, 4.0))
        excess.append(level if level > 1 + EXCESS_ERRORS * error else 1.0)
    return excess


def _deviation(share_left: np.ndarray) -> np.ndarray:
    """(chan,) of what is left of unit noise."""
    deviation: np.ndarray = np.sqrt(np.maximum(share_left, LEAST_SHARE)).astype(np.float32)
    return deviation


def _nodes_apart(field: Field, noise_px: float) -> int:
    return max(1, int(SPACING * noise_px / field.step), _fewest_apart(field, MOST_COLUMNS))


def _fewest_apart(field: Field, columns: float) -> int:
    """Nodes between the columns of a sample of so many at most."""
    channels, ny, nx = field.values.shape
    most = min(columns, MOST_VALUES / channels)
    return max(1, int(np.ceil(np.sqrt(ny * nx / most))))


def _line(width: float) -> np.ndarray:
    """A line filter in the middle of a band that is wide enough for it."""
    return gaussian(width, half=int(2 * width) + 8)


def _overlap(one: np.ndarray, other: np.ndarray, correlation: np.ndarray, *, shift: int) -> float:
    """Correlation of the outputs of two filters, `shift` channels apart."""
    size = max(len(one), len(other))
    a, b = (np.pad(h, (size - len(h)) // 2 + LAGS + shift) for h in (one, other))

    def product(p: np.ndarray, q: np.ndarray) -> float:
        total = float(p @ q)
        for lag, value in enumerate(correlation[1:], start=1):
            total += value * float(p[lag:] @ q[:-lag] + p[:-lag] @ q[lag:])
        return total

    return float(product(a, np.roll(b, shift)) / np.sqrt(product(a, a) * product(b, b)))
