"""What is weighed down as unobserved, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.forward.best_filter import FLOOR, best_filter
from deepfocus.forward.uv_plane import UvPlane

BEAM_PX = 6.0
PLANE = UvPlane(96)
RADIUS = PLANE.frequency() * BEAM_PX
BEAM = np.exp(-((RADIUS / 0.5) ** 2))


def snr_of_a_point(passed: np.ndarray, power: np.ndarray) -> float:
    """Up to a factor; columns but the first stand for their conjugates too."""
    twice = np.full(power.shape, 2.0)
    twice[:, [0, -1]] = 1.0
    return float(np.sum(twice * passed * BEAM) / np.sqrt(np.sum(twice * passed**2 * power)))


def test_noise_that_falls_outwards_has_one_floor() -> None:
    power = np.exp(-((RADIUS / 0.4) ** 2))
    expected = BEAM * power / (power**2 + (FLOOR * power.max()) ** 2)
    np.testing.assert_allclose(best_filter(PLANE, BEAM, power, beam_px=BEAM_PX), expected)


@pytest.mark.parametrize("denser", [3.0, 30.0, 300.0])
def test_what_was_observed_most_counts_however_low_its_noise(denser: float) -> None:
    """Weights that even out a core so much denser; a floor of the highest power hides it."""
    density = BEAM * (1 + denser * np.exp(-((RADIUS / 0.15) ** 2)))
    power = BEAM**2 / density
    best = snr_of_a_point(BEAM / power, power)
    seen = snr_of_a_point(best_filter(PLANE, BEAM, power, beam_px=BEAM_PX), power)
    of_highest = BEAM * power / (power**2 + (FLOOR * power.max()) ** 2)
    assert 0.9 * best < seen <= best * (1 + 1e-9)
    if denser > 100:
        assert snr_of_a_point(of_highest, power) < 0.5 * best


def test_a_hole_in_the_middle_is_no_gain() -> None:
    """Interferometers miss the largest scales: low noise there is not data.

    Without a floor the hole's rim would count ten times as much as what lies around it.
    """
    power = BEAM * (1 - np.exp(-((RADIUS / 0.05) ** 2)))
    passed = best_filter(PLANE, BEAM, power, beam_px=BEAM_PX)
    assert passed[0, 0] == 0
    assert passed.max() < 1.3 * passed[np.abs(RADIUS - 0.2) < 0.05].max()
