"""Several executions imaged together: weights, beams, noise, and what short baselines add."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from scipy.special import j0

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.core.source import Ellipse
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import C_M_S, coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sampling import ARCSEC_PER_RAD
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.flags import FlaggedAntennas
from deepfocus.simulation.settings import SetSettings

SIZE, CELL = 200, 0.25
ALONE = Observation(
    configuration="C-1", channels=1, total_time=600 * u.s, cell=CELL * u.arcsec, size=SIZE
)


def with_more(*more: Execution, **changes: object) -> Observation:
    return replace(ALONE, more_executions=more, **changes)  # type: ignore[arg-type]


def rms(observation: Observation) -> float:
    return float(thermal_rms_jy_beam(coverage(observation), telescope_of(observation), 0.8)[0])


ACA = Execution("ACA", total_time=3000 * u.s)
WITH_ACA = with_more(ACA)


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
def test_the_same_array_twice_is_itself_with_less_noise(how: dict) -> None:
    once = replace(ALONE, **how)
    twice = replace(once, more_executions=(Execution("C-1", total_time=600 * u.s),))
    beams = telescope_of(once).dirty_beam, telescope_of(twice).dirty_beam
    # Briggs weights depend on counts only by their ratios; rounding of float32
    np.testing.assert_allclose(*beams, atol=1e-6)
    assert rms(once) / rms(twice) == pytest.approx(np.sqrt(2), rel=1e-6)


def test_two_tracks_are_one_track_in_two_halves() -> None:
    whole = replace(ALONE, total_time=None, hour_angle=(-0.5 * u.h, 0.5 * u.h))
    early = replace(whole, hour_angle=(-0.5 * u.h, 0 * u.h))
    halves = replace(early, more_executions=(Execution("C-1", hour_angle=(0 * u.h, 0.5 * u.h)),))
    beams = telescope_of(whole).dirty_beam, telescope_of(halves).dirty_beam
    # whole integrations: the halves may be a few seconds off
    np.testing.assert_allclose(*beams, atol=1e-3)
    assert rms(halves) == pytest.approx(rms(whole), rel=2e-3)


def test_weights_are_those_of_each_visibilitys_noise() -> None:
    """7 m dishes have (7/12)^2 of the area: noise 12^2/7^2 times as high, but for efficiencies."""
    weights = coverage(WITH_ACA).visibility_weights
    assert weights is not None
    low, high = np.unique(weights)
    assert high == 1.0
    assert low == pytest.approx((7 / 12) ** 4, rel=0.15)
    longer = coverage(with_more(replace(ACA, integration=30 * u.s))).visibility_weights
    wetter = coverage(with_more(replace(ACA, tsys_ratio=2.0))).visibility_weights
    assert longer is not None
    assert wetter is not None
    assert longer.min() == pytest.approx(3 * low)
    assert wetter.min() == pytest.approx(low / 4)


def test_natural_weights_together_have_the_least_noise() -> None:
    """Inverse variances add where the response is 1, whatever the dishes."""
    aca = replace(ALONE, configuration="ACA", total_time=3000 * u.s)
    # of the tracks, only the elevations differ from those that the weights count on
    expected = (rms(ALONE) ** -2 + rms(aca) ** -2) ** -0.5
    assert rms(WITH_ACA) == pytest.approx(expected, rel=1e-3)


def test_bad_weather_counts_in_the_noise() -> None:
    same = with_more(Execution("C-1", total_time=600 * u.s, tsys_ratio=3.0))
    assert rms(same) == pytest.approx(rms(ALONE) / np.sqrt(1 + 1 / 9), rel=1e-6)


def analytic_visibilities(uv_m: np.ndarray, dish_m: float, fwhm_arcsec: float) -> np.ndarray:
    """(row,) of a Gaussian of 1 Jy times a dish's primary beam, both round: a Hankel transform."""
    hz = ALONE.first_frequency.to_value(u.Hz)
    radius = np.linspace(0, 3 * fwhm_arcsec, 3000)
    sky = np.exp(-4 * np.log(2) * (radius / fwhm_arcsec) ** 2) * DISHES[dish_m](radius, hz)
    sky /= np.pi / (4 * np.log(2)) * fwhm_arcsec**2
    distance = np.linspace(0, np.hypot(*uv_m.T).max(), 400)
    phase = 2 * np.pi * distance[:, None] * hz / C_M_S * radius / ARCSEC_PER_RAD
    seen = np.trapezoid(2 * np.pi * radius * sky * j0(phase), radius, axis=1)
    visibilities: np.ndarray = np.interp(np.hypot(*uv_m.T), distance, seen)
    return visibilities


