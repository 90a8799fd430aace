"""What Gaussians are wrong by for a galaxy: of its axes, its angle, its place, its line."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.mapped_ellipses import of_moments
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.galaxy_errors import (
    IN_ANGLE,
    IN_CHANNEL,
    IN_PLACE,
    IN_SIZE,
    IN_WIDTH,
    Wrong,
    with_model_errors,
)
from deepfocus.finders.deepfocus.sources import SHAPE, SUMMARY, SourceFit

SNR, LONG_PX, SHORT_PX, WIDTH_CHAN = 25.0, 20.0, 8.0, 12.0


def galaxy(turn_deg: float = 0.0, *, short_px: float = SHORT_PX) -> SourceFit:
    """Along y and turned, known exactly but for what its model is wrong by."""
    moments = np.array([short_px**2, LONG_PX**2, 0.0]) / FWHM_PER_SIGMA**2
    summary = np.zeros(len(SUMMARY))
    summary[SHAPE] = of_moments(turn(turn_deg)) @ moments
    summary[[SUMMARY.index("fwhm_chan"), SUMMARY.index("flux")]] = WIDTH_CHAN, 3.0
    known = np.zeros((len(summary), len(summary)))
    return with_model_errors(SourceFit(np.zeros((2, 12)), summary, known, gain=SNR**2, freedom=9))


def turn(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_each_axis_is_known_to_a_share_and_the_angle_to_so_many_degrees() -> None:
    # xx is that of the short axis: its square is known to twice the share
    xx, yy, xy = np.sqrt(np.diag(galaxy().covariance[np.ix_(SHAPE, SHAPE)]))
    assert xx == pytest.approx(2 * IN_SIZE.at(SNR) * (SHORT_PX / FWHM_PER_SIGMA) ** 2)
    assert yy == pytest.approx(2 * IN_SIZE.at(SNR) * (LONG_PX / FWHM_PER_SIGMA) ** 2)
    # turned by a small angle, xy is that angle times the difference of both
    elongated = (LONG_PX**2 - SHORT_PX**2) / FWHM_PER_SIGMA**2
    assert xy == pytest.approx(IN_ANGLE.at(SNR) * elongated)


@pytest.mark.parametrize("degrees", [30.0, 117.0])
def test_errors_turn_with_the_galaxy(degrees: float) -> None:
    at = np.ix_(SHAPE, SHAPE)
    turned = of_moments(turn(degrees))
    np.testing.assert_allclose(
        galaxy(degrees).covariance[at], turned @ galaxy().covariance[at] @ turned.T, atol=1e-9
    )


def test_place_and_line_are_known_to_shares_of_its_size_and_width() -> None:
    source = galaxy(40.0)
    size = np.hypot(LONG_PX, SHORT_PX)
    for name in "xy":
        assert source.error(name) == pytest.approx(IN_PLACE.at(SNR) * size)
    assert source.error("channel") == pytest.approx(IN_CHANNEL.at(SNR) * WIDTH_CHAN)
    assert source.error("fwhm_chan") == pytest.approx(IN_WIDTH.at(SNR) * WIDTH_CHAN)


def test_a_size_that_noise_made_negative_has_no_model_to_be_wrong() -> None:
    thin = galaxy(short_px=0.0)
    assert np.isfinite(thin.covariance).all()
    assert thin.error("cxx") != thin.error("cxx")  # unknown: nothing is stated of it


def test_what_fits_more_components_is_known_better() -> None:
    wrong = Wrong(0.03, 2.0)
    assert wrong.at(1e6) == pytest.approx(0.03)
    assert wrong.at(20.0) == pytest.approx(np.hypot(0.03, 0.1))
    assert wrong.at(0.0) == pytest.approx(np.hypot(0.03, 1.0))
