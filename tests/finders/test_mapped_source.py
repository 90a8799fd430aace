"""A source after a map of the plane: what is measured, and its covariance."""

from __future__ import annotations

import numpy as np

from deepfocus.finders.deepfocus.sources import SHIFT, SUMMARY, SourceFit
from deepfocus.fit.parameters import COUNT, GX

PLANE = np.array([[0.7, 0.2], [-0.1, 1.4]])


def _source(seed: int = 1) -> SourceFit:
    rng = np.random.default_rng(seed)
    summary = np.array([20.0, 30.0, 9.0, 4.0, 1.5, 12.0, 5.0, 0.4, 0.01, 8.0, 1.2, -0.6])
    root = rng.normal(size=(len(SUMMARY), len(SUMMARY))) * 0.02 * np.abs(summary)[:, None]
    components = np.zeros((1, COUNT))
    components[0, GX] = 0.1  # it moves
    return SourceFit(components, summary, root @ root.T, gain=100.0, freedom=11)


def _numbers(summary: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """The same, from a matrix of moments and vectors of place and shift."""
    of = dict(zip(SUMMARY, summary, strict=True))
    moments = plane @ [[of["cxx"], of["cxy"]], [of["cxy"], of["cyy"]]] @ plane.T
    of |= {"cxx": moments[0, 0], "cyy": moments[1, 1], "cxy": moments[0, 1]}
    of["x"], of["y"] = plane @ [of["x"], of["y"]]
    of["shift_x"], of["shift_y"] = plane @ [of["shift_x"], of["shift_y"]]
    return np.array([of[name] for name in SUMMARY])


def test_the_covariance_is_that_of_numbers_that_are_mapped() -> None:
    source = _source()
    draws = np.random.default_rng(2).multivariate_normal(source.summary, source.covariance, 200)
    mapped = np.array([_numbers(draw, PLANE) for draw in draws])
    # the map is linear: the covariance of 200 draws is mapped as that of all is
    same = SourceFit(source.components, source.summary, np.cov(draws.T), 100.0, 11).mapped(PLANE)
    scale = np.outer(mapped.std(axis=0), mapped.std(axis=0))
    np.testing.assert_allclose(same.covariance / scale, np.cov(mapped.T) / scale, atol=1e-6)


def test_shape_and_shift_are_mapped_and_the_place_stays() -> None:
    source = _source()
    there = source.mapped(PLANE)
    expected = _numbers(source.summary, PLANE)
    np.testing.assert_allclose(there.summary[2:], expected[2:])
    np.testing.assert_array_equal(there.summary[:2], source.summary[:2])
    east, north = PLANE @ source.summary[SHIFT]
    assert there.shift.length_px == np.hypot(east, north)
    np.testing.assert_allclose(there.shift.pa, np.rad2deg(np.arctan2(-east, north)) % 360)


def test_a_turn_turns_the_angle_and_keeps_the_errors() -> None:
    cos, sin = np.cos(0.3), np.sin(0.3)
    source = _source()
    turned = source.mapped(np.array([[cos, -sin], [sin, cos]]))
    np.testing.assert_allclose(turned.ellipse.pa, (source.ellipse.pa + np.rad2deg(0.3)) % 180)
    np.testing.assert_allclose(turned.shift.length_px_err, source.shift.length_px_err)
    # draws of the moments lie elsewhere after the turn: 1024 of them know an error to 3%
    np.testing.assert_allclose(turned.shape_errors, source.shape_errors, rtol=0.05)


def test_what_is_not_known_stays_alone() -> None:
    source = _source()
    source.summary[SUMMARY.index("continuum")] = np.nan
    there = source.mapped(PLANE)
    assert np.isfinite(there.summary).sum() == len(SUMMARY) - 1