@pytest.mark.parametrize("fwhm_arcsec", [4.0, 9.0])
def test_short_baselines_add_the_flux_that_they_see(fwhm_arcsec: float) -> None:
    """The peak of an extended source is the weighted mean of its visibilities."""
    middle, fwhm_px = SIZE // 2, fwhm_arcsec / CELL
    image = gaussian_2d((SIZE, SIZE), Ellipse(middle, middle, fwhm_px, fwhm_px, 0.0))
    image *= CELL**2 / (np.pi / (4 * np.log(2)) * fwhm_arcsec**2)
    peaks = {}
    for name, observation in (("12 m", ALONE), ("both", WITH_ACA)):
        dirty = telescope_of(observation).dirty_components(image[None])[0, 0]
        peaks[name] = dirty[middle, middle]
        covered = coverage(observation)
        seen = np.concatenate(
            [
                analytic_visibilities(each.uv_m.reshape(-1, 2), each.dish_m, fwhm_arcsec)
                for each in covered.executions
            ]
        )
        mean = np.average(seen, weights=covered.visibility_weights)
        # the sky is sampled in pixels, and the Hankel transform in steps
        assert peaks[name] == pytest.approx(mean, rel=1e-3, abs=1e-5)
    assert peaks["both"] > 1.05 * peaks["12 m"]


def test_the_response_is_the_weights_mean_of_the_dishes_power() -> None:
    """What a source of one pixel becomes where it is: its flux times the response."""
    made = telescope_of(WITH_ACA)
    narrow, wide = (telescope_of(replace(ALONE, configuration=c)) for c in ("C-1", "ACA"))
    hz = made.node_hz[0]
    weights = made.weights(hz)
    first = len(narrow.uv_m)
    share = weights[first:].sum() / weights.sum()
    mean = (1 - share) * narrow.primary_beam[0] ** 2 + share * wide.primary_beam[0] ** 2
    np.testing.assert_allclose(made.primary_beam[0], np.sqrt(mean), atol=1e-6)
    y, x = 130, 60
    image = np.zeros((1, SIZE, SIZE))
    image[0, y, x] = 1
    dirty = made.dirty_components(image)[0, 0]
    assert dirty[y, x] == pytest.approx(made.primary_beam[0, y, x], rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"weighting": "uniform"}])
def test_drawn_noise_has_its_level_everywhere(how: dict, rng: np.random.Generator) -> None:
    seen = telescope_of(with_more(ACA, **how, size=96, channels=150, channel_width=1 * u.kHz))
    drawn = Thermal().draw(seen, rng)
    pattern = Thermal().pattern(seen)
    assert (pattern is None) == (how == {})
    level = 1.0 if pattern is None else pattern
    # 150 planes of some 100 beams: 0.6%, and three times that; of parts of the field 2%
    assert np.mean((drawn / level) ** 2) == pytest.approx(1.0, abs=0.04)
    edge = (drawn / level)[:, :20, :20]
    assert np.mean(edge**2) == pytest.approx(1.0, abs=0.1)


