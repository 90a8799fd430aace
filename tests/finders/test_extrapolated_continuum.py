"""A continuum that was fitted to other channels and subtracted: no lines, and larger errors."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from dirty_cubes import dirty_cube

from deepfocus.core.cube import Cube
from deepfocus.core.workspace import OnDisk
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.evidence import SpectrumPanel
from deepfocus.finders.finder import Detection
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.sky.components import Component, EmissionLine

OBSERVATION = Observation(channels=64, size=128, total_time=600 * u.s, integration=60 * u.s)
FITTED = 38
"""Channels, from the first."""
POWERS = np.linspace(-1, 1, 64)[:, None] ** np.arange(2)
PLACES = [(40.0, 45.0), (85.0, 60.0), (60.0, 90.0)]


def extrapolated(cube: Cube, channels: int = FITTED) -> Cube:
    """Each pixel less the straight line through its first channels."""
    fitted = np.tensordot(np.linalg.pinv(POWERS[:channels]), cube.data[:channels], axes=1)
    return replace(cube, data=(cube.data - np.tensordot(POWERS, fitted, axes=1)).astype(np.float32))


def broad_line(x: float, y: float) -> Component:
    """A small source whose line lies beyond the channels that are fitted."""
    return Component(
        x=x,
        y=y,
        fwhm_x_px=2.0,
        fwhm_y_px=2.0,
        pa=0.0,
        peak_jy_px=0.016 / 4.5 / 1000.0,
        spectral_index=0.0,
        lines=(EmissionLine(1000.0, 51.0, 8.0),),
    )


@cache
def found(seed: int, *, sources: bool) -> Detection:
    components = [broad_line(*place) for place in PLACES] if sources else []
    return (
        DeepFocus().ready().find(extrapolated(dirty_cube(OBSERVATION, components, Thermal(), seed)))
    )


def test_noise_makes_no_sources_and_a_note_says_why() -> None:
    for seed in range(3):
        assert not len(found(seed, sources=False).catalogue.accepted)
        (note,) = found(seed, sources=False).notes
        assert note.startswith(
            "a straight line was subtracted from all spectra, which was fitted to the channels "
            f"0 to {FITTED - 1}: "
        )


def test_errors_of_lines_there_are_those_that_are_made() -> None:
    lines = [found(seed, sources=True).catalogue.accepted for seed in range(6)]
    assert [len(each) for each in lines] == [3] * 6
    flux = np.concatenate([each["line_flux"] for each in lines])
    error = np.concatenate([each["line_flux_err"] for each in lines])
    scatter = flux.std() / np.median(error)
    # eighteen values tell it to a sixth; the line that was subtracted makes noise of twice as much
    assert 0.7 < scatter < 1.4


def test_places_there_are_as_uncertain_as_they_scatter() -> None:
    lines = [found(seed, sources=True).catalogue.accepted for seed in range(6)]
    pulls = []
    for each in lines:
        for x, y in PLACES:
            nearest = int(np.argmin(np.hypot(each["x"] - x, each["y"] - y)))
            for name, true in (("x", x), ("y", y)):
                pulls.append((each[name][nearest] - true) / each[f"{name}_err"][nearest])
    # 36 values
    assert 0.7 < float(np.std(pulls)) < 1.35


def test_what_was_subtracted_of_a_line_is_no_flux_lost() -> None:
    """Fitted to all channels, a line of eight takes a fifth of itself away."""
    components = [broad_line(*place) for place in PLACES]
    cube = dirty_cube(OBSERVATION, components, Thermal(), 1)
    before, after = (
        DeepFocus().ready().find(each).catalogue.accepted
        for each in (cube, extrapolated(cube, channels=64))
    )
    assert len(before) == len(after) == 3
    ratio = np.sort(after["line_flux"]) / np.sort(before["line_flux"])
    # the same noise in both, but for the straight line that takes its part
    assert ratio == pytest.approx(1.0, abs=0.08)
    # a trough is what is left of the continuum's place
    assert np.all(after["continuum"] < 0)


def test_spectra_of_the_report_are_those_that_were_fitted() -> None:
    detection = found(1, sources=True)
    spectrum = next(each for each in detection.evidence if isinstance(each, SpectrumPanel))
    measured, channels = spectrum.measured.values, np.arange(64)
    straight = np.polynomial.Polynomial.fit(channels, measured, 1)
    # channels differ in noise by some per cent, with which the line was fitted to them
    assert np.abs(straight(channels)).max() < 0.05 * measured.std()


def test_by_parts_it_is_the_same(tmp_path: Path) -> None:
    cube = extrapolated(
        dirty_cube(OBSERVATION, [broad_line(*place) for place in PLACES], Thermal(), 1)
    )
    some = replace(cube, workspace=OnDisk(tmp_path, 1 << 16))
    of_whole, by_parts = (DeepFocus().ready().find(each).catalogue for each in (cube, some))
    assert len(of_whole.accepted) == len(by_parts.accepted) == 3
    for name in ("x", "channel", "line_flux", "line_flux_err"):
        np.testing.assert_allclose(by_parts[name], of_whole[name], rtol=1e-3)
