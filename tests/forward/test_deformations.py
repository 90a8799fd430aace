"""Derivatives of images against sources that are drawn again, moved, grown and turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import irfft2
from scipy.ndimage import gaussian_filter

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.forward.cells import cells_of
from deepfocus.forward.deformations import GaussianShape, RigidShape, Seen, axes
from deepfocus.forward.kernels import Kernels
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.sky.template_files import template_of
from deepfocus.sky.template_source import TemplateSource

SHAPE = (80, 84)
GALAXY = TemplateSource(
    template_of("G33"),
    x=41.2,
    y=38.9,
    fwhm_px=14.0,
    pa=35.0,
    channel=10.0,
    fwhm_chan=5.0,
    flux_jy_kms=1.0,
)
AT = {"x": GALAXY.x, "y": GALAXY.y}
WITHIN = 0.01
"""A template is piecewise linear: its derivatives have steps, which a difference of two drawings
smooths in its own way. So both are compared through a beam."""
BEAM_SIGMA_PX = 3.0


def drawn(source: TemplateSource) -> np.ndarray:
    """(y, x) the flux of the source on every pixel."""
    image = source.image(SHAPE).astype(float)
    return image / image.sum()


def close(found: np.ndarray, expected: np.ndarray, within: float) -> bool:
    found, expected = (gaussian_filter(each, BEAM_SIGMA_PX) for each in (found, expected))
    return bool(np.abs(found - expected).max() < within * np.abs(expected).max())


PRIMARY_BEAM = gaussian_2d(SHAPE, Ellipse(x=20.0, y=60.0, fwhm_x_px=60.0, fwhm_y_px=60.0, pa=0.0))
"""Steep under the source: 1% of its peak a pixel."""
WHOLE_PLANE = cells_of(Kernels(*[np.pad([[1.0]], 83)] * 2), max(SHAPE))


def seen(image: np.ndarray) -> Seen:
    return Seen(image[None].astype(np.float32), PRIMARY_BEAM, **AT, cells=WHOLE_PLANE)


def on_sky(transforms: np.ndarray) -> np.ndarray:
    """(..., y, x) the images of transforms (..., cell)."""
    side = WHOLE_PLANE.side
    plane = np.zeros((*transforms.shape[:-1], side, side // 2 + 1), np.complex64)
    plane[..., WHOLE_PLANE.rows, WHOLE_PLANE.columns] = transforms
    images: np.ndarray = irfft2(plane, (side, side))[..., : SHAPE[0], : SHAPE[1]]
    return images


@pytest.mark.parametrize(("axis", "number"), [("x", 0), ("y", 1)])
def test_a_shift_is_the_difference_of_two_places(axis: str, number: int) -> None:
    step = 0.5
    moved = [replace(GALAXY, **{axis: AT[axis] + s * step}) for s in (1, -1)]
    expected = PRIMARY_BEAM * (drawn(moved[0]) - drawn(moved[1])) / (2 * step)
    assert close(on_sky(seen(drawn(GALAXY)).shifts())[number, 0], expected, WITHIN)


def test_a_pattern_grows_and_turns_about_its_centre() -> None:
    changes = on_sky(RigidShape(GALAXY.ellipse).changes(seen(drawn(GALAXY))))[:, 0]
    step = 0.02
    larger, smaller = (replace(GALAXY, fwhm_px=GALAXY.fwhm_px * (1 + s * step)) for s in (1, -1))
    growth = (drawn(larger) - drawn(smaller)) / (2 * step)
    # both sizes together are one size
    assert close(changes[0] + changes[1], PRIMARY_BEAM * growth, WITHIN)
    turned, back = (replace(GALAXY, pa=GALAXY.pa + s * 2.0) for s in (1, -1))
    turn = (drawn(turned) - drawn(back)) / np.deg2rad(4.0)
    assert close(changes[2], PRIMARY_BEAM * turn, WITHIN)


def test_a_blur_adds_to_the_covariance_of_a_gaussian() -> None:
    at = Ellipse(x=40.3, y=39.6, fwhm_x_px=9.0, fwhm_y_px=6.0, pa=0.0)

    def gaussian(fwhm_x: float, fwhm_y: float, pa: float) -> np.ndarray:
        ellipse = replace(at, fwhm_x_px=fwhm_x, fwhm_y_px=fwhm_y, pa=pa)
        return gaussian_2d(SHAPE, ellipse).astype(float) / ellipse.area_px

    xx, yy, xy = on_sky(GaussianShape(at).changes(seen(gaussian(9.0, 6.0, 0.0))))[:, 0]
    step = 1e-2
    # at pa 0 the first axis is y, the second x
    by_first = (gaussian(9 + step, 6, 0) - gaussian(9 - step, 6, 0)) / (2 * step)
    by_second = (gaussian(9, 6 + step, 0) - gaussian(9, 6 - step, 0)) / (2 * step)
    variance_per_fwhm = 2 / FWHM_PER_SIGMA**2
    assert close(yy * variance_per_fwhm * 9, PRIMARY_BEAM * by_first, 1e-3)
    assert close(xx * variance_per_fwhm * 6, PRIMARY_BEAM * by_second, 1e-3)
    # an angle towards -x makes xy negative while y is the longer axis
    difference = (9**2 - 6**2) / FWHM_PER_SIGMA**2
    turned = gaussian(9, 6, 0.5) - gaussian(9, 6, 0.0)
    assert close(-xy * difference * np.deg2rad(0.5), PRIMARY_BEAM * turned, 2e-2)


@pytest.mark.parametrize("pa", [0.0, 30.0, 75.0, 140.0])
def test_deviations_of_axes_follow_from_those_of_the_covariance(pa: float) -> None:
    """Small random covariances are added, and the axes of the sums measured."""
    ellipse = Ellipse(x=0.0, y=0.0, fwhm_x_px=9.0, fwhm_y_px=5.0, pa=pa)
    first, second = axes(ellipse)
    variances = np.array([9.0, 5.0]) ** 2 / FWHM_PER_SIGMA**2
    covariance = variances[0] * np.outer(first, first) + variances[1] * np.outer(second, second)
    spread = np.array([[1.0, 0.3, 0.1], [0.3, 2.0, -0.4], [0.1, -0.4, 0.7]]) * 1e-4
    rng = np.random.default_rng(0)
    lengths, angles = [], []
    for xx, yy, xy in rng.multivariate_normal(np.zeros(3), spread, size=20_000):
        values, vectors = np.linalg.eigh(covariance + np.array([[xx, xy], [xy, yy]]))
        lengths.append(FWHM_PER_SIGMA * np.sqrt(values))
        long = vectors[:, 1] * np.sign(vectors[:, 1] @ first)
        angles.append(np.rad2deg(np.arctan2(long @ second, long @ first)))
    expected = [*np.std(lengths, axis=0)[::-1], np.std(angles)]
    found = GaussianShape(ellipse).spread(spread)
    assert found == pytest.approx(expected, rel=0.03)  # 20,000 draws: 0.5%


def test_what_a_shape_does_not_have_is_not_a_number() -> None:
    covariance = np.eye(3)
    point = GaussianShape(Ellipse(0.0, 0.0, 0.0, 0.0, 0.0)).spread(covariance)
    assert np.isnan(point).all()
    fwhm_x, fwhm_y, pa = GaussianShape(Ellipse(0.0, 0.0, 5.0, 5.0, 0.0)).spread(covariance)
    assert np.isfinite([fwhm_x, fwhm_y]).all()
    assert np.isnan(pa)