def test_executions_survive_their_text() -> None:
    table = {
        "configuration": "C-4",
        "more_executions": [
            {"configuration": "C-1", "hour_angle": ["-1 h", "0.5 h"]},
            {"configuration": "ACA", "total_time": "3 h", "tsys_ratio": 1.2},
        ],
    }
    read = settings_from(table, Observation)
    assert settings_from(settings_to(read), Observation) == read
    assert "more_executions" not in settings_to(Observation())


def test_one_execution_has_one_kind_of_dish(tmp_path: Path) -> None:
    path = tmp_path / "mixed.cfg"
    rows = antennas("C-1").enu_m[:10]
    lines = [f"{e} {n} {h} {7 if i < 3 else 12} A{i}" for i, (e, n, h) in enumerate(rows)]
    path.write_text("# observatory=ALMA\n" + "\n".join(lines) + "\n")
    with pytest.raises(DeepFocusError, match="execution of its own"):
        coverage(replace(ALONE, configuration=str(path)))


def test_flagged_antennas_are_those_of_each_execution() -> None:
    flagged = FlaggedAntennas((0, 5), more=((1, 2, 3),))
    whole, left = coverage(WITH_ACA), flagged.coverage(WITH_ACA)
    for before, after, lost in zip(whole.executions, left.executions, (2, 3), strict=True):
        times, baselines, _ = before.uv_m.shape
        number = len(antennas(before.observation.configuration))
        assert baselines == number * (number - 1) // 2
        assert after.uv_m.shape == (times, (number - lost) * (number - lost - 1) // 2, 2)
    # each array's rows are seen through its own beam
    telescope = flagged.telescope(WITH_ACA)
    assert telescope.grid == telescope_of(WITH_ACA).grid
    samples = sorted(each.samples for each in left.executions)
    assert len(telescope.uv_m) == sum(samples)
    assert sorted(len(rows) for _, _, rows in left.fields) == samples


def test_no_antenna_flagged_is_the_whole_array() -> None:
    none, whole = FlaggedAntennas(()).telescope(WITH_ACA), telescope_of(WITH_ACA)
    np.testing.assert_array_equal(none.psf, whole.psf)
    np.testing.assert_array_equal(none.visibility_weights, whole.visibility_weights)


def test_an_array_all_but_two_of_whose_dishes_are_flagged_adds_next_to_nothing() -> None:
    """One baseline of the 7 m array: the noise is that of the 12 m array alone."""
    most = FlaggedAntennas((), more=(tuple(range(2, len(antennas("ACA")))),))
    left = thermal_rms_jy_beam(most.coverage(WITH_ACA), most.telescope(WITH_ACA), 0.8)[0]
    assert left == pytest.approx(rms(ALONE), rel=0.005)
    assert rms(WITH_ACA) < 0.99 * left


def test_flagged_antennas_that_are_not_there_are_refused() -> None:
    for flagged, says in (
        (FlaggedAntennas((), more=((400,),)), r"flagged antennas \[400\] of ACA"),
        (FlaggedAntennas((), more=((), ())), "those of 1, as many as"),
        (FlaggedAntennas((400,)), r"flagged antennas \[400\] of C-"),
    ):
        with pytest.raises(DeepFocusError, match=says):
            SetSettings(observation=WITH_ACA, faults=Faults(flagged_antennas=flagged))


@pytest.mark.parametrize("tsys_ratio", [0.0, -1.0])
def test_a_system_temperature_is_positive(tsys_ratio: float) -> None:
    with pytest.raises(DeepFocusError, match="tsys_ratio"):
        Execution(tsys_ratio=tsys_ratio)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"configuraton": "ACA"}, r"more_executions\[0\].configuraton'.*did you mean"),
        ({"hour_angle": ["0 h", "1 h"], "total_time": "1 h"}, "both total_time and hour_angle"),
        ({"integration": "5 m"}, "correct the unit"),
    ],
)
def test_a_bad_execution_is_refused_with_its_observation(bad: dict, says: str) -> None:
    with pytest.raises(DeepFocusError, match=says):
        settings_from({"more_executions": [bad]}, Observation)
