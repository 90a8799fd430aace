"""Where a spectrum falls to a share of its peak."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.ops.line_widths import crossings

AT = np.linspace(-30.0, 30.0, 2001)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_a_gaussian_falls_to_it_where_it_says(share: float) -> None:
    low, high = crossings(AT, 7.0 * np.exp(-0.5 * ((AT - 2.0) / 4.0) ** 2), share)
    reach = 4.0 * np.sqrt(-2 * np.log(share))
    # straight between samples 0.03 apart: within 1e-4
    assert (low, high) == pytest.approx((2.0 - reach, 2.0 + reach), abs=1e-3)


def test_the_outermost_of_several_count_and_an_end_that_shines_is_one() -> None:
    two = np.exp(-0.5 * (AT + 10) ** 2) + 0.8 * np.exp(-0.5 * (AT - 10) ** 2)
    low, high = crossings(AT, two, 0.5)
    assert low == pytest.approx(-10 - 1.1774, abs=1e-3)
    assert high == pytest.approx(10 + np.sqrt(2 * np.log(0.8 / 0.5)), abs=1e-3)
    assert crossings(AT, np.ones_like(AT), 0.5) == (AT[0], AT[-1])
