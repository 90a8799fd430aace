"""Imaging of visibilities: a point is the beam, a weight of two is two samples."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.instrument.visibilities import w_phase_rad, weighted_samples
from deepfocus.instrument.weighting import Briggs, Natural, Tapered, Uniform, Weighting

SIZE, CELL_ARCSEC = 64, 0.5
CELL = CELL_ARCSEC / 3600 * np.pi / 180
SCHEMES = [Natural(), Uniform(), Briggs(0.5), Tapered(Briggs(-0.5), 12.0)]


@pytest.fixture
def uv(rng: np.random.Generator) -> np.ndarray:
    """(200, 2) wavelengths within the grid's Nyquist limit."""
    return rng.uniform(-0.3, 0.3, (200, 2)) / CELL


def image_of(uv: np.ndarray, values: np.ndarray, weights: np.ndarray, scheme: Weighting):
    return weighted_samples(
        uv, values, weights, size=SIZE, cell_arcsec=CELL_ARCSEC, weighting=scheme
    )


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_a_point_source_is_the_beam(
    uv: np.ndarray, rng: np.random.Generator, scheme: Weighting
) -> None:
    """Its flux times the beam about its place; both are the same sum, so to finufft's 1e-7."""
    east_px, north_px, flux = 5, -7, 0.3
    values = flux * np.exp(2j * np.pi * (uv @ [east_px * CELL, north_px * CELL]))
    samples = image_of(uv, values, rng.uniform(0.5, 2, len(uv)), scheme)
    image, beam = samples.dirty_image(SIZE), samples.dirty_beam(2 * SIZE)
    y0, x0 = SIZE - SIZE // 2 - north_px, SIZE - SIZE // 2 + east_px
    assert beam[SIZE, SIZE] == pytest.approx(1.0, abs=1e-6)
    there = beam[y0 : y0 + SIZE, x0 : x0 + SIZE]
    assert np.abs(image - flux * there).max() < 1e-5 * flux
    assert image[SIZE // 2 + north_px, SIZE // 2 - east_px] == pytest.approx(flux, rel=1e-5)


def test_image_is_the_sum_it_says_it_is(uv: np.ndarray, rng: np.random.Generator) -> None:
    values = rng.standard_normal(len(uv)) + 1j * rng.standard_normal(len(uv))
    weights = rng.uniform(0.5, 2, len(uv))
    image = image_of(uv, values, weights, Natural()).dirty_image(SIZE)
    for y, x in ((0, 0), (10, 50), (63, 31)):
        l, m = -(x - SIZE // 2) * CELL, (y - SIZE // 2) * CELL  # noqa: E741
        terms = weights * values * np.exp(-2j * np.pi * (uv @ [l, m]))
        assert image[y, x] == pytest.approx(terms.real.sum() / weights.sum(), abs=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_a_weight_of_two_is_two_samples(
    uv: np.ndarray, rng: np.random.Generator, scheme: Weighting
) -> None:
    """Also in the density of uniform and Briggs weighting."""
    values = rng.standard_normal(len(uv)) + 0j
    counts = rng.integers(1, 4, len(uv))
    weighed = image_of(uv, values, counts.astype(float), scheme)
    repeated = image_of(
        np.repeat(uv, counts, axis=0), np.repeat(values, counts), np.ones(counts.sum()), scheme
    )
    for one, other in (
        (weighed.dirty_image(SIZE), repeated.dirty_image(SIZE)),
        (weighed.dirty_beam(SIZE), repeated.dirty_beam(SIZE)),
    ):
        assert np.abs(one - other).max() < 1e-6  # finufft's own error


def test_briggs_weights_by_hand() -> None:
    """Two samples in one uv cell, one alone: rho = 1 + 3 and 2, each also at (-u, -v)."""
    cells = np.array([[3.0, 4.0], [3.2, 3.9], [-10.0, 2.0]])
    own = np.array([1.0, 3.0, 2.0])
    scheme = Briggs(0.5)
    samples = image_of(cells / (SIZE * CELL), np.ones(3) + 0j, own, scheme)
    density = np.array([4.0, 4.0, 2.0])
    mean = (4.0**2 + 2.0**2) / (4.0 + 2.0)
    assert samples.weights == pytest.approx(own / (1 + 25 * 10**-1.0 / mean * density))


def test_scale_of_the_weights_is_irrelevant(uv: np.ndarray, rng: np.random.Generator) -> None:
    values, own = rng.standard_normal(len(uv)) + 0j, rng.uniform(0.5, 2, len(uv))
    for scheme in SCHEMES:
        one = image_of(uv, values, own, scheme).dirty_image(SIZE)
        other = image_of(uv, values, own * 1e3, scheme).dirty_image(SIZE)
        assert np.abs(one - other).max() < 1e-6


def test_natural_noise_is_that_of_the_summed_weights(rng: np.random.Generator) -> None:
    """Weights of 1 / sigma^2 a component: rms = 1 / sqrt(sum w). Over 64 draws the rms of the
    centre is known to 9%; asked for is three times that."""
    uv = rng.uniform(-0.3, 0.3, (400, 2)) / CELL
    sigma = rng.uniform(0.5, 3.0, len(uv))
    centres = []
    for _ in range(64):
        noise = sigma * (rng.standard_normal(len(uv)) + 1j * rng.standard_normal(len(uv)))
        centres.append(image_of(uv, noise, sigma**-2, Natural()).dirty_image(16)[8, 8])
    assert np.std(centres) == pytest.approx(1 / np.sqrt(np.sum(sigma**-2)), rel=0.27)


def test_flagged_and_far_samples_do_not_count(uv: np.ndarray) -> None:
    values, own = np.ones(len(uv), complex), np.ones(len(uv))
    own[::3], values[::3] = 0.0, np.nan
    far = np.concatenate([uv, [[0.6 / CELL, 0.0]]])
    with_bad = image_of(far, np.append(values, 1e9), np.append(own, 1.0), Briggs())
    without = image_of(uv[own > 0], values[own > 0], own[own > 0], Briggs())
    assert np.array_equal(with_bad.dirty_image(SIZE), without.dirty_image(SIZE))


def test_nothing_left_is_blank(uv: np.ndarray) -> None:
    none = image_of(uv, np.ones(len(uv), complex), np.zeros(len(uv)), Briggs())
    assert np.isnan(none.dirty_image(SIZE)).all()
    assert np.isnan(none.dirty_beam(SIZE)).all()


def test_w_phase() -> None:
    """pi w (l^2 + m^2) for small fields: 16 km at 1.3 mm, 13 arcsec off, about 0.15 rad."""
    radius = 13 / 3600 * np.pi / 180
    w = 16e3 / 1.3e-3
    assert w_phase_rad(w, 13.0) == pytest.approx(np.pi * w * radius**2, rel=1e-3)
    assert w_phase_rad(0.0, 13.0) == 0.0
