"""The flux of a moving line in each channel, as the fit of a Gaussian leaves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deepfocus.fit.image import model_cube
from deepfocus.fit.line_spectra import moving_spectra
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CYY,
    FLUX,
    GX,
    SIGMA,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import Sampled

CHANNELS = np.arange(24)
TRUE_FLUX, CENTRE = 60.0, (74.0, 72.0, 11.5)


def disc() -> np.ndarray:
    """(150, 12) clouds of an exponential disc, nearly edge on, whose rotation is soon level."""
    rng = np.random.default_rng(0)
    radius, azimuth = rng.gamma(2.0, 1.7, 150), 2 * np.pi * (np.arange(150) + 0.5) / 150
    rows = np.zeros((150, COUNT))
    rows[:, X] = CENTRE[0] + radius * np.cos(azimuth)
    rows[:, Y] = CENTRE[1] + 0.4 * radius * np.sin(azimuth)
    rows[:, CHANNEL] = CENTRE[2] + 5.0 * np.tanh(radius / 1.0) * np.cos(azimuth)
    rows[:, SIGMA], rows[:, FLUX] = 0.8, TRUE_FLUX / 150
    return rows


def spectrum_of(rows: np.ndarray) -> np.ndarray:
    lines = Sampled().of(CHANNELS, centre=rows[:, CHANNEL], sigma=rows[:, SIGMA])[0]
    return rows[:, FLUX] @ lines


def moving_line() -> np.ndarray:
    row = np.zeros((1, COUNT))
    row[0, [X, Y, CHANNEL]] = CENTRE
    row[0, [CXX, CYY]], row[0, SIGMA], row[0, FLUX], row[0, GX] = 5.0, 3.0, 40.0, 0.5
    return row


def as_one_that_moves(case, data: np.ndarray, sigma: float) -> Fit:
    start = np.zeros((1, COUNT))
    start[0, [X, Y, CHANNEL]] = CENTRE
    start[0, [CXX, CYY]], start[0, SIGMA], start[0, FLUX], start[0, GX] = 4.0, 3.0, 50.0, 0.4
    return fit_free(case.problem(data, sigma), start, free_but(1, CONTINUUM, SLOPE))


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
def test_the_spectrum_of_a_disc_is_its_own(case_named: Callable, name: str) -> None:
    case, clouds = case_named(name), disc()
    fitted = as_one_that_moves(case, model_cube(clouds, case.response), 1.0)
    (found,) = moving_spectra(fitted.problem, fitted.values, fitted.free)
    true = spectrum_of(clouds)
    assert found is not None
    # what of a channel's image is neither where the fit has it nor longer: up to 6% of the peak
    assert np.abs(found.flux - true).max() < 0.06 * true.max()
    assert np.abs(spectrum_of(fitted.values) - true).max() > 0.15 * true.max()


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
@pytest.mark.parametrize("farther_px", [-2.0, 2.0])
def test_what_lies_farther_along_the_way_is_not_missed(
    case_named: Callable, name: str, farther_px: float
) -> None:
    case, row = case_named(name), moving_line()
    clouds = np.repeat(row, 40, axis=0)
    clouds[:, GX], clouds[:, SIGMA], clouds[:, FLUX] = 0.0, 0.6, TRUE_FLUX / 40
    clouds[:, CHANNEL] = np.linspace(5.5, 17.5, 40)
    ahead = clouds[:, CHANNEL] - row[0, CHANNEL]
    clouds[:, X] += row[0, GX] * ahead + farther_px * np.sign(ahead) * (np.abs(ahead) > 2)
    problem = case.problem(model_cube(clouds, case.response))
    (found,) = moving_spectra(problem, row, free_but(1))
    assert found is not None
    ends = np.r_[6:9, 15:18]
    # its image misses 4 to 8% of what lies 2 px off it; to second order nothing is missed
    np.testing.assert_allclose(found.flux[ends], spectrum_of(clouds)[ends], rtol=0.035)


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
def test_its_error_is_what_noise_makes(case_named: Callable, name: str) -> None:
    case, row = case_named(name), moving_line()
    free, pulls = free_but(1, CONTINUUM, SLOPE), []
    for seed in range(12):
        data = model_cube(row, case.response) + case.noise(seed)
        (found,) = moving_spectra(case.problem(data), row, free)
        assert found is not None
        pulls.append((found.flux - spectrum_of(row)) / found.error)
    # 288 values know a scatter to 4%, a mean to 0.06
    assert np.std(pulls) == pytest.approx(1.0, abs=0.13)
    assert np.mean(pulls) == pytest.approx(0.0, abs=0.2)


def test_of_what_stays_in_place_nothing_is_measured(case_named: Callable, component) -> None:
    case = case_named("thermal")
    problem, still = case.problem(model_cube(component[None], case.response)), component[None]
    assert moving_spectra(problem, still, free_but(1)) == (None,)
    moving = still.copy()
    moving[0, GX] = 0.2
    both = moving_spectra(problem, np.concatenate([still, moving]), free_but(2))
    assert both[0] is None
    assert both[1] is not None
    assert both[1].baseline


def test_a_blank_channel_has_no_flux(case_named: Callable, component) -> None:
    case, moving = case_named("thermal"), component[None].copy()
    moving[0, GX] = 0.2
    data = model_cube(moving, case.response)
    data[10] = 1e6
    problem = replace(case.problem(data), weights=np.where(CHANNELS == 10, 0.0, 1.0))
    (found,) = moving_spectra(problem, moving, free_but(1))
    assert found is not None
    assert np.isinf(found.error[10])
    assert np.isfinite(found.error).sum() == len(CHANNELS) - 1
    true = spectrum_of(moving)
    assert found.flux[9] == pytest.approx(true[9], rel=0.01)
