"""Pointing errors and ripples of several arrays, pointings and total power."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from astropy import units as u
from joint_observations import ALONE, MOSAIC, TOGETHER

from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import primary_beam_image
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.instrument.total_power import TotalPower
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.faults.bandpass import Ripple
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.pointing import Pointing, through_pointing
from deepfocus.simulation.faults.track import shares_of, tracks_of
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.view import DirtyView
from deepfocus.sky.anywhere import SourcesAnywhere

CELL = 0.6
POPULATION = SourcesAnywhere(sources=(2, 2), line_fwhm_chan=(2.0, 3.0))


@dataclass(frozen=True)
class Off(Pointing):
    """Dishes of the first execution look two pixels west and one north, the others are right."""

    def drawn(self, antennas: int, rng: np.random.Generator) -> np.ndarray:
        off = rng.integers(1 << 30) == np.random.default_rng(0).integers(1 << 30)
        return np.tile(CELL * np.array([2.0, 1.0]) * off, (antennas, 1))


def seen(observation: Observation, pointing: Pointing) -> tuple[Telescope, list[np.ndarray]]:
    telescope, covered = telescope_of(observation), coverage(observation)
    tracks = tracks_of(observation)
    return telescope, pointing.seen(telescope, covered, tracks, np.random.default_rng(0))


def nominal(telescope: Telescope, observation: Observation, field: int, *, off: bool) -> np.ndarray:
    dish, towards, _ = coverage(observation).fields[field]
    return primary_beam_image(
        dish,
        size=telescope.size,
        cell_arcsec=CELL,
        frequency_hz=telescope.node_hz[1],
        offset_arcsec=towards + CELL * np.array([-2.0, 1.0]) * off,
    )


def test_each_field_is_seen_where_its_own_dishes_look() -> None:
    """The 12 m array is off, the 7 m array is not, at each of the pointings."""
    telescope, beams = seen(MOSAIC, Off())
    fields = coverage(MOSAIC).fields
    assert len(beams) == len(fields) == len(telescope.fields) > 7
    for number, (dish, _, _) in enumerate(fields):
        off = dish == fields[0][0]
        wanted = nominal(telescope, MOSAIC, number, off=off)
        # sums in float32, and CASA's beam is a table of 10,000 steps
        np.testing.assert_allclose(beams[number][1], wanted, atol=2e-4)


def test_the_sky_is_seen_through_them_and_weighted_as_if_they_were_right() -> None:
    telescope, beams = seen(MOSAIC, Off())
    wrong = through_pointing(DirtyView(telescope), beams).telescope
    sky = np.zeros((1, 96, 96))
    sky[0, 48, 6] = 1.0  # at an edge: within, what one pointing loses the next one gains
    by_hand = sum(
        replace(field, primary_beam=beam).dirty(sky[0], 1)
        for field, beam in zip(telescope.fields, beams, strict=True)
    )
    found = wrong.dirty_components(sky)[0, 1]
    np.testing.assert_allclose(found, by_hand, atol=1e-6)
    assert np.abs(found - telescope.dirty_components(sky)[0, 1]).max() > 0.03
    np.testing.assert_array_equal(wrong.primary_beam, telescope.primary_beam)


def test_executions_of_one_array_are_mixed_by_their_weights() -> None:
    later = Execution("C-1", hour_angle=(0.8 * u.hour, 0.9 * u.hour), tsys_ratio=2.0)
    both = replace(ALONE, more_executions=(later,))
    telescope, (beam,) = seen(both, Off())
    tracks = tracks_of(both)
    share, other = shares_of(tracks, telescope.weights(telescope.node_hz[1]))
    assert share + other == pytest.approx(1)
    # a quarter of the weight each, and fewer integrations
    times = [len(track.time_s) for track in tracks]
    assert share / other == pytest.approx(4 * times[0] / times[1], rel=1e-6)
    wanted = share * nominal(telescope, both, 0, off=True) + other * nominal(
        telescope, both, 0, off=False
    )
    np.testing.assert_allclose(beam[1], wanted, atol=2e-4)


def test_without_errors_all_is_seen_as_it_was() -> None:
    telescope, beams = seen(MOSAIC, Pointing(0 * u.arcsec))
    for beam, field in zip(beams, telescope.fields, strict=True):
        np.testing.assert_allclose(beam, field.primary_beam, atol=2e-4)


def test_a_ripple_is_that_of_all_antennas_and_total_power_has_none() -> None:
    """Of executions e with shares s_e of the weights: variance sum s_e^2 (2 / N_e) a^2."""
    observation = replace(TOGETHER, channels=40, total_power=TotalPower())
    telescope, tracks = telescope_of(observation), tracks_of(observation)
    shares = shares_of(tracks, telescope.weights(telescope.node_hz[1]))
    assert 0 < 1 - sum(shares) < 0.5
    faults = Faults(bandpass=Ripple(amplitude=0.1))
    settings = SetSettings(
        observation=observation, population=POPULATION, noise=Noise(pwv=1 * u.mm), faults=faults
    )
    perfect = replace(settings, faults=Faults())
    scenes = [simulate(perfect, 3).scene]
    factors = []
    for seed in range(150):
        rippled = faults.of_seed(observation, seed).seen(scenes[0])
        factors.append(rippled.spectra[0] / scenes[0].spectra[0])
    numbers = [len(track.ground_m) for track in tracks]
    wanted = 0.1 * np.sqrt(sum(2 * s**2 / n for s, n in zip(shares, numbers, strict=True)))
    # 150 draws of a sinusoid over two periods
    assert np.std(np.array(factors) - 1) == pytest.approx(wanted, rel=0.12)
    assert np.mean(factors) == pytest.approx(1, abs=0.002)


def test_a_set_of_a_mosaic_may_have_all_of_them() -> None:
    settings = SetSettings(
        observation=MOSAIC,
        population=POPULATION,
        noise=Noise(pwv=1 * u.mm),
        faults=Faults(pointing=Pointing(3 * u.arcsec), bandpass=Ripple()),
    )
    wrong, right = simulate(settings, 4), simulate(replace(settings, faults=Faults()), 4)
    np.testing.assert_array_equal(wrong.truth["line_flux"], right.truth["line_flux"])
    assert np.abs(wrong.cube.array - right.cube.array).max() > 0
