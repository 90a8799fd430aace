"""Fits of components whose truth is known: without noise exact, in noise as good as can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.noise import Measured
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    GX,
    GY,
    SIGMA,
    SIZES,
    SLOPE,
    free_but,
    measured,
    row_of,
    source_of,
)
from deepfocus.fit.solve import fit, fit_free
from deepfocus.fit.spectra import Integrated
from deepfocus.search.correlation import noise_power
from deepfocus.search.noise_map import noise_map
from deepfocus.simulation.view import CleanedView

STILL = free_but(1, *GRADIENT, SLOPE)
DRAWS = 120
"""A scatter is known to 6.5%: three of its errors, 20%, for the worst of nine parameters."""


def moved(row: np.ndarray) -> np.ndarray:
    """A start that a search may give: half a line's width, a third of a beam, half the size off."""
    start = row.copy()
    start[:2] += 2.0, -1.5
    start[SIZES] *= 1.5
    start[5] += 0.8
    start[6] *= 1.4
    start[[FLUX, CONTINUUM]] = np.nan
    return start[None]


def test_rows_and_sources_are_the_same(component: np.ndarray) -> None:
    source = source_of(component)
    assert row_of(source) == pytest.approx(component, abs=1e-9)
    assert source.line_jy == pytest.approx(60.0 / (1.9 * np.sqrt(2 * np.pi)))
    # cxy > 0: the major axis runs from -x, -y to +x, +y, which is west of north
    assert 90 < source.pa < 180
    assert source.fwhm_y_px > source.fwhm_x_px


def test_a_component_without_noise_is_recovered(case, component: np.ndarray) -> None:
    """Sidelobes beyond the known beam, and the change of the beam in the band, leave 0.2%."""
    found = fit(case.problem(case.dirty(component)), moved(component), STILL)
    assert found.converged
    row = found.values[0]
    assert row[FLUX] == pytest.approx(component[FLUX], rel=2e-3)
    assert row[CONTINUUM] == pytest.approx(component[CONTINUUM], rel=5e-3)
    assert row[:2] == pytest.approx(component[:2], abs=0.01)
    assert row[SIZES] == pytest.approx(component[SIZES], abs=0.01 * component[SIZES[0]])
    assert row[5:7] == pytest.approx(component[5:7], rel=1e-3)


def test_estimates_scatter_as_they_say_and_as_they_must(case, component: np.ndarray) -> None:
    """Pulls of all nine parameters, and their scatter over the Cramer-Rao bound."""
    limit = case.limit(component)
    truth = component.copy()
    brighter = 30.0 / limit.snr
    truth[[FLUX, CONTINUUM]] *= brighter
    dirty = case.dirty(truth)
    pulls, values = [], []
    for seed in range(DRAWS):
        found = fit(case.problem(dirty + case.noise(seed)), truth[None], STILL)
        deviation = np.sqrt(np.einsum("ipip->ip", found.covariance))[0]
        pulls.append(((found.values[0] - truth) / deviation)[:9])
        values.append(found.values[0])
    scatter = np.std(pulls, axis=0)
    assert np.all(np.abs(scatter - 1) < 0.2), scatter
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 3.5 / np.sqrt(DRAWS)), np.mean(pulls, axis=0)
    spread = np.std(values, axis=0)
    bound = limit.brighter(brighter)
    ratios = {
        "x": spread[0] / bound.x_px,
        "y": spread[1] / bound.y_px,
        "channel": spread[5] / bound.channel,
        "width": spread[6] * FWHM_PER_SIGMA / bound.width_chan,
        "flux": spread[FLUX] / truth[FLUX] / bound.flux,
    }
    # white noise: the filter leaves out sidelobes that are farther than four beams; cleaned: the
    # bound is that of the visibilities, where CLEAN puts in what long baselines hardly saw
    least = 0.7 if isinstance(case.view, CleanedView) else 0.8
    assert all(least < ratio < 1.25 for ratio in ratios.values()), ratios


def test_two_components_within_a_beam_are_told_apart(
    case_named: Callable, component: np.ndarray
) -> None:
    """0.8 beams apart with the same line, at a signal-to-noise ratio of 40 each."""
    case = case_named("thermal")
    one = component.copy()
    one[SIZES] *= 0.25
    one[[FLUX, CONTINUUM]] *= 40.0 / case.limit(one).snr
    other = one.copy()
    other[0] += 0.8 * case.response.beam_px
    data = case.dirty(one) + case.dirty(other) + case.noise(3)
    start = np.concatenate([moved(one), moved(other)])
    # as splitting one component gives them: about their common centre
    start[:, 0] = one[0] + np.array([0.2, 0.6]) * case.response.beam_px
    found = fit(case.problem(data), start, np.repeat(STILL, 2, axis=0))
    order = np.argsort(found.values[:, 0])
    deviation = np.sqrt(np.einsum("ipip->ip", found.covariance))[order, :9]
    pulls = (found.values[order] - [one, other])[:, :9] / deviation
    assert found.converged
    assert np.abs(pulls).max() < 4.0, pulls
    assert np.all(found.gain > 100)


