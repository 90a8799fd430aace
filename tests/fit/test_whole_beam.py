"""White noise with every sidelobe: fits of data that the beam has seen again reach the bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.equations import model_score
from deepfocus.fit.filters import Filtering, Nearby
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.fit.patch import Problem, patch_problem
from deepfocus.fit.solve import Fit, fit
from deepfocus.fit.spectra import Sampled
from deepfocus.fit.whole_beam import WholeBeam

if TYPE_CHECKING:
    from conftest import Case

STILL = free_but(1, *GRADIENT, SLOPE)
DRAWS = 120
"""A scatter is known to 6.5%: three of its errors, 20%."""


@pytest.fixture
def white(case_named: Callable[[str], Case]) -> Case:
    """White noise, and the beam known as far as the image goes from any place in it."""
    case = case_named("white")
    assert case.response.reaches_everywhere
    return case


def problem_of(
    case: Case, data: np.ndarray, filtering: Filtering, around: np.ndarray, before: np.ndarray
) -> Problem:
    """That of a component (12,), from what another that was there before leaves of the data."""
    left = data.copy()
    add_model(left, [Part(before[None], sign=-1.0)], case.response)
    if isinstance(filtering, WholeBeam):
        filtering.see_again(left)
    x, y = around[[X, Y]].round().astype(int)
    problem = patch_problem(
        left,
        np.ones(len(data)),
        filtering,
        box=(y - 12, y + 13, x - 12, x + 13),
        channel=float(around[CHANNEL].round()),
        profile=Sampled(),
    )
    return replace(problem, score=problem.score + model_score(problem, before[None]))


def stated(found: Fit) -> np.ndarray:
    """(5,) errors of x, y, channel, width and flux."""
    deviation = np.sqrt(np.einsum("ipip->ip", found.covariance))[0]
    return deviation[[X, Y, CHANNEL, SIGMA, FLUX]]


def bound_of(case: Case, row: np.ndarray) -> np.ndarray:
    """(5,) of the same."""
    limit = case.limit(row)
    width = limit.width_chan / FWHM_PER_SIGMA
    return np.array([limit.x_px, limit.y_px, limit.channel, width, limit.flux * row[FLUX]])


def bright(case: Case, component: np.ndarray, snr: float) -> np.ndarray:
    """The component at a signal-to-noise ratio for an ideal observer."""
    row = component.copy()
    row[[FLUX, CONTINUUM]] *= snr / case.limit(component).snr
    return row


@pytest.mark.parametrize("place", [(72.3, 70.8), (25.4, 118.6)])
def test_stated_errors_are_the_bound(
    white: Case, component: np.ndarray, place: tuple[float, float]
) -> None:
    """In the middle and near a corner, to 3%: the kernel is that of the middle of the patch.

    Four beams around a source tell less.
    """
    truth = component.copy()
    truth[[X, Y]] = place
    truth = bright(white, truth, 30.0)
    data = white.dirty(truth)
    whole = fit(
        problem_of(white, data, WholeBeam(white.response), truth, truth), truth[None], STILL
    )
    near = fit(
        problem_of(white, data, Nearby(white.response, white.power), truth, truth),
        truth[None],
        STILL,
    )
    ratio = stated(whole) / bound_of(white, truth)
    assert ratio == pytest.approx(1.0, abs=0.03)
    assert np.all(stated(near) > 1.02 * stated(whole))


def test_a_fit_that_starts_beside_the_truth_comes_to_it(white: Case, component: np.ndarray) -> None:
    """Without noise, from three errors away: a twentieth of an error is left."""
    truth = bright(white, component, 30.0)
    data = white.dirty(truth)
    errors = bound_of(white, truth)
    before = truth.copy()
    before[[X, Y, CHANNEL, SIGMA, FLUX]] += 3.0 * errors * [1, -1, 1, 1, -1]
    found = fit(
        problem_of(white, data, WholeBeam(white.response), truth, before), before[None], STILL
    )
    left = (found.values[0] - truth)[[X, Y, CHANNEL, SIGMA, FLUX]] / errors
    assert np.abs(left).max() < 0.05, left


def test_estimates_scatter_as_the_bound_says(white: Case, component: np.ndarray) -> None:
    truth = bright(white, component, 30.0)
    dirty = white.dirty(truth)
    bound = bound_of(white, truth)
    errors = []
    for seed in range(DRAWS):
        problem = problem_of(
            white, dirty + white.noise(seed), WholeBeam(white.response), truth, truth
        )
        found = fit(problem, truth[None], STILL)
        errors.append((found.values[0] - truth)[[X, Y, CHANNEL, SIGMA, FLUX]] / bound)
    scatter = np.std(errors, axis=0)
    assert scatter == pytest.approx(1.0, abs=0.2)
    assert np.abs(np.mean(errors, axis=0)).max() < 3.5 / np.sqrt(DRAWS)
