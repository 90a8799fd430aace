"""Peaks and saddles against a field that is flooded voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from deepfocus.search.merge_tree import basins_of, groups_of

AROUND = np.ones((3, 3, 3))
STANDS_OUT, MOST_SADDLE = 0.8, 0.75
"""Low enough that the peaks of a smooth random field are sometimes one source, sometimes two."""


def smooth_field(seed: int, shape: tuple[int, int, int] = (6, 14, 15)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(shape), 1.0)
    return (field / field.std() + 1.0).astype(np.float32)


def maxima_above(z: np.ndarray, level: float) -> np.ndarray:
    return np.argwhere((z == ndimage.maximum_filter(z, size=3)) & (z > level))


def flooded(z: np.ndarray, peaks: np.ndarray, heights: np.ndarray, low: float) -> np.ndarray:
    """(chan, y, x) index of the highest peak of each voxel's source; -1 without one.

    Voxels appear in falling order. Which are connected is labelled anew at every level.
    """
    owner = np.full(z.shape, -1)
    number_at = {tuple(p): i for i, p in enumerate(peaks)}
    falling = np.argwhere(z > low)
    for voxel in falling[np.argsort(-z[tuple(falling.T)])]:
        parts, _ = ndimage.label(z > z[tuple(voxel)], AROUND)
        box = tuple(slice(max(c - 1, 0), c + 2) for c in voxel)
        beside = np.argwhere(parts[box] > 0) + [s.start for s in box]
        beside = beside[np.argsort(-z[tuple(beside.T)])]
        key = tuple(voxel)
        if not len(beside):
            owner[key] = number_at.get(key, -1)
            continue
        reached = [parts == parts[tuple(beside[0])]]
        owner[key] = owner[tuple(beside[0])]
        for other in beside[1:]:
            part = parts == parts[tuple(other)]
            if any((part & seen).any() for seen in reached):
                continue
            here = np.logical_or.reduce(reached)
            mine, its = owner[key], owner[tuple(other)]
            if its < 0:
                owner[part] = mine
            elif mine < 0:
                owner[here] = its
                owner[key] = its
            else:
                tops = [
                    max(heights[i] for i in np.unique(owner[side]) if i >= 0)
                    for side in (here, part)
                ]
                lower, saddle = min(tops), float(z[key])
                if not (lower - saddle > STANDS_OUT and saddle < MOST_SADDLE * lower):
                    loser, winner = (part, mine) if tops[1] <= tops[0] else (here, its)
                    owner[loser] = winner
                    owner[key] = winner if loser is here else owner[key]
            reached.append(part)
    return owner


@pytest.mark.parametrize("seed", range(12))
def test_groups_are_those_of_a_flood(seed: int) -> None:
    z = smooth_field(seed)
    low = 1.2
    peaks = maxima_above(z, 1.6)
    heights = z[tuple(peaks.T)]
    found = groups_of(z, peaks, heights, low=low, most_saddle=MOST_SADDLE, stands_out=STANDS_OUT)
    expected = flooded(z, peaks, heights, low)
    assert np.array_equal(found.labels > 0, expected >= 0)
    owners = expected[tuple(peaks.T)]
    pairs = set(zip(found.source_of_peak.tolist(), owners.tolist(), strict=True))
    assert len(pairs) == len(set(found.source_of_peak.tolist())) == len(set(owners.tolist()))
    number_of = {owner: number for number, owner in pairs}
    inside = expected >= 0
    assert np.array_equal(found.labels[inside], [number_of[i] for i in expected[inside]])


def test_the_fields_are_a_test() -> None:
    """Some of these peaks are joined and some are not, and sources have peakless neighbours."""
    joined = 0
    for seed in range(12):
        z = smooth_field(seed)
        peaks = maxima_above(z, 1.6)
        heights = z[tuple(peaks.T)]
        groups = groups_of(
            z, peaks, heights, low=1.2, most_saddle=MOST_SADDLE, stands_out=STANDS_OUT
        )
        islands, _ = ndimage.label(z > 1.2, AROUND)
        sources = groups.source_of_peak.max()
        assert len(np.unique(islands[tuple(peaks.T)])) < sources
        joined += len(peaks) - sources
    assert joined > 10


@pytest.mark.parametrize("seed", range(5))
def test_saddles_are_where_islands_part(seed: int) -> None:
    """Just below a saddle two maxima are on one island, at it they are on two."""
    z = smooth_field(seed)
    basins = basins_of(z, 0.5)
    assert basins.count == len(maxima_above(z, 0.5))
    flat = z.reshape(-1)
    highest = [basins.voxels[basins.number == i] for i in range(basins.count)]
    maximum = np.array([v[np.argmax(flat[v])] for v in highest])
    for (a, b), saddle in zip(basins.meeting, basins.saddles, strict=True):
        at, below = (
            ndimage.label(level, AROUND)[0].reshape(-1)[maximum[[a, b]]]
            for level in (z > saddle, z >= saddle)
        )
        assert below[0] == below[1]
        assert at[0] != at[1]


def two_peaks(saddle: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peaks of 20 and 12 along x, joined at `saddle`."""
    z = np.zeros((3, 3, 9))
    z[1, 1] = [4, 20, 12, 9, saddle, 9, 12, 10, 4]
    return z, np.array([[1, 1, 1], [1, 1, 6]]), np.array([20.0, 12.0])


