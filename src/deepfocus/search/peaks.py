"""Peaks of the filtered cube: maxima over position, channel, width and size together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np

from deepfocus.search.banded import Banded, doubled
from deepfocus.search.bank import Bank
from deepfocus.search.continuum import Projection
from deepfocus.search.fields import Field
from deepfocus.search.lines import highest
from deepfocus.search.unit_noise import Searched

NEIGHBOURS = [off for off in product((-1, 0, 1), repeat=3) if off != (0, 0, 0)]
COLUMNS_AT_ONCE = 4096
"""Of spectra that are searched without their continuum, so that they take little memory."""
IMAGES_AT_ONCE = 4
"""Of a map, as they are brought to a finer grid."""
AROUND = 2
"""Nodes on each side of a candidate in which a filter's own maximum is looked for."""
WORTH_REFINING = 0.75
"""Of the highest filter at some nodes: one that is lower there is not the highest between them."""
LEAST_SIDE = 0.2
"""Of a peak: a node beside it that is lower does not tell where between nodes the peak is."""


@dataclass(frozen=True)
class Peak:
    """A peak of the search.

    x, y : pixels; channel; snr : of its best filter
    width_chan, size_px : FWHM of that filter
    node : (chan, row, column) of the highest map where it was found
    """

    x: float
    y: float
    channel: float
    snr: float
    width_chan: float
    size_px: float
    node: tuple[int, int, int]


@dataclass(frozen=True)
class Nodes:
    """Rows and columns of a grid with a node at every `step`-th pixel."""

    step: int
    rows: slice
    columns: slice


def maxima(highest: np.ndarray, above: float) -> np.ndarray:
    """(n, 3) nodes no lower than their 26 neighbours, and above a level; highest first."""
    at = np.stack(np.unravel_index(np.flatnonzero(highest.ravel() > above), highest.shape), axis=1)
    values = highest[tuple(at.T)]
    last = np.array(highest.shape) - 1
    for offset in NEIGHBOURS:
        beside = np.clip(at + np.array(offset), 0, last)
        kept = values >= highest[tuple(beside.T)]
        at, values = at[kept], values[kept]
    ordered: np.ndarray = at[np.argsort(-values)]
    return ordered


