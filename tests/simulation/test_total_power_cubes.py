"""Cubes with total power: noise as stated, limits, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

import deepfocus as df
from deepfocus.core.noise import Noise
from deepfocus.core.settings import settings_to
from deepfocus.evaluation.match import match
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.total_power import TotalPower
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.limits import limits_of
from deepfocus.simulation.sets import set_from
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.view import Dirty
from deepfocus.sky.components import Component, EmissionLine, SkyModel

ALONE = Observation(
    configuration="C-1", channels=48, total_time=700 * u.s, cell=0.4 * u.arcsec, size=160
)
WITH = replace(ALONE, total_power=TotalPower())


def set_of(observation: Observation, *, sources: int = 0) -> SetSettings:
    table = {
        "observation": settings_to(observation),
        "population": {
            "kind": "corrected",
            "sources": [sources, sources],
            "with_continuum": 0.0,
            "ideal_snr": [20.0, 40.0],
        },
        "noise": {"pwv": "0.8 mm"},
        "split": {"train": [0, 9]},
    }
    return set_from(table, source="test").variants[0]


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
def test_a_cube_of_noise_alone_has_the_stated_noise(how: dict) -> None:
    observation = replace(WITH, **how)
    made = simulate(set_of(observation), 3)
    rms = thermal_rms_jy_beam(coverage(observation), telescope_of(observation), 0.8)
    assert made.cube.noise is not None
    np.testing.assert_allclose(made.cube.noise.sigma_jy_beam, rms)
    # 48 planes of a thousand beams: 0.5%, and three times that
    assert made.cube.array.std() == pytest.approx(rms.mean(), rel=0.015)


def ideal_snr(observation: Observation, *, fwhm_arcsec: float) -> float:
    """Of a round Gaussian in the middle."""
    telescope = telescope_of(observation)
    px = fwhm_arcsec / 0.4
    source = Component(80.0, 80.0, px, px, 0.0, 1e-3, 0.0, (EmissionLine(5.0, 24.0, 4.0),))
    view = Dirty().view(telescope)
    noise = Noise(
        Thermal().power(telescope), thermal_rms_jy_beam(coverage(observation), telescope, 0.8)
    )
    return limits_of(SkyModel(telescope.grid, (source,)), view, noise)[0][0].snr


def test_total_power_tells_of_extended_sources_whatever_the_weights() -> None:
    gains = [
        ideal_snr(WITH, fwhm_arcsec=fwhm) / ideal_snr(ALONE, fwhm_arcsec=fwhm)
        for fwhm in (1.0, 8.0, 16.0)
    ]
    # 0.2% of all information is in total power: a thousandth of the ratio for a point
    assert gains[0] == pytest.approx(1.0, abs=3e-3)
    assert gains[0] < gains[1] < gains[2]
    assert gains[2] > 1.2
    natural, briggs = (ideal_snr(replace(WITH, robust=r), fwhm_arcsec=8.0) for r in (None, 0.5))
    assert briggs == pytest.approx(natural, rel=2e-3)


def test_the_sky_of_a_seed_is_the_same_and_so_is_the_truths_place() -> None:
    """With the same cell: total power widens the beam of natural weights a little."""
    alone, both = (simulate(set_of(one, sources=2), 4) for one in (ALONE, WITH))
    for name in ("x", "y", "channel", "fwhm_x_px"):
        np.testing.assert_array_equal(alone.truth[name], both.truth[name])


def test_the_image_for_training_is_that_of_the_cube() -> None:
    settings = set_of(WITH, sources=2)
    image, _ = integrated_image(settings, 2)
    made = simulate(settings, 2)
    left = image - made.noise_free.sum(axis=0)
    expected = np.sqrt(48) * made.cube.noise.sigma_jy_beam.mean()  # type: ignore[union-attr]
    # one plane of a thousand beams
    assert left.std() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("kind", ["cleaned", "clean"])
def test_it_can_be_cleaned(kind: str) -> None:
    table = settings_to(set_of(WITH, sources=2)) | {"imaging": {"kind": kind}}
    made = simulate(set_from(table, source="test"), 2)
    assert np.all(np.isfinite(made.cube.array))
    assert made.cube.beam is not None


def test_the_finder_measures_fluxes_with_total_power() -> None:
    """The beam has an integral now; fluxes of sources of 2 to 5 beams are right all the same."""
    table = settings_to(set_of(WITH, sources=3))
    table["population"] |= {
        "disc_fraction": 0.0,
        "absorption_fraction": 0.0,
        "fwhm_px": [8.0, 20.0],
        "line_margin_chan": 8.0,
    }
    pulls: list[float] = []
    for seed in (1, 2):
        made = simulate(set_from(table, source="test").variants[0], seed)
        found = df.detect(made.cube).catalogue
        pairs = match(made.truth, found)
        assert len(pairs.true_row) == len(made.truth)
        true, measured = pairs.truth_matched, pairs.found_matched
        pulls += list((measured["line_flux"] - true["line_flux"]) / measured["line_flux_err"])
    assert np.abs(pulls).max() < 4
