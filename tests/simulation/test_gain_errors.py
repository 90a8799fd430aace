"""Gain errors: the screen's structure function, what calibration leaves, the beam they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.visibilities import WeightedSamples
from deepfocus.simulation.faults.calibration import Referenced, SelfCalibrated
from deepfocus.simulation.faults.gains import Gains, beam_through_gains
from deepfocus.simulation.faults.screen import Turbulence
from deepfocus.simulation.faults.track import track_of
from deepfocus.simulation.view import Cleaned

SMALL = Observation(channels=8, size=96, total_time=600 * u.s, integration=30 * u.s)
LINE_M = np.array([0.0, 15.0, 50.0, 150.0, 500.0, 1500.0, 5000.0])
AIR = Turbulence(rms_rad=0.5, at_m=300.0, outer_m=6000.0)


def test_phases_have_the_structure_function() -> None:
    rng = np.random.default_rng(3)
    antennas = np.stack([LINE_M, 0 * LINE_M], axis=1)
    measured = []
    for _ in range(60):
        phase = AIR.drawn(10.0, rng).phase_rad(antennas, np.arange(0, 40e3, 200.0))
        measured.append(np.mean((phase[1:] - phase[0]) ** 2, axis=1))
    # 60 screens of 200 places each: their scatter says 1.5%
    np.testing.assert_allclose(np.mean(measured, axis=0), AIR.variance_rad2(LINE_M[1:]), rtol=0.06)


def test_the_structure_function_is_kolmogorovs_below_the_outer_scale() -> None:
    wide = replace(AIR, outer_m=1e7)
    assert wide.variance_rad2(300.0) == pytest.approx(0.25)
    # the next term of the series is of order (2 pi b / L)^(1/3), 2% here for a factor of ten
    assert wide.variance_rad2(30.0) / wide.variance_rad2(3.0) == pytest.approx(
        10 ** (5 / 3), rel=0.03
    )
    assert AIR.variance_rad2(1e5) == pytest.approx(float(AIR.variance_rad2(1e6)), rel=1e-6)


def test_a_frozen_screen_moves_with_the_wind() -> None:
    screen = AIR.drawn(12.0, np.random.default_rng(0))
    here = np.zeros((1, 2))
    later = screen.phase_rad(here, np.array([100.0]))
    upwind = screen.phase_rad(here - 100.0 * screen.wind_m_s, np.array([0.0]))
    np.testing.assert_allclose(later, upwind, atol=1e-9)


def test_phase_referencing_leaves_what_the_wind_moves_in_a_cycle() -> None:
    """Between two scans, what stays is a combination of three phases along the wind."""
    track, rng = track_of(replace(SMALL, total_time=3600 * u.s)), np.random.default_rng(5)
    cycle_s, wind = 120.0, 10.0
    share = track.time_s % cycle_s / cycle_s

    def distance(fraction: np.ndarray) -> np.ndarray:
        return AIR.variance_rad2(wind * cycle_s * fraction)

    # Var(p - (1 - s) p0 - s p1) of one antenna, from D between the three
    expected = (
        (1 - share) * distance(share) + share * distance(1 - share)
        - share * (1 - share) * distance(np.ones(1))
    )  # fmt: skip
    left = []
    for _ in range(40):
        screen = AIR.drawn(wind, rng)
        left.append(
            Referenced(cycle_s * u.s).left(
                lambda time_s, s=screen: s.phase_rad(track.ground_m, time_s), track.time_s
            )
        )
    found = np.mean(np.array(left) ** 2)
    # 40 screens, each with 30 cycles of 1.2 km and antennas that see nearly the same
    assert found == pytest.approx(np.mean(expected), rel=0.08)


def test_self_calibration_leaves_no_mean() -> None:
    track = track_of(SMALL)
    screen = AIR.drawn(10.0, np.random.default_rng(1))
    left = SelfCalibrated(120 * u.s).left(
        lambda time_s: screen.phase_rad(track.ground_m, time_s), track.time_s
    )
    # four integrations of 30 s to a solution
    np.testing.assert_allclose(left.reshape(len(left), -1, 4).mean(axis=2), 0, atol=1e-12)
    raw = screen.phase_rad(track.ground_m, track.time_s)
    assert 0 < left.std() < 0.5 * raw.std()


def test_a_point_loses_its_coherence() -> None:
    """Its peak falls to the mean of exp(-D / 2) over baselines."""
    telescope, track = telescope_of(SMALL), track_of(SMALL)
    gains = Gains(phase_rms=40 * u.deg, baseline=200 * u.m, amplitude_rms=0.0)
    rng = np.random.default_rng(2)
    peaks = [np.mean(track.of_samples(gains.drawn(track, rng)).real) for _ in range(200)]
    lengths = np.hypot(*(track.ground_m[track.first] - track.ground_m[track.second]).T)
    expected = np.mean(np.exp(-gains.turbulence.variance_rad2(lengths) / 2))
    assert expected < 0.95
    # a track of 10 minutes sees 6 km of a screen: single peaks scatter by 0.05
    assert np.mean(peaks) == pytest.approx(expected, abs=0.012)
    products = track.of_samples(gains.drawn(track, rng))
    centre = beam_through_gains(telescope, products)[0, 96, 96]
    assert centre == pytest.approx(products.real.mean(), abs=1e-4)


def test_amplitude_errors_are_those_asked_for() -> None:
    track = track_of(SMALL)
    gains = Gains(phase_rms=0 * u.deg, amplitude_rms=0.08)
    rng = np.random.default_rng(4)
    drawn = np.array([gains.drawn(track, rng)[:, 0] for _ in range(100)])
    np.testing.assert_array_equal(drawn.imag, 0)
    assert drawn.real.mean() == pytest.approx(1, abs=0.005)
    # 4,300 antennas
    assert drawn.real.std() == pytest.approx(0.08, rel=0.05)


@pytest.mark.parametrize("robust", [None, 0.5])
def test_the_beam_is_that_of_corrupted_visibilities(robust: float | None) -> None:
    """A point off centre, summed over its visibilities, against the sky through the beam."""
    observation = replace(SMALL, robust=robust)
    telescope, track = telescope_of(observation), track_of(observation)
    products = track.of_samples(Gains().drawn(track, np.random.default_rng(7)))
    x, y, node = 60, 35, 1
    cycles = telescope.uv_m * telescope.node_hz[node] / C_M_S
    cycles *= np.deg2rad(telescope.grid.cell_arcsec / 3600)
    offset = np.array([-(x - 48), y - 48])  # l grows to the west
    point = np.exp(2j * np.pi * cycles @ offset) * products
    summed = WeightedSamples(cycles, point, telescope.weights(telescope.node_hz[node])).dirty_image(
        96
    )
    seen = replace(telescope, dirty_beam=beam_through_gains(telescope, products))
    sky = np.zeros((1, 96, 96))
    sky[0, y, x] = 1 / telescope.primary_beam[node, y, x]
    # the transform is accurate to 1e-5, and float32 sums to 1e-6
    assert np.abs(seen.dirty_components(sky)[0, node] - summed).max() < 1e-4
    assert np.abs(summed - telescope.dirty_components(sky)[0, node]).max() > 0.02


def test_clean_leaves_the_error_pattern() -> None:
    """A cleaned point has the restoring beam as high as its peak, and what CLEAN does not model."""
    telescope, track = telescope_of(SMALL), track_of(SMALL)
    products = track.of_samples(Gains().drawn(track, np.random.default_rng(7)))
    beam = beam_through_gains(telescope, products)
    view = Cleaned().view(telescope)
    seen = view.through_beam(beam)
    centre = beam[:, 96, 96]
    np.testing.assert_allclose(seen.telescope.dirty_beam[:, 96, 96], centre, rtol=1e-4)
    errors = seen.telescope.dirty_beam - centre[:, None, None] * view.telescope.dirty_beam
    np.testing.assert_allclose(
        errors, beam - centre[:, None, None] * telescope.dirty_beam, atol=1e-5
    )
    # without errors it is the view without errors
    perfect = view.through_beam(telescope.dirty_beam)
    np.testing.assert_allclose(perfect.telescope.dirty_beam, view.telescope.dirty_beam, atol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"phase_rms": 3 * u.m}, {"wind": -1 * u.m / u.s}, {"amplitude_rms": -0.1}]
)
def test_impossible_gains_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DeepFocusError, match="0 or more"):
        Gains(**wrong)


def test_a_calibration_takes_a_time() -> None:
    with pytest.raises(DeepFocusError, match="a positive time"):
        Referenced(0 * u.s)