@dataclass(frozen=True, eq=False)
class Lattice:
    """All filters of a search, and where spectra are searched without their continuum.

    on_continuum : (rows, columns) bool on the first size's grid
    """

    sizes: tuple[Searched, ...]
    bank: Bank
    projection: Projection
    on_continuum: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """(chan, rows, columns) of the first size's grid."""
        chan, rows, columns = self.sizes[0].field.values.shape
        return chan, rows, columns

    def highest(self, rows: slice, columns: slice) -> np.ndarray:
        """(chan, rows, columns) the highest output of all filters, on a part of the first size's
        grid."""
        coarsest_first = self.sizes[::-1]
        parts = [self._nodes(each.field, rows, columns) for each in coarsest_first]
        maps = (self._highest_of(*each) for each in zip(coarsest_first, parts, strict=True))
        best = merged(maps, parts)
        best[np.asarray(self.sizes[0].field.values[:, rows, columns]) == 0] = 0.0
        return best

    def _nodes(self, field: Field, rows: slice, columns: slice) -> Nodes:
        """Those of a field from which nodes of the first size's grid are interpolated."""
        ratio = field.step // self.sizes[0].field.step
        around = (
            slice(part.start // ratio, min(-(-(part.stop - 1) // ratio) + 1, n))
            for part, n in zip((rows, columns), field.values.shape[1:], strict=True)
        )
        return Nodes(field.step, *around)

    def _highest_of(self, each: Searched, nodes: Nodes) -> np.ndarray:
        """(chan, rows, columns) for one size; without continuum where there is any."""
        values = np.asarray(each.field.values[:, nodes.rows, nodes.columns])
        spectra = values.reshape(len(values), -1)
        best = highest(spectra, each.filters.plain)
        ratio = nodes.step // self.sizes[0].field.step
        on_continuum = self.on_continuum[::ratio, ::ratio][nodes.rows, nodes.columns]
        hidden = np.flatnonzero(on_continuum.ravel())
        for start in range(0, len(hidden), COLUMNS_AT_ONCE):
            some = hidden[start : start + COLUMNS_AT_ONCE]
            line = self.projection.of(spectra[:, some])
            best[:, some] = highest(line, each.filters.projected)
        return best.reshape(values.shape)

    def refined(self, node: np.ndarray) -> Peak:
        """The best filter near a node of the highest map, between its own nodes."""
        near = [part for i in range(len(self.sizes)) for part in self._near(i, node)]
        highest = max(part.at_nodes for part in near)
        least = min(WORTH_REFINING * highest, highest)
        found = [(*part.between_nodes(), part) for part in near if part.at_nodes >= least]
        snr, (channel, y, x), best = max(found, key=lambda each: each[0])
        at = (int(node[0]), int(node[1]), int(node[2]))
        return Peak(float(x), float(y), float(channel), snr, best.width_chan, best.size_px, at)

    def _near(self, size: int, node: np.ndarray) -> Iterator[_Near]:
        """Every width's filter of a size, near a node."""
        each = self.sizes[size]
        field = each.field
        ratio = field.step // self.sizes[0].field.step
        rows, columns = field.values.shape[1:]
        row, column = (
            min(round(float(at) / ratio), n - 1)
            for at, n in zip(node[1:], (rows, columns), strict=True)
        )
        near_y, near_x = _around(row, rows), _around(column, columns)
        block = field.values[:, near_y[0] : near_y[-1] + 1, near_x[0] : near_x[-1] + 1]
        shape = block.shape
        spectra = np.ascontiguousarray(block).reshape(len(block), -1)
        filters = each.filters.plain
        if self.on_continuum[node[1], node[2]]:
            spectra, filters = self.projection.of(spectra), each.filters.projected
        for width, lines in zip(self.bank.widths_chan, filters, strict=True):
            yield _Near(
                block=spectra.reshape(shape),
                lines=lines,
                node=(min(round(float(node[0]) / lines.step), lines.rows - 1), row, column),
                first=(near_y[0], near_x[0]),
                step=field.step,
                width_chan=width,
                size_px=self.bank.sizes_px[size],
            )


@dataclass(frozen=True, eq=False)
class _Near:
    """A filter near a candidate.

    block : (chan, y, x) its field on some nodes, the first of which is (y, x) `first`
    lines : its rows; node : (row of lines, y, x) nearest to the candidate
    step : pixels from node to node; width_chan, size_px : FWHM
    """

    block: np.ndarray
    lines: Banded
    node: tuple[int, int, int]
    first: tuple[int, int]
    step: int
    width_chan: float
    size_px: float

    @cached_property
    def at_nodes(self) -> float:
        """Highest signal-to-noise ratio at the node and those beside it on the sky."""
        row, y, x = self.node
        rows, columns = (
            slice(max(at - first - 1, 0), at - first + 2)
            for at, first in zip((y, x), self.first, strict=True)
        )
        low, weights = self.lines.row(row)
        beside = self.block[low : low + len(weights), rows, columns]
        return float((weights @ beside.reshape(len(weights), -1)).max())

    def between_nodes(self) -> tuple[float, np.ndarray]:
        """The highest signal-to-noise ratio near the node, and its (channel, y, x)."""
        row, y, x = self.node
        near = _around(row, self.lines.rows)
        spectra = self.block.reshape(len(self.block), -1)
        values = np.stack([_output(self.lines.row(r), spectra) for r in near])
        start = (row - near[0], y - self.first[0], x - self.first[1])
        steps = (self.lines.step, self.step, self.step)
        snr, place = _between_nodes(values.reshape(-1, *self.block.shape[1:]), start, steps)
        return snr, (np.array([near[0], *self.first]) + place) * np.array(steps)


def merged(maps: Iterable[np.ndarray], parts: Sequence[Nodes]) -> np.ndarray:
    """The highest of maps (..., rows, columns), on the last one's nodes.

    maps : coarsest first, each taken when it is needed; they may be overwritten
    parts : their nodes; each has those around the next one's, but at the edge of its grid
    """
    each = iter(maps)
    best = next(each)
    for finer, (coarse, fine) in zip(each, pairwise(parts), strict=True):
        _raise(finer, best, fine, coarse)
        best = finer
    return best


def _raise(finer: np.ndarray, coarser: np.ndarray, fine: Nodes, coarse: Nodes) -> None:
    """Maps (..., rows, columns) raised to coarser ones, in place.

    A few images at a time, so that what lies between takes little memory.
    """
    high, low = (each.reshape(-1, *each.shape[-2:]) for each in (finer, coarser))
    ratio = coarse.step // fine.step
    row, column = (
        on.start - ratio * below.start
        for on, below in ((fine.rows, coarse.rows), (fine.columns, coarse.columns))
    )
    rows, columns = finer.shape[-2:]
    for start in range(0, len(high), IMAGES_AT_ONCE):
        some = high[start : start + IMAGES_AT_ONCE]
        known, left = low[start : start + IMAGES_AT_ONCE], ratio
        while left > 1:
            left //= 2
            known = doubled(doubled(known, 2 * known.shape[-1], axis=-1), 2 * known.shape[-2], -2)
        np.maximum(some, known[:, row : row + rows, column : column + columns], out=some)


def apart(peaks: Sequence[Peak], pixels: float) -> list[Peak]:
    """The peaks, highest first, without those that reach the place of a higher one."""
    kept: list[Peak] = []
    for peak in sorted(peaks, key=lambda each: -each.snr):
        if not any(
            abs(peak.channel - other.channel) <= 1.01
            and max(abs(peak.x - other.x), abs(peak.y - other.y)) <= 1.01 * pixels
            for other in kept
        ):
            kept.append(peak)
    return kept


def _around(middle: int, n: int) -> range:
    return range(max(middle - AROUND, 0), min(middle + AROUND + 1, n))


def _output(row: tuple[int, np.ndarray], spectra: np.ndarray) -> np.ndarray:
    low, values = row
    output: np.ndarray = values @ spectra[low : low + len(values)]
    return output


def _between_nodes(
    values: np.ndarray, start: tuple[int, int, int], steps: tuple[int, int, int]
) -> tuple[float, np.ndarray]:
    """Highest value near a node, and its place in nodes, by parabolas of the logarithm.

    Where nodes are every sample, nothing lies between them and the node itself counts. A filter
    that has no maximum of its own there gives its value at the node: its neighbour's slope is not
    its peak.
    """
    near = tuple(
        slice(max(i - 1, 0), i + 2) if step > 1 else slice(i, i + 1)
        for i, step in zip(start, steps, strict=True)
    )
    inner = values[near]
    offset = np.unravel_index(int(inner.argmax()), inner.shape)
    at = np.array([part.start for part in near]) + np.array(offset)
    peak = float(values[tuple(at)])
    logarithm, place = 0.0, at.astype(float)
    for axis, step in enumerate(steps):
        if step == 1 or not 0 < at[axis] < values.shape[axis] - 1:
            continue
        index = list(at)
        lower, upper = (
            float(values[tuple([*index[:axis], at[axis] + s, *index[axis + 1 :]])]) for s in (-1, 1)
        )
        if peak < max(lower, upper):
            return float(values[start]), np.array(start, float)
        if peak <= 0 or min(lower, upper) < LEAST_SIDE * peak:
            continue
        left, middle, right = np.log([lower, peak, upper])
        curvature = max(2 * middle - left - right, 1e-9)
        shift = float(np.clip(0.5 * (right - left) / curvature, -0.5, 0.5))
        logarithm += 0.5 * (right - left) * shift - 0.5 * curvature * shift**2
        place[axis] += shift
    return peak * float(np.exp(logarithm)), place
