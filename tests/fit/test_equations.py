"""Chi^2, its gradient and the information, against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import RectBivariateSpline

from deepfocus.fit.attenuation import Attenuation
from deepfocus.fit.equations import normal_equations, score_covariance
from deepfocus.fit.parameters import COUNT
from deepfocus.fit.spectra import Integrated, Profile, Sampled

STEPS = np.array([1e-3, 1e-3, 1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-2, 1e-3, 1e-3, 1e-3, 1e-3])


@pytest.mark.parametrize("profile", [Integrated(), Sampled()])
def test_lines_keep_their_flux_and_have_their_derivatives(profile: Profile) -> None:
    channels = np.arange(40.0)
    centre, sigma = np.array([19.7, 15.2]), np.array([0.9, 2.5])
    line, by_centre, by_sigma = profile.of(channels, centre=centre, sigma=sigma)
    # a Gaussian sampled at its sigma keeps its sum to 6e-9; one of 0.9 channels, to 2e-7
    assert line.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    step = 1e-5
    for derivative, dc, ds in ((by_centre, step, 0.0), (by_sigma, 0.0, step)):
        up, down = (
            profile.of(channels, centre=centre + sign * dc, sigma=sigma + sign * ds)[0]
            for sign in (1, -1)
        )
        assert derivative == pytest.approx((up - down) / (2 * step), abs=1e-8)


def test_a_gaussian_primary_beam_is_exact() -> None:
    """Against the product on a grid: flux, centre and covariance."""
    width, at = 30.0, np.array([12.0, -7.0])
    covariance = np.array([[20.0, 5.0], [5.0, 9.0]])
    pixels = np.arange(-60, 61)
    logarithm = -(pixels[:, None] ** 2 + pixels[None, :] ** 2) / (2 * width**2)
    spline = RectBivariateSpline(pixels, pixels, logarithm)
    seen = Attenuation(spline).of(at[None], covariance[None])
    y, x = np.mgrid[-60:61, -60:61].astype(float)
    offset = np.stack([x - at[0], y - at[1]], axis=-1)
    exponent = np.einsum("yxi,ij,yxj->yx", offset, np.linalg.inv(covariance), offset)
    light = np.exp(-0.5 * exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    light *= np.exp(-0.5 * (x**2 + y**2) / width**2)
    assert np.exp(seen.log_factor[0]) == pytest.approx(light.sum(), rel=1e-6)
    mean = np.array([np.sum(light * x), np.sum(light * y)]) / light.sum()
    assert seen.centre[0] == pytest.approx(mean, abs=1e-6)
    assert seen.covariance[0, 0, 1] == pytest.approx(
        np.sum(light * (x - mean[0]) * (y - mean[1])) / light.sum(), rel=1e-6
    )


@pytest.mark.parametrize("gradient", [0.0, 0.6])
def test_the_gradient_is_that_of_chi2(
    case_named: Callable, component: np.ndarray, gradient: float
) -> None:
    """Two components that overlap, away from the data's best fit.

    The primary beam's third derivative is left out, hence 1%.
    """
    case = case_named("white")
    problem = case.problem(case.dirty(component) + case.noise(1))
    values = np.array([component, component])
    values[1, :6] += 3.0, -2.0, 2.0, -1.0, 1.0, 1.3
    values[:, 7] *= 0.7
    values[0, 9:11] = gradient, -gradient / 2
    found = normal_equations(problem, values)
    scale = np.sqrt(np.diag(found.information)).reshape(values.shape)
    for i in range(2):
        for k in range(COUNT):
            if k >= 9 and gradient == 0:
                continue
            up, down = values.copy(), values.copy()
            up[i, k] += STEPS[k]
            down[i, k] -= STEPS[k]
            ahead, behind = (normal_equations(problem, each).chi2 for each in (up, down))
            slope = -(ahead - behind) / (4 * STEPS[k])
            # in units of the parameter's own information
            expected = slope / scale[i, k]
            assert found.gradient[i, k] / scale[i, k] == pytest.approx(
                expected, abs=0.01 * max(1.0, abs(expected))
            )


def test_moving_lines_are_the_limit_of_still_ones(
    case_named: Callable, component: np.ndarray
) -> None:
    """The sum over channels against the product of images and spectra, at a gradient of nothing."""
    case = case_named("thermal")
    problem = case.problem(case.dirty(component))
    still = np.array([component, component])
    still[1, 5] += 2.0
    moving = still.copy()
    moving[:, 9] = 1e-9
    a, b = normal_equations(problem, still), normal_equations(problem, moving)
    assert b.chi2 == pytest.approx(a.chi2, rel=1e-7)
    assert b.gradient == pytest.approx(a.gradient, rel=1e-5, abs=1e-5 * np.abs(a.gradient).max())
    assert b.information == pytest.approx(a.information, abs=1e-6 * np.abs(a.information).max())
    c, d = score_covariance(problem, still), score_covariance(problem, moving)
    assert d == pytest.approx(c, abs=1e-6 * np.abs(c).max())
