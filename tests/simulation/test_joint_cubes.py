"""Cubes of several arrays or pointings: limits, noise, cleaning, what a finder measures."""

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
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal, Listed
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.limits import limits_of
from deepfocus.simulation.sets import set_from
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.view import Dirty
from deepfocus.sky.components import Component, EmissionLine, SkyModel

ALONE = Observation(
    configuration="C-1",
    channels=16,
    total_time=700 * u.s,
    integration=10 * u.s,
    cell=0.4 * u.arcsec,
    size=160,
)
ACA = replace(ALONE, configuration="ACA", total_time=3500 * u.s)
TOGETHER = replace(ALONE, more_executions=(Execution("ACA", total_time=3500 * u.s),))


def ideal_snr(observation: Observation, *, fwhm_arcsec: float, east_arcsec: float) -> float:
    """Of a round Gaussian so far east of the centre."""
    telescope = telescope_of(observation)
    px = fwhm_arcsec / 0.4
    source = Component(
        80 - east_arcsec / 0.4, 80.0, px, px, 0.0, 1e-3, 0.0, (EmissionLine(5.0, 8.0, 4.0),)
    )
    view = Dirty().view(telescope)
    kind = Thermal()
    noise = Noise(kind.power(telescope), thermal_rms_jy_beam(coverage(observation), telescope, 0.8))
    return limits_of(SkyModel(telescope.grid, (source,)), view, noise)[0][0].snr


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
@pytest.mark.parametrize(("fwhm_arcsec", "east_arcsec"), [(2.0, 0.0), (2.0, 12.0), (8.0, 6.0)])
def test_what_arrays_tell_adds_up(how: dict, fwhm_arcsec: float, east_arcsec: float) -> None:
    """Squares of ideal signal-to-noise ratios add: the arrays' noise is independent."""
    source = {"fwhm_arcsec": fwhm_arcsec, "east_arcsec": east_arcsec}
    each = [ideal_snr(replace(one, **how), **source) for one in (ALONE, ACA)]
    # Tsys changes along a track: that of each visibility is not in the limits
    assert ideal_snr(replace(TOGETHER, **how), **source) == pytest.approx(np.hypot(*each), rel=5e-3)
    assert each[1] > 0.05 * each[0]


def test_what_pointings_tell_adds_up() -> None:
    """Two pointings with half of the time each; the single ones, with all of it."""
    source = {"fwhm_arcsec": 3.0, "east_arcsec": 5.0}
    at = [(-8 * u.arcsec, 0 * u.arcsec), (8 * u.arcsec, 0 * u.arcsec)]
    each = [ideal_snr(replace(ALONE, mosaic=Listed((one,))), **source) for one in at]
    both = ideal_snr(replace(ALONE, mosaic=Listed(tuple(at))), **source)
    # every other integration is a sample of its own of the track
    assert both == pytest.approx(np.sqrt(np.mean(np.square(each))), rel=5e-3)


def mosaic_set(**changes: object) -> SetSettings:
    table = {
        "observation": settings_to(replace(ALONE, channels=48, mosaic=Hexagonal())),
        "population": {
            "kind": "corrected",
            "sources": [5, 5],
            "with_continuum": 0.0,
            "ideal_snr": [25.0, 60.0],
            "absorption_fraction": 0.0,
        },
        "noise": {"pwv": "0.8 mm"},
        "split": {"train": [0, 9]},
    }
    return set_from(table | changes, source="test").variants[0]


def test_a_mosaics_noise_is_that_of_its_formula() -> None:
    settings = mosaic_set()
    made = simulate(settings, 2)
    left = made.cube.data - made.noise_free
    rms = thermal_rms_jy_beam(
        coverage(settings.observation), telescope_of(settings.observation), 0.8
    )
    assert made.cube.noise is not None
    np.testing.assert_allclose(made.cube.noise.sigma_jy_beam, rms)
    # 48 planes of some thousand beams; a quarter of a side is a sixteenth of it
    assert left.std() == pytest.approx(rms.mean(), rel=0.02)
    parts = left.reshape(48, 4, 40, 4, 40).std(axis=(0, 2, 4))
    assert np.ptp(parts) < 0.08 * rms.mean()


def test_the_finder_measures_fluxes_in_a_mosaic() -> None:
    """Every source is found, and its flux, corrected for the response, is right within errors."""
    pulls, responses = [], []
    for seed in (2, 3):
        made = simulate(mosaic_set(), seed)
        found = df.detect(made.cube).catalogue
        pairs = match(made.truth, found)
        assert len(pairs.true_row) == len(made.truth)
        true, measured = pairs.truth_matched, pairs.found_matched
        pulls += list((measured["line_flux"] - true["line_flux"]) / measured["line_flux_err"])
        responses += list(true["primary_beam"])
    assert min(responses) < 0.75  # so that an uncorrected flux would show
    assert np.abs(pulls).max() < 4
    assert np.sqrt(np.mean(np.square(pulls))) < 2


def test_a_cleaned_mosaic_has_the_same_noise() -> None:
    made = simulate(mosaic_set(imaging={"kind": "cleaned"}), 2)
    dirty = simulate(mosaic_set(), 2)
    ours, theirs = (one.cube.data - one.noise_free for one in (made, dirty))
    # the same random numbers; the cleaned cube's sky is another, subtracted in float32
    np.testing.assert_allclose(ours, theirs, atol=1e-3 * theirs.std())
    np.testing.assert_array_equal(made.cube.primary_beam, dirty.cube.primary_beam)


def test_the_integrated_image_is_that_of_the_cube() -> None:
    settings = mosaic_set()
    image, _ = integrated_image(settings, 2)
    made = simulate(settings, 2)
    summed = made.noise_free.sum(axis=0)
    expected = np.linalg.norm(made.cube.noise.sigma_jy_beam)
    # one plane of some thousand beams
    assert (image - summed).std() == pytest.approx(expected, rel=0.1)


def test_uneven_noise_is_stated() -> None:
    """Uniform weights: 7 m samples lie in full cells; where they alone see, the noise is less."""
    settings = mosaic_set(
        observation=settings_to(replace(TOGETHER, weighting="uniform", channels=16))
    )
    made = simulate(settings, 2)
    noise = made.cube.noise
    assert noise is not None
    assert noise.pattern is not None
    y, x = np.unravel_index(np.argmax(made.cube.primary_beam[1]), noise.pattern.shape)
    assert noise.pattern[y, x] == pytest.approx(1.0)
    left = (made.cube.data - made.noise_free) / noise.sigma_jy_beam[:, None, None]
    found = np.sqrt(np.mean(left**2, axis=0))
    corner, middle = (slice(0, 40),) * 2, (slice(60, 100),) * 2
    for part in (corner, middle):
        # 16 planes of a hundred beams
        assert found[part].mean() == pytest.approx(noise.pattern[part].mean(), rel=0.06)
    assert noise.pattern[corner].mean() < 0.9
