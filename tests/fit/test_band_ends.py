"""Lines that an end of the band cuts off: how far beyond it their centres are said to be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.finders.deepfocus.band_ends import TOLD, at_the_ends
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, FLUX, GRADIENT, SIGMA, SLOPE, free_but
from deepfocus.fit.solve import Fit, fit_free

LAST = 23
"""Channel."""


def cut_off(case, line: np.ndarray, *, sigma: float, seed: int) -> Fit:
    """A line fitted to what shines, from far beyond the end of the band; sigma of the noise."""
    data = model_cube(line[None], case.response) + sigma * case.noise(seed)
    start = line.copy()
    start[[CHANNEL, SIGMA]] = (-3.0 if line[CHANNEL] < LAST / 2 else LAST + 3.0), 5.0
    free = free_but(1, CONTINUUM, SLOPE, *GRADIENT)
    return fit_free(case.problem(data, sigma), start[None], free, signed_sizes=True)


@pytest.mark.parametrize("centre", [0.0, float(LAST)])
def test_few_lines_at_the_end_are_said_to_be_beyond_it(
    case_named: Callable, component, centre: float
) -> None:
    """At a signal-to-noise of 10, a quarter of the fits and more run beyond."""
    component[[CHANNEL, SIGMA, FLUX, CONTINUUM]] = centre, 3.0, 120.0, 0.0
    before = [cut_off(case_named("thermal"), component, sigma=3.0, seed=i) for i in range(16)]
    after = [at_the_ends(each) for each in before]
    ran_off = [each for each in zip(before, after, strict=True) if beyond(each[0])]
    moved = [(fit, there) for fit, there in ran_off if not beyond(there)]
    assert len(ran_off) >= 4
    # one in six lines that lie at the end seem to lie beyond by more than an error
    assert sum(map(beyond, after)) < len(before) / 3
    for fit, there in moved:
        assert there.values[0, CHANNEL] == centre
        assert there.chi2 - fit.chi2 < TOLD
        # a broader line farther off would be a brighter one
        assert np.all(there.values[0, [SIGMA, FLUX]] < fit.values[0, [SIGMA, FLUX]])
        # its centre is not known the better for that
        assert there.covariance[0, CHANNEL, 0, CHANNEL] > 0
    kept = [(fit, there) for fit, there in zip(before, after, strict=True) if not beyond(fit)]
    assert all(np.array_equal(fit.values, there.values) for fit, there in kept)


def beyond(fitted: Fit) -> bool:
    return not 0 <= fitted.values[0, CHANNEL] <= LAST


def test_a_bright_line_beyond_the_end_stays_there(case_named: Callable, component) -> None:
    component[[CHANNEL, SIGMA, FLUX, CONTINUUM]] = -2.5, 3.0, 3000.0, 0.0
    before = cut_off(case_named("thermal"), component, sigma=1.0, seed=1)
    assert before.values[0, CHANNEL] == pytest.approx(-2.5, abs=0.6)  # three errors
    after = at_the_ends(before)
    assert np.array_equal(after.values, before.values)
    assert np.array_equal(after.free, before.free)
