"""Samples of an axis, its last one among them."""

from __future__ import annotations

from deepfocus.finders.deepfocus.samples import nearest, within


def test_samples_end_where_the_axis_does() -> None:
    assert within(2.4, 5.6, 10) == slice(2, 6)
    assert within(-3.0, 4.0, 10) == slice(0, 4)
    assert within(7.0, 30.0, 10) == slice(7, 10)
    assert within(5.0, 5.0, 10) == within(5.0, 2.0, 10) == slice(5, 6)
    assert within(40.0, 50.0, 10) == slice(9, 10)
    assert within(-9.0, -5.0, 10) == slice(0, 1)
    assert (nearest(-2.0, 10), nearest(4.4, 10), nearest(12.0, 10)) == (0, 4, 9)
