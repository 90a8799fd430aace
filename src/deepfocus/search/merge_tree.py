"""Which peaks of a map are one source: the saddles between them, from one merge tree.

Every voxel climbs to its highest neighbour until it stands on a maximum: the voxels of one maximum
are its basin. Two basins meet at a saddle, the highest voxel at which they touch. Basins are joined
in falling order of their saddles, and a peak that does not stand out of the saddle where it meets a
higher one belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

LOW = 3.5
"""Voxels below connect nothing."""
MOST_SADDLE = 0.6
"""Of the lower peak: two sources are joined by no higher saddle."""
STANDS_OUT = 4.0
"""By which the lower peak exceeds the saddle: less is noise on one source."""
FORWARD = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))
"""Half of the 26 neighbours (chan, y, x), so that each pair is met once."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Peaks as sources, which are numbered from 1 in falling order of their highest peak.

    source_of_peak : (peak,)
    labels : (chan, y, x) int32, the source of each voxel above the lowest level; 0 elsewhere
    """

    source_of_peak: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class Basins:
    """The maxima of a map and the saddles between them.

    voxels : (voxel,) flat index of the voxels above the lowest level, rising
    number : (voxel,) the basin that each belongs to, from 0
    meeting : (saddle, 2) basins that meet, in falling order of the saddle; the basin of the saddle
        voxel itself first. Only the saddles at which two parts meet that were separate above it.
    saddles : (saddle,) their heights
    count : number of basins
    """

    voxels: np.ndarray
    number: np.ndarray
    meeting: np.ndarray
    saddles: np.ndarray
    count: int

    def at(self, flat: np.ndarray) -> np.ndarray:
        """The basins of voxels by their flat index; -1 below the lowest level."""
        if not len(self.voxels):
            return np.full(len(flat), -1)
        place = np.minimum(np.searchsorted(self.voxels, flat), len(self.voxels) - 1)
        return np.where(self.voxels[place] == flat, self.number[place], -1)


def groups_of(
    z: np.ndarray,
    peaks: np.ndarray,
    heights: np.ndarray,
    *,
    low: float = LOW,
    most_saddle: float = MOST_SADDLE,
    stands_out: float = STANDS_OUT,
) -> Groups:
    """Sources from the peaks of one map.

    z : (chan, y, x), in units of its noise; NaN, -inf and whatever is not above `low` connect
        nothing
    peaks : (peak, 3) voxels; heights : (peak,) theirs, which may be interpolated

    Two peaks that meet at a saddle s are one source unless the lower, b, stands out of it: b - s
    above `stands_out` and s below `most_saddle` b. One that does not belongs to the source that it
    touches at the saddle. Peaks of one basin are one source; a peak that is not above `low` is a
    source of one voxel.
    """
    basins = basins_of(z, low)
    flat = np.ravel_multi_index(tuple(np.reshape(peaks, (-1, 3)).T), z.shape)
    basin_of_peak = basins.at(flat)
    inside = basin_of_peak >= 0
    top = np.full(basins.count, -np.inf)
    np.maximum.at(top, basin_of_peak[inside], heights[inside])
    head_of_basin = _heads(
        basins, top, lambda peak, s: peak - s > stands_out and s < most_saddle * peak
    )
    alone = basins.count + np.arange(len(flat))
    heads = np.where(inside, head_of_basin[basin_of_peak], alone) if basins.count else alone
    number_of_head = _numbers(heads, heights, basins.count + len(flat))
    labels = np.zeros(z.shape, np.int32)
    labels.reshape(-1)[basins.voxels] = number_of_head[head_of_basin[basins.number]]
    labels.reshape(-1)[flat[~inside]] = number_of_head[heads[~inside]]
    return Groups(number_of_head[heads], labels)


def basins_of(z: np.ndarray, low: float) -> Basins:
    """Basins and saddles of the voxels of z (chan, y, x) above `low`, 26-connected.

    Of equal voxels, the later one counts as the higher.
    """
    values = np.ascontiguousarray(z).reshape(-1)
    voxels = np.flatnonzero(values > low)
    order = np.argsort(values[voxels], kind="stable")
    rank = np.empty(len(voxels), np.intp)
    rank[order] = np.arange(len(voxels))
    climbs_to = np.arange(len(voxels))
    touching = []
    for first, second in _neighbours(voxels, z.shape):
        a, b = rank[first], rank[second]
        climbs_to[a] = np.maximum(climbs_to[a], b)
        climbs_to[b] = np.maximum(climbs_to[b], a)
        touching.append((np.minimum(a, b), np.maximum(a, b)))
    maximum = _followed(climbs_to)
    maxima, number = np.unique(maximum, return_inverse=True)
    below, above = (np.concatenate(ends) for ends in zip(*touching, strict=True))
    meeting, lower = _saddles(number, below, above, len(maxima))
    saddles = values[voxels[order]][lower]
    return Basins(voxels, number[rank], meeting, saddles, len(maxima))


def _neighbours(
    voxels: np.ndarray, shape: tuple[int, ...]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places in `voxels` of those that touch, one direction after the other."""
    where = np.unravel_index(voxels, shape)
    room = [(at > 0, at < n - 1) for at, n in zip(where, shape, strict=True)]
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    for step in FORWARD:
        ways = [axis[one > 0] for axis, one in zip(room, step, strict=True) if one]
        inside = np.flatnonzero(np.logical_and.reduce(ways))
        sought = voxels[inside] + int(strides @ step)
        place = np.searchsorted(voxels, sought)
        found = place < len(voxels)
        found[found] = voxels[place[found]] == sought[found]
        yield inside[found], place[found]


