"""In which channels of a cube dirty beams are made."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.imaging.beam_channels import MOST_BEAMS, beam_channels, like_most, unlike_note

FREQ_HZ = 90e9 + 4e6 * np.arange(480)
PRIMARY_BEAM = 1.5e-4
"""Radians from the centre to the edge of a 90 GHz field."""


def chosen(samples: np.ndarray, longest_m: float = 60.0) -> list[int]:
    return beam_channels(
        samples,
        FREQ_HZ[: len(samples)],
        longest_m=longest_m,
        half_field_rad=PRIMARY_BEAM,
    ).tolist()


def test_short_baselines_take_three() -> None:
    assert chosen(np.full(480, 5000)) == [0, 239, 479]


def test_longer_ones_take_more_but_not_all() -> None:
    assert 3 < len(chosen(np.full(480, 5000), 1000.0)) < MOST_BEAMS
    assert len(chosen(np.full(480, 5000), 5e4)) == MOST_BEAMS
    assert chosen(np.full(9, 5000), 1e6) == list(range(9))


@pytest.mark.parametrize("lost", [5000, 2000, 100])
def test_channels_with_other_data_are_none(lost: int) -> None:
    """The first three and those in the middle; the last has no data at all."""
    other = [0, 1, 2, 239, 240, 241]
    samples = np.full(480, 5000)
    samples[other] -= lost
    samples[479] = 0
    assert chosen(samples) == [3, 238, 478]
    assert not like_most(samples)[other].any()
    if lost == 5000:  # what is blank is not among those with data
        assert unlike_note(samples) == ()
    else:
        (note,) = unlike_note(samples)
        assert "6 channels (0, 1, 2, 239, 240, ...) of 479" in note


def test_what_is_lost_here_and_there_does_not_matter() -> None:
    samples = 5000 - np.random.default_rng(1).integers(0, 20, 480)
    assert chosen(samples) == [0, 239, 479]
    assert unlike_note(samples) == ()


def test_two_kinds_of_channels_are_told() -> None:
    samples = np.repeat([4000, 5000], [200, 280])
    assert chosen(samples) == [200, 339, 479]
    (note,) = unlike_note(samples)
    assert note.startswith("200 channels (0, 1, 2, 3, 4, ...) of 480")
    assert "channel 0 of 80%" in note
    assert len(unlike_note(np.repeat([4000, 5000], 240))) == 1
