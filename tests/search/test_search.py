"""The search: noise to expect, places and heights of known sources, continuum, blanks."""

from __future__ import annotations

import numpy as np
import pytest
from tests.search.searching import (
    BEAM_PX,
    Noise,
    beam_noise,
    found_in,
    gaussian,
    highest_without_noise,
    line,
    white_noise,
)

from deepfocus.search.lines import band_noise

SHAPE = (64, 96, 96)


def test_noise_makes_as_many_peaks_as_expected(noise: Noise) -> None:
    cubes, above = 12, 4.6
    counted, expected = 0, 0.0
    for seed in range(cubes):
        found = found_in(noise(seed, SHAPE), white=noise is white_noise, false_peaks=4.0)
        counted += sum(peak.snr > above for peak in found.peaks)
        expected += float(found.alarms.above(above))
    # Poisson of about 20: three errors, and the formula is good to a fifth
    assert counted == pytest.approx(expected, abs=3 * np.sqrt(expected) + 0.2 * expected)


def test_a_point_is_as_high_as_it_can_be(noise: Noise) -> None:
    white = noise is white_noise
    profile = line(64, 30.3, 8.0)
    source = (profile * gaussian(SHAPE, 50.6, 41.2)).astype(np.float32)
    best = highest_without_noise(source, noise(1, SHAPE), white=white)
    ideal = float(np.sqrt(np.sum(source**2 if white else profile**2)))
    # nodes are no more than half a step away; the noise of the cube is known to 1%
    assert best.snr == pytest.approx(ideal, rel=0.02)
    assert (best.x, best.y) == pytest.approx((50.6, 41.2), abs=0.6)
    assert best.channel == pytest.approx(30.3, abs=0.6)
    assert best.width_chan == 8.0
    assert best.size_px == 0.0


@pytest.mark.parametrize("place", [(41.0, 43.0), (42.0, 42.0), (44.0, 44.0), (43.0, 41.0)])
@pytest.mark.parametrize("size", [0.0, 1.5, 4.0])
def test_coarse_grids_lose_nothing_between_their_nodes(
    place: tuple[float, float], size: float
) -> None:
    """The same source on and between nodes."""
    fwhm = float(np.hypot(BEAM_PX, size * BEAM_PX))
    heights = []
    for x, y, channel in ((48.0, 48.0, 32.0), (*place, 35.0)):
        source = line(64, channel, 16.0) * gaussian(SHAPE, x, y, fwhm)
        best = highest_without_noise(source.astype(np.float32), beam_noise(2, SHAPE), white=False)
        assert (best.x, best.y, best.channel) == pytest.approx((x, y, channel), abs=0.7)
        heights.append(best.snr)
    assert heights[1] == pytest.approx(heights[0], rel=0.01)


def test_continuum_is_not_a_line_and_a_line_on_it_is_found() -> None:
    cube = beam_noise(3, SHAPE) + 20 * gaussian(SHAPE, 30, 30)
    alone = found_in(cube.astype(np.float32))
    assert not alone.peaks
    assert alone.on_continuum[30 // alone.step, 30 // alone.step]
    with_line = found_in((cube + 5 * line(64, 40, 6) * gaussian(SHAPE, 30, 30)).astype(np.float32))
    assert with_line.peaks[0].channel == pytest.approx(40, abs=1)


def test_blanks_are_not_found_and_hide_nothing_else(noise: Noise) -> None:
    white = noise is white_noise
    cube = noise(4, SHAPE) + 40 * line(64, 20, 4) * gaussian(SHAPE, 60, 60)
    cube = cube.astype(np.float32)
    cube[:, :20] = np.nan
    cube[30:34] = np.nan
    for channel in range(64):  # a corner that grows with the channel
        cube[channel, -10 - channel // 4 :, : 10 + channel // 4] = np.nan
    found = found_in(cube, white=white)
    assert all(np.hypot(peak.x - 60, peak.y - 60) < 10 for peak in found.peaks)
    assert found.peaks[0].channel == pytest.approx(20, abs=1)
    assert not any(peak.node[0] == 31 for peak in found.peaks)
    assert found.highest[-1, 0] == 0


def test_scale_of_the_cube_does_not_matter() -> None:
    cube = beam_noise(5, SHAPE) + 12 * line(64, 20, 4) * gaussian(SHAPE, 60, 60)
    one, other = (found_in((by * cube).astype(np.float32)) for by in (1.0, 1e-6))
    assert [peak.snr for peak in one.peaks] == pytest.approx(
        [peak.snr for peak in other.peaks], rel=1e-3
    )


def test_the_correlation_of_channels_is_measured() -> None:
    """Of the mean of two channels each: a half beside, nothing farther away."""
    drawn = white_noise(3, (65, 96, 96))
    found = found_in(drawn[1:] + drawn[:-1], white=True)
    assert found.noise.between_channels[:3] == pytest.approx([1.0, 0.5, 0.0], abs=0.05)


def test_noise_of_a_sum_over_the_band_is_never_less_than_nothing() -> None:
    """A correlation that was measured in eight channels says so of it."""
    weight = np.array([1.23, 0.73, 1.03, 0.97, 1.19, 1.12, 0.73, 0.37], np.float32)
    measured = np.array([1.0, 0.84, -0.74, -1.21, -0.08])
    white = band_noise(weight, np.ones(1))
    assert white == pytest.approx(np.linalg.norm(weight))
    assert 0 < band_noise(weight, measured) < white
