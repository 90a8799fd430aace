"""Gain errors of several arrays and pointings: each has its own, and each field its own beam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from joint_observations import ALONE, MOSAIC, TOGETHER

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_to
from deepfocus.instrument.coverage import C_M_S, coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import primary_beam_image
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.instrument.total_power import TotalPower
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.gains import Gains, products_of, through_gains
from deepfocus.simulation.faults.pointing import Pointing
from deepfocus.simulation.faults.track import track_of, tracks_of
from deepfocus.simulation.sets import set_from
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.view import Cleaned, DirtyView

LATER = Execution("C-1", hour_angle=(0.8 * u.hour, 0.9 * u.hour))
KINDS = {
    "two of one array": replace(ALONE, more_executions=(LATER,)),
    "two arrays": TOGETHER,
    "mosaic": replace(ALONE, mosaic=Hexagonal()),
    "mosaic of two arrays": MOSAIC,
}
GAINS = Gains(phase_rms=60 * u.deg, amplitude_rms=0.1)


def products(observation: Observation, gains: Gains = GAINS, seed: int = 7) -> np.ndarray:
    rows = len(telescope_of(observation).uv_m)
    rng = np.random.default_rng(seed)
    return products_of(gains, tracks_of(observation), rows=rows, rng=rng)


def summed(
    observation: Observation, factors: np.ndarray, *, x: int, y: int, node: int
) -> np.ndarray:
    """The joint image of a point of 1 Jy, sample by sample, at every fourth pixel.

    sum_r w_r A_r(here) A_r(source) Re f_r exp(2 pi i u_r . (source - here)) / sqrt(W max W).
    """
    telescope, covered = telescope_of(observation), coverage(observation)
    hz, size = telescope.node_hz[node], telescope.size
    cycles = telescope.uv_m * hz / C_M_S * np.deg2rad(telescope.grid.cell_arcsec / 3600)
    weights = telescope.weights(hz)
    at = np.arange(0, size, 4)
    image, counted = np.zeros((len(at), len(at))), np.zeros((size, size))
    for dish, offset, rows in covered.fields:
        seen = primary_beam_image(
            dish,
            size=size,
            cell_arcsec=telescope.grid.cell_arcsec,
            frequency_hz=hz,
            offset_arcsec=offset,
        )
        w = weights[rows] / weights.sum()
        counted += w.sum() * seen**2
        along_x = np.exp(-2j * np.pi * np.outer(cycles[rows, 0], x - at))
        along_y = np.exp(2j * np.pi * np.outer(cycles[rows, 1], y - at))
        phases = (w * factors[rows])[:, None] * along_y
        image += seen[np.ix_(at, at)] * seen[y, x] * (phases.T @ along_x).real
    joint: np.ndarray = image / np.sqrt(counted[np.ix_(at, at)] * counted.max())
    return joint


def point(telescope: Telescope, *, x: int, y: int) -> np.ndarray:
    sky = np.zeros((1, telescope.size, telescope.size))
    sky[0, y, x] = 1.0
    return sky


@pytest.mark.parametrize("kind", ["two arrays", "mosaic", "mosaic of two arrays"])
def test_the_image_is_that_of_corrupted_visibilities(kind: str) -> None:
    observation, x, y, node = KINDS[kind], 60, 40, 1
    telescope, factors = telescope_of(observation), products(KINDS[kind])
    view = through_gains(DirtyView(telescope), factors)
    found = view.telescope.dirty_components(point(telescope, x=x, y=y))[0, node, ::4, ::4]
    # the transform is accurate to 1e-5, and float32 sums to 1e-6
    wanted = summed(observation, factors, x=x, y=y, node=node)
    assert np.abs(found - wanted).max() < 1e-4
    perfect = telescope.dirty_components(point(telescope, x=x, y=y))[0, node, ::4, ::4]
    assert np.abs(found - perfect).max() > 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_without_errors_nothing_changes(kind: str) -> None:
    telescope = telescope_of(KINDS[kind])
    none = Gains(phase_rms=0 * u.deg, amplitude_rms=0.0)
    view = through_gains(DirtyView(telescope), products(KINDS[kind], none))
    images = point(telescope, x=30, y=61)
    np.testing.assert_allclose(
        view.telescope.dirty_components(images), telescope.dirty_components(images), atol=1e-4
    )


def test_every_execution_has_gains_of_its_own_and_total_power_none() -> None:
    of_both = products(TOGETHER)
    first = track_of(ALONE)
    alone = first.of_samples(GAINS.drawn(first, np.random.default_rng(7)))
    np.testing.assert_array_equal(of_both[: len(alone)], alone)
    twice = products(replace(ALONE, more_executions=(Execution("C-1", total_time=300 * u.s),)))
    assert len(twice) == 2 * len(alone)
    assert np.abs(twice[: len(alone)] - twice[len(alone) :]).max() > 0.1
    mapped = replace(TOGETHER, total_power=TotalPower())
    with_map = products(mapped)
    np.testing.assert_array_equal(with_map[: len(of_both)], of_both)
    np.testing.assert_array_equal(with_map[len(of_both) :], 1)
    assert len(with_map) > len(of_both)


def joint_set(**changes: object) -> SetSettings:
    table = {
        "observation": settings_to(KINDS["mosaic of two arrays"]),
        "population": {"kind": "paper", "companions": [1, 1]},
        "noise": {"kind": "thermal", "pwv": "0.8 mm"},
    }
    made = set_from(table | changes, source="a test")
    assert isinstance(made, SetSettings)
    return made


@pytest.mark.parametrize("kind", ["dirty", "clean"])
def test_a_set_has_them_and_its_truth_does_not(kind: str) -> None:
    imaging = {"imaging": {"kind": kind}}
    perfect = simulate(joint_set(**imaging), 5)
    gains = {"phase_rms": "60 deg", "baseline": "50 m"}
    wrong = simulate(joint_set(**imaging, faults={"gains": gains}), 5)
    peak = np.abs(perfect.noise_free).max()
    assert np.abs(wrong.cube.array - perfect.cube.array).max() > 0.05 * peak
    np.testing.assert_array_equal(wrong.truth["line_flux"], perfect.truth["line_flux"])
    if kind == "dirty":
        np.testing.assert_array_equal(wrong.cube.psf, perfect.cube.psf)


def test_errors_of_the_antennas_that_are_left() -> None:
    """With flagged antennas of both arrays, gains and pointing are those of the others."""
    antennas = {"numbers": [0, 1], "more": [[2]]}
    both = {"gains": {"phase_rms": "60 deg", "baseline": "50 m"}, "pointing": {}}
    flagged = simulate(joint_set(faults={"flagged_antennas": antennas}), 5)
    wrong = simulate(joint_set(faults={"flagged_antennas": antennas, **both}), 5)
    peak = np.abs(flagged.noise_free).max()
    assert np.abs(wrong.cube.array - flagged.cube.array).max() > 0.05 * peak
    np.testing.assert_array_equal(wrong.cube.psf, flagged.cube.psf)
    assert np.abs(flagged.cube.psf - simulate(joint_set(), 5).cube.psf).max() > 1e-3


def test_errors_below_a_restoring_beam_are_refused() -> None:
    with pytest.raises(DeepFocusError, match="dirty cubes, or those that CLEAN has cleaned"):
        replace(joint_set(), faults=Faults(gains=Gains()), imaging=Cleaned())
    with pytest.raises(DeepFocusError, match="gains or pointing in"):
        replace(joint_set(), faults=Faults(pointing=Pointing()), imaging=Cleaned())
