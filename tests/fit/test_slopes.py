"""A continuum slopes as a spectral index makes it; what slopes more is a line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.finders.deepfocus.slopes import OfSpectralIndices, OfStraightLines
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    free_but,
)
from deepfocus.fit.solve import Fit, fit_free


def sloped(case, light: np.ndarray, seed: int) -> Fit:
    """A continuum without a line, its slope free, fitted to what shines."""
    data = model_cube(light[None], case.response) + case.noise(seed)
    start = light.copy()
    start[[FLUX, SLOPE]] = 0.0
    free = free_but(1, FLUX, CHANNEL, SIGMA, *GRADIENT)
    return fit_free(case.problem(data), start[None], free)


@pytest.mark.parametrize("index", [-4.0, 4.0])
def test_a_spectral_index_is_a_slope(case_named: Callable, component, index: float) -> None:
    """Over a tenth of the band's frequency, and at a hundred sigma."""
    component[[FLUX, CONTINUUM, SLOPE]] = 0.0, 20.0, 20.0 * index * 0.05
    found = sloped(case_named("thermal"), component, seed=1)
    assert OfSpectralIndices().allowed(found) is found


def test_half_of_a_broad_line_is_none(case_named: Callable, component) -> None:
    """A slope takes most of a line that an end of the band cuts off; level, it is still there."""
    component[[CHANNEL, SIGMA, FLUX, CONTINUUM]] = 19.0, 9.0, 200.0, 2.0
    found = sloped(case_named("thermal"), component, seed=2)
    assert found.values[0, SLOPE] > 0.5 * found.values[0, CONTINUUM]
    level = OfSpectralIndices().allowed(found)
    assert level.values[0, SLOPE] == 0
    assert not level.free[0, SLOPE]
    assert level.free[0, CONTINUUM]
    # that of a line of signal-to-noise 9, which a search of the residual finds
    assert level.chi2 - found.chi2 > 50


def test_slopes_are_free_where_they_matter(case_named: Callable, component) -> None:
    for continuum, matters in ((0.5, False), (20.0, True)):
        component[[FLUX, CONTINUUM]] = 0.0, continuum
        found = sloped(case_named("thermal"), component, seed=3)
        found = fit_free(found.problem, found.values, found.free & (np.arange(12) != SLOPE))
        assert OfSpectralIndices().free(found)[0, SLOPE] == matters
        assert OfStraightLines().free(found)[0, SLOPE]
