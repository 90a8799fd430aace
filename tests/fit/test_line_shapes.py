"""Widths of lines of unknown shape, from their spectra."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.source import FIFTH_PER_HALF, FWHM_PER_SIGMA
from deepfocus.fit.line_shapes import widths_of
from deepfocus.fit.line_spectra import LineSpectrum
from deepfocus.ops.line_widths import crossings

CHANNELS, CENTRE = np.arange(100), 47.3
FINE = np.linspace(-40.0, 40.0, 8001)


def gaussian(offsets: np.ndarray, sigma: float) -> np.ndarray:
    return np.exp(-0.5 * (offsets / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)


def disc(offsets: np.ndarray, half: float, sigma: float) -> np.ndarray:
    """Rings of an exponential disc, each as fast as an arctan has it."""
    rng = np.random.default_rng(0)
    radius = rng.gamma(2.0, 1.0, 4000)
    along = np.cos(2 * np.pi * (np.arange(4000) + 0.5) / 4000 * 613)
    places = half * 2 / np.pi * np.arctan(radius / 0.3) * along
    return gaussian(offsets[:, None] - places, sigma).mean(axis=1)


def level(offsets: np.ndarray, half: float, sigma: float) -> np.ndarray:
    return gaussian(offsets[:, None] - np.linspace(-half, half, 801), sigma).mean(axis=1)


def widths(line: np.ndarray) -> np.ndarray:
    return np.array([np.ptp(crossings(FINE, line, share)) for share in (0.5, 0.2)])


def spectrum(line: np.ndarray, noise: float, seed: int | None = 0) -> LineSpectrum:
    scatter = 0.0 if seed is None else np.random.default_rng(seed).normal(0, noise, len(line))
    return with_flux(line + scatter, np.full(len(line), noise))


def with_flux(flux: np.ndarray, error: np.ndarray) -> LineSpectrum:
    return LineSpectrum(flux, error, baseline=True)


def test_a_gaussian_has_its_own() -> None:
    line = gaussian(CHANNELS - CENTRE, 6.0)
    found = widths_of(spectrum(line, 1e-4, seed=None), CENTRE + 2, 7.0)
    fwhm = 6.0 * FWHM_PER_SIGMA
    # no edge is sharper than a channel: 0.3 beside 6 is 0.1%
    assert found is not None
    assert found.values == pytest.approx([fwhm, FIFTH_PER_HALF * fwhm], rel=5e-3)


@pytest.mark.parametrize("shape", [disc, level])
@pytest.mark.parametrize("sigma", [0.8, 2.0, 5.0])
def test_lines_with_edges_have_theirs_where_a_gaussian_has_not(shape, sigma: float) -> None:
    line = shape(CHANNELS - CENTRE, 12.0, sigma)
    found = widths_of(spectrum(line, 1e-4, seed=None), CENTRE - 1, 8.0)
    true = widths(shape(FINE, 12.0, sigma))
    assert found is not None
    # a disc is neither of the shapes: 4%; a Gaussian of its variance is 20 to 45% off
    assert found.values == pytest.approx(true, rel=0.04)


@pytest.mark.parametrize("shape", [disc, level])
def test_errors_are_those_that_noise_makes(shape) -> None:
    line = shape(CHANNELS - CENTRE, 12.0, 2.0)
    noise = float(np.linalg.norm(line)) / 20  # a signal-to-noise of 20
    true, each = widths(shape(FINE, 12.0, 2.0)), range(60)
    found = [widths_of(spectrum(line, noise, seed), CENTRE, 8.0) for seed in each]
    pulls = [(one.values - true) / np.sqrt(np.diag(one.covariance)) for one in found if one]
    assert len(pulls) == len(each)
    # 60 draws know a mean to 0.13 and a width to 9%; three times that, and a bias of shape
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.6
    assert 0.7 < np.std(pulls, axis=0).min() < np.std(pulls, axis=0).max() < 1.35


def test_blank_channels_say_nothing() -> None:
    line, blank = level(CHANNELS - CENTRE, 12.0, 2.0), slice(44, 49)
    whole = spectrum(line, 1e-3)
    flux, error = whole.flux.copy(), whole.error.copy()
    flux[blank], error[blank] = 1e6, np.inf
    found = widths_of(with_flux(flux, error), CENTRE, 8.0)
    assert found is not None
    assert found.values == pytest.approx(widths(level(FINE, 12.0, 2.0)), rel=0.03)


def test_a_level_beside_the_line_is_not_taken_for_it() -> None:
    line = level(CHANNELS - CENTRE, 12.0, 2.0)
    raised = spectrum(line + 0.2 * line.max(), 1e-4, seed=None)
    found = widths_of(raised, CENTRE, 8.0)
    assert found is not None
    assert found.values == pytest.approx(widths(level(FINE, 12.0, 2.0)), rel=0.01)


@pytest.mark.parametrize("centre", [3.0, 95.0])
def test_what_the_band_cuts_off_has_no_width(centre: float) -> None:
    assert widths_of(spectrum(level(CHANNELS - centre, 12.0, 2.0), 1e-3), centre, 8.0) is None
