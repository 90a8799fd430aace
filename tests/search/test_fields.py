"""A cube through the filters of a bank, where channels have data in different places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.search.searching import BEAM_PX, beam_noise

from deepfocus.core.workspace import IN_MEMORY, OnDisk
from deepfocus.search.bank import bank_of
from deepfocus.search.fields import fields
from deepfocus.search.first_filter import PixelItself
from deepfocus.search.noise_map import NoiseMap

SHAPE = (24, 96, 110)
BANK = bank_of(SHAPE[0], BEAM_PX, finest_px=BEAM_PX / np.sqrt(2))
NOISE = NoiseMap(np.ones(SHAPE[0], np.float32), np.ones(SHAPE[1:], np.float32))


def shrinking(channels: int) -> np.ndarray:
    """(chan, y, x) noise in a circle that is smaller in each channel."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    cube = beam_noise(1, SHAPE)
    for channel in range(SHAPE[0]):
        cube[channel][np.hypot(x - 50, y - 45) > 44 - 0.7 * min(channel, channels)] = np.nan
    return cube


def test_channels_are_filtered_each_with_its_own_blanks(tmp_path: Path) -> None:
    """In parts of few channels as in one, and each as if the others were not there."""
    cube, first = shrinking(SHAPE[0]), PixelItself(BANK.steps_px[0])
    whole = fields(cube, NOISE, BANK, first, IN_MEMORY)
    parts = fields(cube, NOISE, BANK, first, OnDisk(tmp_path, 1 << 14))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.values, np.asarray(other.values[:, :, :]))
    alone = np.full_like(cube, np.nan)
    alone[7] = cube[7]
    for one, other in zip(whole, fields(alone, NOISE, BANK, first, IN_MEMORY), strict=True):
        np.testing.assert_array_equal(one.values[7], other.values[7])


def test_noise_is_as_high_at_the_rim_of_its_data_as_inside() -> None:
    cube, first = shrinking(0), PixelItself(BANK.steps_px[0])
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    radius = np.hypot(x - 50, y - 45)
    field = fields(cube, NOISE, BANK, first, IN_MEMORY)[0]
    here = radius[:: field.step, :: field.step]
    levels = [np.std(np.asarray(field.values)[:, part]) for part in (here < 30, abs(here - 40) < 4)]
    # two thousand beams inside, a few hundred at the rim
    assert abs(levels[1] / levels[0] - 1) < 0.1
