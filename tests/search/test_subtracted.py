"""What was subtracted from all spectra is seen in the zeros that it leaves, and in the noise."""

from __future__ import annotations

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

from deepfocus.search.continuum import projection_of
from deepfocus.search.noise_map import noise_map, sample_of
from deepfocus.search.search import Found, search
from deepfocus.search.subtracted import Subtracted, subtracted_of, take

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


def seen_in(cube: np.ndarray, *, white: bool = False) -> Subtracted | None:
    """What was subtracted from a cube."""
    correlated_px = 0.0 if white else BEAM_PX
    sigma = noise_map(cube, correlated_px=correlated_px).channel
    return subtracted_of(sample_of(cube, correlated_px), sigma, correlated_px=correlated_px)


def found_knowing(cube: np.ndarray, *, false_peaks: float = 0.01) -> Found:
    """What a search finds once that is taken from all channels."""
    subtracted = seen_in(cube)
    assert subtracted is not None
    sigma = noise_map(cube, correlated_px=BEAM_PX).channel
    cube = cube.copy()
    take(projection_of(sigma, subtracted.numbers), cube, sigma, 1 << 20)
    none = np.zeros(cube.shape, bool)
    noise = noise_map(cube, correlated_px=BEAM_PX, emission=none)
    known = filters(cube.shape, white=False)
    return search(cube, noise, *known, false_peaks=false_peaks, taken=subtracted.numbers)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("used", FITTED.values(), ids=FITTED.keys())
def test_channels_that_were_fitted_are_seen(noise: Noise, used: np.ndarray, order: int) -> None:
    subtracted = seen_in(
        without_continuum(noise(1, SHAPE), used, order), white=noise is white_noise
    )
    assert subtracted is not None
    assert subtracted.numbers == order + 1
    # in pairs of channels, of which one may be fitted and the other not
    assert np.count_nonzero(subtracted.channels != used) <= 3


def test_nothing_was_subtracted_from_noise_lines_and_continua(noise: Noise) -> None:
    white = noise is white_noise
    cube = noise(3, SHAPE)
    assert seen_in(cube, white=white) is None
    bright = 200 * line(64, 30, 8) * gaussian(SHAPE, 40, 40) + 50 * gaussian(SHAPE, 60, 60)
    assert seen_in((cube + bright).astype(np.float32), white=white) is None
    # Hanning's weights leave almost nothing of what alternates from channel to channel
    smooth = 0.25 * cube[:-2] + 0.5 * cube[1:-1] + 0.25 * cube[2:]
    assert seen_in(smooth, white=white) is None


def test_lines_and_blank_channels_do_not_hide_it() -> None:
    cube = beam_noise(4, SHAPE) + 300 * line(64, 50, 8) * gaussian(SHAPE, 40, 40)
    cube = without_continuum(cube, FITTED["lower two thirds"], 1)
    cube[20:24] = np.nan
    cube[:, :10] = np.nan
    subtracted = seen_in(cube)
    assert subtracted is not None
    assert subtracted.channels[:20].all()
    assert not subtracted.channels[20:24].any()
    assert not subtracted.channels[46:].any()


def test_few_spectra_tell_nothing() -> None:
    cube = without_continuum(beam_noise(5, (64, 24, 24)), FITTED["lower two thirds"], 1)
    assert seen_in(cube) is None


def test_what_is_taken_is_a_fit_to_the_channels_that_have_data() -> None:
    rng = np.random.default_rng(6)
    cube = rng.standard_normal((30, 5, 4)).astype(np.float32)
    sigma = rng.uniform(0.5, 2.0, 30)
    sigma[[3, 4]] = np.inf
    cube[[3, 4]] = np.nan
    cube[20:, 2, 1] = np.nan
    left = cube.copy()
    take(projection_of(sigma, 2), left, sigma, 3 * 20)
    for spectrum, after in zip(cube.reshape(30, -1).T, left.reshape(30, -1).T, strict=True):
        known = np.isfinite(spectrum)
        at = np.arange(30)[known]
        fitted = np.polynomial.Polynomial.fit(at, spectrum[known], 1, w=1 / sigma[known])
        # in single precision
        assert after[known] == pytest.approx(spectrum[known] - fitted(at), abs=1e-5)
        assert np.isnan(after[~known]).all()


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