def test_a_line_that_moves_keeps_its_flux(case_named: Callable, component: np.ndarray) -> None:
    """Two beams over the line's width: each channel is a component where it should be."""
    case = case_named("thermal")
    truth = component.copy()
    truth[[CONTINUUM]] = 0.0
    truth[[GX, GY]] = np.array([1.2, 0.8]) * case.response.beam_px / (FWHM_PER_SIGMA * truth[6])
    data = np.zeros(case.view.telescope.grid.shape, np.float32)
    for channel in range(len(data)):
        there = truth.copy()
        there[:2] += (channel - truth[5]) * truth[[GX, GY]]
        data[channel] = case.dirty(there)[channel]
    start = moved(truth)
    start[0, [GX, GY]] = 0.0
    problem = case.problem(data, sigma=0.05)
    free = fit(problem, start, free_but(1, SLOPE))
    still = fit(problem, start, STILL)
    assert free.values[0, FLUX] == pytest.approx(truth[FLUX], rel=3e-3)
    assert free.values[0, [GX, GY]] == pytest.approx(truth[[GX, GY]], rel=5e-3)
    # what a fit without a gradient loses
    assert still.values[0, FLUX] < 0.95 * truth[FLUX]


def test_blank_channels_tell_nothing(case_named: Callable, component: np.ndarray) -> None:
    case = case_named("thermal")
    data = case.dirty(component)
    data[[3, 12]] = np.nan
    problem = case.problem(data)
    assert np.flatnonzero(problem.weights == 0).tolist() == [3, 12]
    found = fit(problem, moved(component), STILL)
    assert found.values[0, FLUX] == pytest.approx(component[FLUX], rel=3e-3)


def test_a_source_far_smaller_than_the_beam_has_a_limit_in_place_of_a_size(
    case_named: Callable, component: np.ndarray
) -> None:
    case = case_named("thermal")
    point = component.copy()
    point[SIZES] = 0.5, 0.5, 0.0
    point[[FLUX, CONTINUUM]] *= 20.0 / case.limit(point).snr
    found = fit(case.problem(case.dirty(point) + case.noise(5)), moved(point), STILL)
    told = measured(found.values[0], found.covariance[0, :, 0])
    for size, limit in (
        (told.source.fwhm_x_px, told.fwhm_x_limit_px),
        (told.source.fwhm_y_px, told.fwhm_y_limit_px),
    ):
        # at an SNR of 20, sizes are told to about a third of the beam
        assert size < limit < 0.8 * case.response.beam_px
    # the template is known to 1 / 20; an unknown size and continuum cost as much again
    assert 1.0 < 20 * told.flux_jy_chan_err / point[FLUX] < 2.5


def test_noise_whose_power_is_measured_biases_nothing(
    case_named: Callable, component: np.ndarray
) -> None:
    """An autocorrelation from one cube of noise, rough as it is, of a source without noise."""
    case = case_named("thermal")
    noise = case.noise(3).astype(np.float32)
    power = noise_power(noise, noise_map(noise, correlated_px=8.0), reach=32)
    assert isinstance(power, Measured)
    problem = case.problem(case.dirty(component), power=power)
    row = fit(problem, moved(component), STILL).values[0]
    assert row[FLUX] == pytest.approx(component[FLUX], rel=5e-3)
    # without an end to the filter, 1.3 to 1.7 px^2 of 6 too large
    assert row[SIZES] == pytest.approx(component[SIZES], abs=0.02 * component[SIZES[0]])


def test_a_line_narrower_than_a_channel_is_known_to_lie_in_it(
    case_named: Callable, component: np.ndarray
) -> None:
    case, row = case_named("thermal"), component.copy()
    row[CHANNEL], row[SIGMA] = 11.0, 0.2
    data = model_cube(row[None], case.response, profile=Integrated()) + case.noise(3)
    problem = replace(case.problem(data), profile=Integrated())
    fitted = fit_free(problem, row[None], free_but(1, SLOPE, *GRADIENT))
    errors = np.sqrt(np.diag(fitted.covariance[0, :, 0]))
    # what the data alone tell of both is worse than that
    assert 0.05 < errors[CHANNEL] < 0.35
    assert 0.05 < errors[SIGMA] < 0.35
