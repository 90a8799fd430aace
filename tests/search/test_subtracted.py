"""What was subtracted from all spectra is seen in the zeros that it leaves, and in the noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.search.searching import (
    BEAM_PX,
    Noise,
    beam_noise,
    filters,
    found_in,
    gaussian,
    line,
    white_noise,
)

from deepfocus.search.continuum import Projection
from deepfocus.search.noise_map import NoiseMap, noise_map, sample_of
from deepfocus.search.search import Found, search
from deepfocus.search.subtracted import fitted_channels, subtracted_of

SHAPE = (64, 96, 96)
CHANNELS = np.arange(SHAPE[0])
FITTED = {
    "lower two thirds": CHANNELS < 43,
    "upper half": CHANNELS >= 32,
    "both sides of a line": (CHANNELS < 10) | ((CHANNELS > 24) & (CHANNELS < 50)),
}


def without_continuum(cube: np.ndarray, used: np.ndarray, order: int) -> np.ndarray:
    """Each pixel less the polynomial through its channels that are used, which goes on."""
    powers = np.linspace(-1, 1, len(cube))[:, None] ** np.arange(order + 1)
    fitted = np.tensordot(np.linalg.pinv(powers[used]), cube[used], axes=1)
    return (cube - np.tensordot(powers, fitted, axes=1)).astype(np.float32)


def known_of(cube: np.ndarray, *, white: bool = False) -> NoiseMap:
    """The noise of a cube, and what was subtracted from it."""
    correlated_px = 0.0 if white else BEAM_PX
    noise = noise_map(cube, correlated_px=correlated_px, emission=np.zeros(cube.shape, bool))
    subtracted = subtracted_of(
        sample_of(cube, correlated_px), noise.channel, correlated_px=correlated_px
    )
    return replace(noise, subtracted=subtracted)


def found_knowing(cube: np.ndarray, *, false_peaks: float = 0.01) -> Found:
    return search(cube, known_of(cube), *filters(cube.shape, white=False), false_peaks=false_peaks)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("used", FITTED.values(), ids=FITTED.keys())
def test_noise_of_a_broad_line_is_what_a_fit_leaves(
    noise: Noise, used: np.ndarray, order: int
) -> None:
    subtracted = known_of(
        without_continuum(noise(1, SHAPE), used, order), white=noise is white_noise
    ).subtracted
    assert subtracted is not None
    assert subtracted.onto.shape == (64, order + 1)
    # in pairs of channels, of which one may be fitted and the other not
    assert np.count_nonzero(fitted_channels(subtracted) != used) <= 3
    drawn = np.random.default_rng(2).standard_normal((64, 40_000))
    left = without_continuum(drawn[:, None], used, order)[:, 0].astype(float)
    for at in (5, 32, 58):
        row = line(64, at, 16.0)[:, 0, 0]
        measured, independent = float(np.var(row @ left)), float(row @ row)
        # channels are told in pairs, so that the fit's ends are known to one of 43
        expected = max(measured - independent, 0.0)
        assert subtracted.added(row) == pytest.approx(
            expected, abs=0.05 * independent + 0.1 * expected
        )


def test_nothing_was_subtracted_from_noise_lines_and_continua(noise: Noise) -> None:
    white = noise is white_noise
    cube = noise(3, SHAPE)
    assert known_of(cube, white=white).subtracted is None
    bright = 200 * line(64, 30, 8) * gaussian(SHAPE, 40, 40) + 50 * gaussian(SHAPE, 60, 60)
    assert known_of((cube + bright).astype(np.float32), white=white).subtracted is None
    # Hanning's weights leave almost nothing of what alternates from channel to channel
    smooth = 0.25 * cube[:-2] + 0.5 * cube[1:-1] + 0.25 * cube[2:]
    assert known_of(smooth, white=white).subtracted is None


def test_lines_and_blank_channels_do_not_hide_it() -> None:
    cube = beam_noise(4, SHAPE) + 300 * line(64, 50, 8) * gaussian(SHAPE, 40, 40)
    cube = without_continuum(cube, FITTED["lower two thirds"], 1)
    cube[20:24] = np.nan
    cube[:, :10] = np.nan
    subtracted = known_of(cube).subtracted
    assert subtracted is not None
    assert not subtracted.along[20:24].any()
    # what the blank ones had is missing in the sums, so that these are not quite zero
    weights = np.abs(subtracted.along)
    assert weights[46:].max() < 0.1 * weights[:43].max()


def test_few_spectra_tell_nothing() -> None:
    cube = without_continuum(beam_noise(5, (64, 24, 24)), FITTED["lower two thirds"], 1)
    assert known_of(cube).subtracted is None


@pytest.mark.parametrize("used", FITTED.values(), ids=FITTED.keys())
def test_what_a_continuum_leaves_beyond_its_channels_is_no_line(used: np.ndarray) -> None:
    cubes = [without_continuum(beam_noise(seed, SHAPE), used, 1) for seed in range(4)]
    found = [found_knowing(cube, false_peaks=1.0) for cube in cubes]
    # 4 are due: Poisson, three errors
    assert sum(len(each.peaks) for each in found) <= 10


def test_a_search_that_does_not_know_takes_it_for_lines() -> None:
    cubes = [
        without_continuum(beam_noise(seed, SHAPE), FITTED["lower two thirds"], 1)
        for seed in range(4)
    ]
    # 0.04 are due
    assert sum(len(found_in(cube).peaks) for cube in cubes) > 8
    assert sum(len(found_knowing(cube).peaks) for cube in cubes) <= 1


def test_it_hides_nothing_elsewhere() -> None:
    source = 12 * line(64, 12, 6) * gaussian(SHAPE, 40, 40) / np.sqrt(6)
    cube = beam_noise(2, SHAPE) + source
    # from channels without the line
    used = (CHANNELS > 24) & (CHANNELS < 56)
    (peak,) = found_knowing(without_continuum(cube, used, 0)).peaks
    assert (peak.x, peak.y, peak.channel) == pytest.approx((40, 40, 12), abs=2)


def test_one_projection_after_another_is_both() -> None:
    rng = np.random.default_rng(6)
    first, second = (Projection(*rng.standard_normal((2, 20, k))) for k in (2, 1))
    spectra = rng.standard_normal((20, 7))
    both = second.after(first)
    assert both.of(spectra) == pytest.approx(second.of(first.of(spectra)))
    matrix = both.of(np.eye(20))
    assert both.share_left == pytest.approx(np.diag(matrix @ matrix.T))
