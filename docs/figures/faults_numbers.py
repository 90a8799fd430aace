"""Prints the figures of docs/faults.md: `python docs/figures/faults_numbers.py`, half a minute.

What was measured of many draws of each fault, beside what its formula says.
"""

from __future__ import annotations

import numpy as np
from astropy import units as u

from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.faults.bandpass import Ripple
from deepfocus.simulation.faults.calibration import Referenced
from deepfocus.simulation.faults.gains import Gains
from deepfocus.simulation.faults.pointing import Pointing
from deepfocus.simulation.faults.screen import Turbulence
from deepfocus.simulation.faults.smoothing import Hanning
from deepfocus.simulation.faults.track import track_of

AIR = Turbulence(rms_rad=0.5, at_m=300.0, outer_m=6000.0)
WIND_M_S = 10.0


def print_structure_function() -> None:
    """Variance of the phase between antennas over the formula's, 200 screens."""
    rng = np.random.default_rng(3)
    line = np.array([0, 15.0, 50, 150, 500, 1500, 5000])
    antennas = np.stack([line, 0 * line], axis=1)
    time_s = np.arange(0, 40e3, 200.0)
    measured = []
    for _ in range(200):
        phase = AIR.drawn(WIND_M_S, rng).phase_rad(antennas, time_s)
        measured.append(np.mean((phase[1:] - phase[0]) ** 2, axis=1))
    ratio = np.mean(measured, axis=0) / AIR.variance_rad2(line[1:])
    print("structure function over the formula:", np.round(ratio, 3), "at", line[1:], "m")


def print_coherence() -> None:
    """Peak of a point through phase errors, 600 tracks of ten minutes."""
    track = track_of(Observation(total_time=600 * u.s, integration=30 * u.s))
    gains = Gains(phase_rms=40 * u.deg, baseline=200 * u.m, amplitude_rms=0.0)
    rng = np.random.default_rng(2)
    peaks = [np.mean(track.of_samples(gains.drawn(track, rng)).real) for _ in range(600)]
    lengths = np.hypot(*(track.ground_m[track.first] - track.ground_m[track.second]).T)
    expected = np.mean(np.exp(-gains.turbulence.variance_rad2(lengths) / 2))
    error = np.std(peaks) / np.sqrt(len(peaks))
    print(f"coherence: {np.mean(peaks):.4f} +- {error:.4f}, formula {expected:.4f}")


def print_referenced_phases() -> None:
    """Phase of an antenna after phase referencing, 100 tracks of an hour."""
    track = track_of(Observation(total_time=3600 * u.s, integration=30 * u.s))
    rng = np.random.default_rng(5)
    for cycle_s in (60.0, 120.0, 300.0):
        share = track.time_s % cycle_s / cycle_s
        after, before, between = (
            AIR.variance_rad2(WIND_M_S * cycle_s * part) for part in (share, 1 - share, np.ones(1))
        )
        expected = np.mean((1 - share) * after + share * before - share * (1 - share) * between)
        left = []
        for _ in range(100):
            screen = AIR.drawn(WIND_M_S, rng)
            phase = Referenced(cycle_s * u.s).left(
                lambda time_s, screen=screen: screen.phase_rad(track.ground_m, time_s),
                track.time_s,
            )
            left.append(np.mean(phase**2))
        found, formula = (np.rad2deg(np.sqrt(value)) for value in (np.mean(left), expected))
        print(f"referenced every {cycle_s:g} s: {found:.1f} deg, formula {formula:.1f}")


def print_smoothed_noise() -> None:
    """Correlations of smoothed noise between channels."""
    for averaged in (1, 2, 4):
        white = np.random.default_rng(1).standard_normal((64, 200, 200), dtype=np.float32)
        noise = Hanning(averaged).correlated(white)
        lags = [float(np.mean(noise * np.roll(noise, lag, axis=0))) for lag in (1, 2)]
        factor = Hanning(averaged).noise_factor
        print(f"Hanning, {averaged} averaged: noise {factor:.4f}, correlations {lags}")


def print_ripples() -> None:
    """Rms of the mean ripple of 43 antennas, 2000 draws."""
    rng = np.random.default_rng(0)
    drawn = np.array([Ripple(0.1, 16.0).drawn(128, 43, rng) for _ in range(2000)])
    print(f"ripple: rms {(drawn - 1).std():.5f}, formula {0.1 * np.sqrt(2 / 43):.5f}")


def print_pointing() -> None:
    """Largest error of the primary beam at three places of 20 draws."""
    telescope = telescope_of(
        Observation(channels=8, size=160, total_time=300 * u.s, integration=60 * u.s)
    )
    rng, dish, fault, errors = np.random.default_rng(1), DISHES[12.0], Pointing(2 * u.arcsec), []
    for _ in range(20):
        offsets = fault.drawn(43, rng)
        beam = fault.mean_primary_beam(telescope, dish, offsets)
        for x, y in ((80, 80), (130, 60), (150, 150)):
            at = (np.array([x, y]) - 80) * telescope.grid.cell_arcsec
            fields = dish.voltage(np.hypot(*(at - offsets).T), telescope.node_hz[1])
            pairs = (fields.sum() ** 2 - np.sum(fields**2)) / (43 * 42)
            errors.append(abs(beam[1, y, x] - pairs))
    print(f"pointing: off the mean over baselines by {max(errors):.1e} at most")


if __name__ == "__main__":
    print_structure_function()
    print_coherence()
    print_referenced_phases()
    print_smoothed_noise()
    print_ripples()
    print_pointing()
