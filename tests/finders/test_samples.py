"""Samples of an axis, its last one among them."""

from __future__ import annotations

from deepfocus.finders.deepfocus.samples import between, nearest, within


def test_samples_end_where_the_axis_does() -> None:
    assert within(2.4, 5.6, 10) == slice(2, 6)
    assert within(-3.0, 4.0, 10) == slice(0, 4)
    assert within(7.0, 30.0, 10) == slice(7, 10)
    assert within(5.0, 5.0, 10) == within(5.0, 2.0, 10) == slice(5, 6)
    assert within(40.0, 50.0, 10) == slice(9, 10)
    assert within(-9.0, -5.0, 10) == slice(0, 1)
    assert (nearest(-2.0, 10), nearest(4.4, 10), nearest(12.0, 10)) == (0, 4, 9)


def test_samples_between_have_their_centres_there() -> None:
    assert between(27.28, 28.48, 64) == slice(28, 29)
    assert between(27.0, 29.0, 64) == slice(27, 30)
    # none: the nearest to the middle, inside the axis
    assert between(27.2, 27.9, 64) == slice(28, 29)
    assert between(-5.0, -2.0, 64) == slice(0, 1)
    assert between(70.0, 80.0, 64) == slice(63, 64)
    assert between(-5.0, 80.0, 64) == slice(0, 64)