def _followed(climbs_to: np.ndarray) -> np.ndarray:
    """Where each ends that climbs step by step."""
    while True:
        further = climbs_to[climbs_to]
        if np.array_equal(further, climbs_to):
            return climbs_to
        climbs_to = further


def _saddles(
    number: np.ndarray, below: np.ndarray, above: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Basins (saddle, 2) that meet, and the rank (saddle,) of the voxel at which they do.

    number : (voxel,) basins by rank; below, above : ranks of voxels that touch
    """
    between = number[below] != number[above]
    below, above = below[between], above[between]
    # of the neighbours of one saddle voxel, it meets the highest first
    falling = np.lexsort((above, below))[::-1]
    below, above = below[falling], above[falling]
    ends = np.stack([number[below], number[above]], axis=1)
    _, first = np.unique(ends.min(axis=1) * count + ends.max(axis=1), return_index=True)
    first = np.sort(first)
    ends = ends[first]
    entries = (np.arange(1, len(ends) + 1), (ends.min(axis=1), ends.max(axis=1)))
    tree = minimum_spanning_tree(coo_array(entries, shape=(count, count)).tocsr())
    kept = np.sort(tree.data.astype(np.intp)) - 1
    return ends[kept], below[first[kept]]


def _heads(basins: Basins, top: np.ndarray, separate: Callable[[float, float], bool]) -> np.ndarray:
    """(basin,) the basin with the highest peak of the source that each belongs to; -1 if none.

    top : (basin,) the highest peak in each, -inf without one
    separate : whether a peak stands out of a saddle
    """
    heights = top.tolist()
    owner, joined, head = (list(range(basins.count)) for _ in range(3))
    for (a, b), saddle in _between_peaks(basins, top):
        p, q = _end(owner, a), _end(owner, b)
        if np.isneginf(heights[p]):
            owner[p] = q
        elif np.isneginf(heights[q]):
            owner[q] = p
        else:
            # the highest peak of all that is connected so far stands for it
            high, low = _end(joined, p), _end(joined, q)
            beside = p
            if heights[high] < heights[low]:
                high, low, beside = low, high, q
            if not separate(heights[low], saddle):
                # it is the only source on its side: others there stand out of higher saddles
                head[low] = _end(head, beside)
            joined[low] = high
    owners = np.array([_end(owner, i) for i in range(basins.count)], np.intp)
    heads = np.array([_end(head, i) for i in range(basins.count)], np.intp)
    return np.where(np.isneginf(top[owners]), -1, heads[owners]) if basins.count else owners


def _between_peaks(basins: Basins, top: np.ndarray) -> Iterator[tuple[tuple[int, int], float]]:
    """Basins that meet, and their saddles, only of the connected parts that hold a peak."""
    ones = np.ones(len(basins.meeting))
    graph = coo_array((ones, tuple(basins.meeting.T)), shape=(basins.count, basins.count))
    parts, part = connected_components(graph, directed=False)
    holds = np.zeros(parts, bool)
    holds[part[~np.isneginf(top)]] = True
    kept = holds[part[basins.meeting[:, 0]]]
    ends = [(int(a), int(b)) for a, b in basins.meeting[kept]]
    return zip(ends, basins.saddles[kept].tolist(), strict=True)


def _end(links: list[int], start: int) -> int:
    """Where a chain of links ends; the chain is shortened on the way."""
    while links[start] != start:
        links[start] = links[links[start]]
        start = links[start]
    return start


def _numbers(heads: np.ndarray, heights: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
    """(count + 1,) number from 1 of each head of a source, by falling height; 0 of all others.

    The last entry is that of the head -1, which is none.
    """
    highest = np.full(count + 1, -np.inf)
    np.maximum.at(highest, heads, np.asarray(heights, float))
    known = np.unique(heads)
    falling = known[np.argsort(-highest[known], kind="stable")]
    numbers = np.zeros(count + 1, np.int32)
    numbers[falling] = np.arange(1, len(falling) + 1)
    return numbers
