"""Faults of beams: pointing, missing antennas, beams that are stated and are not the cube's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.forward.response import response_of
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.flags import FlaggedAntennas
from deepfocus.simulation.faults.pointing import Pointing
from deepfocus.simulation.faults.stated import OneBeam, ScaledBeam, WholeArray
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.anywhere import SourcesAnywhere

SMALL = SetSettings(
    observation=Observation(channels=8, size=160, total_time=300 * u.s, integration=60 * u.s),
    population=SourcesAnywhere(sources=(2, 2), field_fraction=0.4, line_fwhm_chan=(2.0, 3.0)),
    noise=Noise(pwv=1 * u.mm),
)
FOUR = FlaggedAntennas((0, 3, 17, 40))


def test_pointing_errors_have_their_rms() -> None:
    drawn = Pointing(1.5 * u.arcsec).drawn(20_000, np.random.default_rng(0))
    assert np.sqrt(np.mean(np.sum(drawn**2, axis=1))) == pytest.approx(1.5, rel=0.02)


def test_the_primary_beam_is_the_mean_over_baselines() -> None:
    """Against the product of both dishes' fields, summed over all pairs."""
    telescope, dish, fault = telescope_of(SMALL.observation), DISHES[12.0], Pointing(2 * u.arcsec)
    offsets = fault.drawn(43, np.random.default_rng(1))
    beam = fault.mean_primary_beam(telescope, dish, offsets)
    for x, y in ((80, 80), (130, 60), (150, 150), (0, 80), (159, 159)):
        at = (np.array([x, y]) - 80) * telescope.grid.cell_arcsec
        fields = dish.voltage(np.hypot(*(at - offsets).T), telescope.node_hz[1])
        # a point shared among pixels is wider than a point, by a quarter of a pixel squared at most
        assert beam[1, y, x] == pytest.approx(fields.mean() ** 2, abs=3e-5)
        # that has each dish with itself too: 1/43 of the fields' variance
        pairs = (fields.sum() ** 2 - np.sum(fields**2)) / (43 * 42)
        assert fields.mean() ** 2 - pairs == pytest.approx(fields.var() / 42)
        assert fields.var() / 42 < 5e-4


def test_pointing_off_axis_costs_what_the_curvature_says() -> None:
    """Many dishes see the primary beam of sources off axis as if it were smoothed."""
    telescope, dish, fault = telescope_of(SMALL.observation), DISHES[12.0], Pointing(2 * u.arcsec)
    beam = fault.mean_primary_beam(telescope, dish, fault.drawn(20_000, np.random.default_rng(3)))
    at = np.array([5.0, 0.0])
    # s^2 = 2 arcsec^2 on each axis, over a Gaussian's worth of places
    places = np.random.default_rng(4).normal(0, np.sqrt(2), (200_000, 2))
    expected = dish.voltage(np.hypot(*(at - places).T), telescope.node_hz[1]).mean() ** 2
    assert beam[1, 80, 130] == pytest.approx(expected, abs=1e-3)
    plain = telescope.primary_beam[1, 80, 130]
    # -4 ln 2 / F^2 is the curvature of the field across, and it is less along the slope
    assert 0.005 < plain - beam[1, 80, 130] < 0.02


def test_flagged_antennas_are_another_array() -> None:
    observation = SMALL.observation
    whole, left = telescope_of(observation), FOUR.telescope(observation)
    number = len(antennas("C-3"))
    assert len(left.uv_m) / len(whole.uv_m) == pytest.approx(
        (number - 4) * (number - 5) / number / (number - 1)
    )
    kept = {tuple(each) for each in left.uv_m}
    assert kept < {tuple(each) for each in whole.uv_m}
    assert left.grid == whole.grid


def test_fewer_antennas_make_more_noise() -> None:
    plain, flagged = simulate(SMALL, 3), simulate(replace(SMALL, faults=Faults(FOUR)), 3)
    number = len(antennas("C-3"))
    visibilities = (number - 4) * (number - 5) / number / (number - 1)
    ratio = flagged.cube.noise.level_jy_beam / plain.cube.noise.level_jy_beam
    assert ratio == pytest.approx(1 / np.sqrt(visibilities), rel=1e-6)
    assert np.abs(flagged.cube.psf - plain.cube.psf).max() > 0.01


def test_the_stated_beam_may_be_that_of_the_whole_array() -> None:
    plain = simulate(SMALL, 3).cube
    known = simulate(replace(SMALL, faults=Faults(FOUR)), 3).cube
    unknown = simulate(replace(SMALL, faults=Faults(FOUR, stated=WholeArray())), 3).cube
    np.testing.assert_array_equal(unknown.data, known.data)
    np.testing.assert_array_equal(unknown.psf, plain.psf)
    assert unknown.beam == plain.beam
    assert known.beam != plain.beam


def test_a_stated_beam_may_be_too_wide() -> None:
    plain = simulate(SMALL, 3)
    wide = simulate(replace(SMALL, faults=Faults(stated=ScaledBeam(1.2))), 3)
    np.testing.assert_array_equal(wide.cube.data, plain.cube.data)
    assert wide.cube.beam.major_arcsec == pytest.approx(1.2 * plain.cube.beam.major_arcsec)
    # six pixels out, it has the value of the beam five pixels out
    middle = wide.cube.psf.shape[1] // 2
    stretched, beam = (each.cube.psf[:, middle, middle:] for each in (wide, plain))
    np.testing.assert_allclose(stretched[:, 6], beam[:, 5], atol=1e-5)
    assert stretched[:, 0] == pytest.approx(1)
    assert wide.truth.meta["beam_px"] == plain.truth.meta["beam_px"]


def test_one_beam_does_not_scale() -> None:
    plain = simulate(SMALL, 3).cube
    one = simulate(replace(SMALL, faults=Faults(stated=OneBeam())), 3).cube
    assert np.abs(plain.psf[0] - plain.psf[1]).max() > 1e-4
    for plane in one.psf:
        np.testing.assert_array_equal(plane, plain.psf[1])


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        (lambda: FlaggedAntennas((43,)).telescope(SMALL.observation), "0 to 42"),
        (lambda: FlaggedAntennas(tuple(range(42))).telescope(SMALL.observation), "at least two"),
        (lambda: Pointing(1 * u.m), "an angle"),
        (lambda: ScaledBeam(0.0), "0.2 to 5"),
    ],
)
def test_impossible_beams_are_refused(wrong: object, wanted: str) -> None:
    with pytest.raises(DeepFocusError, match=wanted):
        wrong()


def test_a_beam_stated_too_narrow_does_not_end() -> None:
    """A beam with zeros at its edges would be taken for a restoring beam, without sidelobes."""
    cube = simulate(SetSettings(observation=Observation(size=96, channels=16)), 3).cube
    narrow = ScaledBeam(0.8).of(cube, cube)
    assert narrow.psf is not None
    assert response_of(cube).beams.support_px is None
    assert response_of(narrow).beams.support_px is None