@pytest.mark.parametrize(("saddle", "sources"), [(7.1, 2), (7.3, 1), (8.2, 1)])
def test_the_saddle_decides(saddle: float, sources: int) -> None:
    """7.2 is 0.6 of the lower peak."""
    z, peaks, heights = two_peaks(saddle)
    groups = groups_of(z, peaks, heights)
    assert groups.source_of_peak.tolist() == [1, sources]
    # the saddle itself climbs to one of its neighbours, the later of two as high
    assert np.count_nonzero(groups.labels == 1) == (4 if sources == 2 else 9)


def test_a_low_peak_has_to_stand_out() -> None:
    """Of 7 and 3.6 the saddle is below 0.6, but noise of 3.4 makes that of one source."""
    z, peaks, heights = two_peaks(3.6)
    z[1, 1, 5:8] = 4.0, 7.0, 5.0
    assert groups_of(z, peaks, np.array([20.0, 7.0])).source_of_peak.tolist() == [1, 1]
    assert groups_of(z, peaks, heights, stands_out=3.0).source_of_peak.tolist() == [1, 2]


@pytest.mark.parametrize("blank", [np.nan, -np.inf, 0.0])
def test_blank_voxels_connect_nothing(blank: float) -> None:
    z, peaks, heights = two_peaks(11.0)
    z[1, 1, 4] = blank
    groups = groups_of(z, peaks, heights)
    assert groups.source_of_peak.tolist() == [1, 2]
    assert groups.labels[1, 1, 4] == 0


def test_numbers_fall_with_height_and_a_lost_peak_keeps_its_voxel() -> None:
    z = np.zeros((2, 4, 12), np.float32)
    z[0, 1, 1], z[0, 1, 5], z[1, 3, 10] = 6.0, 9.0, 2.0
    peaks = np.array([[0, 1, 1], [0, 1, 5], [1, 3, 10]])
    groups = groups_of(z, peaks, np.array([6.0, 9.0, 7.0]))
    assert groups.source_of_peak.tolist() == [3, 1, 2]
    assert groups.labels[tuple(peaks.T)].tolist() == [3, 1, 2]
    assert np.count_nonzero(groups.labels) == 3


def test_a_map_without_peaks() -> None:
    none = groups_of(np.ones((2, 3, 4)), np.zeros((0, 3), int), np.zeros(0))
    assert none.source_of_peak.shape == (0,)
    assert not none.labels.any()
