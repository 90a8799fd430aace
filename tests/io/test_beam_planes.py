"""Which planes of a file of dirty beams are read."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.node_weights import node_weights
from deepfocus.io.beam_planes import ALLOWED, first_middle_last, telling_planes

SIDE = 48
NARROW = 230e9 * np.linspace(1, 1.01, 64)
"""A band over which sidelobes at the edge move by less than a quarter of their width."""
WIDE = 90e9 * np.linspace(1, 1.12, 200)


def beams(freq_hz: np.ndarray, baselines: int = 300, flagged: slice = slice(0)) -> np.ndarray:
    """(chan, y, x) the mean of fringes whose phase grows with frequency.

    flagged : channels that have no longer half of the baselines
    """
    rng = np.random.default_rng(5)
    uv = rng.normal(0, 0.09, (baselines, 2))
    at = np.arange(SIDE) - SIDE // 2
    images = []
    for channel, share in enumerate(freq_hz / freq_hz[0]):
        seen = uv * share
        if channel in range(*flagged.indices(len(freq_hz))):
            seen = seen[np.hypot(*uv.T) < np.median(np.hypot(*uv.T))]
        along = [np.exp(2j * np.pi * np.outer(one, at)) for one in seen.T]
        images.append((along[1].T @ along[0]).real / len(seen))
    return np.array(images, np.float32)


def worst(data: np.ndarray, kept: list[int], freq_hz: np.ndarray, but: slice = slice(0)) -> float:
    """What planes are off, interpolated from those that are kept."""
    told = np.tensordot(node_weights(freq_hz[kept], freq_hz), data[kept], axes=(0, 0))
    off = np.abs(told - data).max(axis=(1, 2))
    off[but] = 0
    return float(off.max())


def test_a_narrow_band_is_told_by_three_planes() -> None:
    data = beams(NARROW)
    kept = telling_planes(data, np.arange(64), NARROW)
    assert kept == [0, 32, 63]
    assert worst(data, kept, NARROW) < ALLOWED


def test_a_wide_band_takes_more() -> None:
    data = beams(WIDE)
    kept = telling_planes(data, np.arange(200), WIDE)
    assert 5 <= len(kept) <= 17
    # what is tried halfway stands for what is between; three leave 0.01
    assert worst(data, kept, WIDE) < 2 * ALLOWED
    assert worst(data, first_middle_last(data, np.arange(200)), WIDE) > 5 * ALLOWED


@pytest.mark.parametrize("flagged", [slice(0, 1), slice(0, 2), slice(32, 34), slice(63, 64)])
def test_a_plane_with_less_data_stands_for_no_other(flagged: slice) -> None:
    data = beams(NARROW, flagged=flagged)
    kept = telling_planes(data, np.arange(64), NARROW)
    assert not {*kept} & {*range(64)[flagged]}
    assert worst(data, kept, NARROW, but=flagged) < ALLOWED
    assert worst(data, [0, 32, 63], NARROW, but=flagged) > 20 * ALLOWED


def test_scattered_flags_do_not_ask_for_all_planes() -> None:
    """Each channel lacks another tenth of the baselines: no number of planes tells that."""
    rng = np.random.default_rng(2)
    data = beams(NARROW)
    data += 0.01 * rng.normal(size=data.shape).astype(np.float32)
    data[:, SIDE // 2, SIDE // 2] = 1.0
    assert len(telling_planes(data, np.arange(64), NARROW)) <= 5


def test_few_channels_are_all_kept_where_half_of_them_differ() -> None:
    data = beams(NARROW[:6], flagged=slice(3, 6))
    assert telling_planes(data, np.arange(6), NARROW[:6]) == list(range(6))


def test_planes_that_hold_nothing_are_passed_over() -> None:
    data = beams(NARROW)
    data[[0, 32]] = np.nan
    data[63] = 0
    kept = telling_planes(data, np.arange(64), NARROW)
    assert len(kept) == 3
    assert (kept[0], kept[-1]) == (1, 62)
    assert kept[1] in (31, 33)
    data[:] = np.nan
    assert telling_planes(data, np.arange(64), NARROW) == [0, 32, 63]
