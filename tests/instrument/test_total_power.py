"""Total power beside the arrays: its noise, weights and beam, what it adds of extended sources."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from scipy.fft import irfft2
from scipy.special import j0, j1

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.core.source import Ellipse
from deepfocus.instrument.coverage import C_M_S, coverage
from deepfocus.instrument.dishes import DISHES as RECEIVING
from deepfocus.instrument.dishes import visibility_noise_jy
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sampling import ARCSEC_PER_RAD
from deepfocus.instrument.sensitivity import system_temperature_k, thermal_rms_jy_beam
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.instrument.total_power import Mapped, TotalPower
from deepfocus.instrument.weighting import beam_image
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.simulation.faults.flags import FlaggedAntennas

SIZE, CELL = 200, 0.4
ALONE = Observation(
    configuration="C-1", channels=1, total_time=1200 * u.s, cell=CELL * u.arcsec, size=SIZE
)
WITH = replace(ALONE, total_power=TotalPower())
ACA = (Execution("ACA", total_time=8400 * u.s, integration=30 * u.s),)
BOTH = replace(ALONE, more_executions=ACA)
HZ = float(ALONE.first_frequency.to_value(u.Hz))
MINUTES = TotalPower(time=600 * u.s, width=60 * u.arcsec)


def rms(observation: Observation) -> float:
    return float(thermal_rms_jy_beam(coverage(observation), telescope_of(observation), 0.8)[0])


def extended(fwhm_arcsec: float) -> np.ndarray:
    """A round Gaussian of 1 Jy in the middle."""
    px = fwhm_arcsec / CELL
    image = gaussian_2d((SIZE, SIZE), Ellipse(SIZE // 2, SIZE // 2, px, px, 0.0))
    return np.asarray(image / image.sum())[None]


# noise and weights


def test_a_point_in_the_map_has_the_noise_of_its_matched_filter() -> None:
    """Of white noise, a pixel's of the time that dishes spend on it: s^2 / (t per sr) / int A^2."""
    one_kelvin = np.array(1.0)
    mapped = Mapped.of(MINUTES)
    noise = mapped.noise_jy(one_kelvin, freq_hz=np.array(HZ), width_hz=1e7)
    from_rows = ((mapped.response / noise) ** 2).sum() ** -0.5
    # one dish has sqrt(2) of the noise of two as an interferometer
    second = np.sqrt(2) * visibility_noise_jy(
        one_kelvin, dish=RECEIVING[12.0], freq_hz=np.array(HZ), width_hz=1e7, integration_s=1.0
    )
    per_sr = 3 * 600 / (60 / ARCSEC_PER_RAD) ** 2
    # the Airy disc of an evenly lit aperture, out to where 1e-4 of its square is left
    theta = np.linspace(1e-6, 200, 200_000) / ARCSEC_PER_RAD
    x = np.pi * DISHES[12.0].effective_m * theta * HZ / C_M_S
    squared_beam = np.trapezoid(2 * np.pi * theta * (2 * j1(x) / x) ** 4, theta)
    # spacings beyond 9.3 m are left out
    assert from_rows == pytest.approx(second / np.sqrt(per_sr * squared_beam), rel=2e-3)


def test_more_time_more_dishes_and_a_smaller_map_have_less_noise() -> None:
    def noise(total_power: TotalPower) -> float:
        mapped = Mapped.of(total_power)
        return float(mapped.noise_jy(np.array(1.0), freq_hz=np.array(HZ), width_hz=1e7))

    once = noise(MINUTES)
    assert noise(replace(MINUTES, time=2400 * u.s)) == pytest.approx(once / 2)
    assert noise(replace(MINUTES, dishes=12)) == pytest.approx(once / 2)
    assert noise(replace(MINUTES, width=30 * u.arcsec)) == pytest.approx(once / 2)


def test_spacings_start_at_zero_and_end_within_a_diameter() -> None:
    distance = np.hypot(*Mapped.of(MINUTES).uv_m.T)
    assert distance.min() < 0.15
    assert 9 < distance.max() < DISHES[12.0].effective_m
    assert distance.max() < 12


def test_what_is_not_given_is_as_alma_has_it() -> None:
    """Time in ALMA's ratio to the array's; a map of the primary beam and a little more."""
    of_12_m = coverage(WITH).mapped
    of_7_m = coverage(replace(WITH, configuration="ACA")).mapped
    assert of_12_m is not None
    assert of_7_m is not None
    assert of_12_m.dish_s == pytest.approx(3 * 11.9 * 1200)
    assert of_7_m.dish_s == pytest.approx(3 * 1.7 * 1200)
    # 38 arcsec of the beam to 0.2, and lambda / 12 m
    assert of_12_m.map_rad * ARCSEC_PER_RAD == pytest.approx(60.5, abs=1)
    assert of_7_m.map_rad > 1.4 * of_12_m.map_rad


def test_almas_times_continue_the_arrays_density_of_weights() -> None:
    """That is what the ratio of times is for: the dish's first spacings count as C-1's do."""
    covered = coverage(WITH)
    distance, weights = np.hypot(*covered.uv_m.T), covered.visibility_weights
    assert weights is not None

    def density(low_m: float, high_m: float) -> float:
        within = (distance >= low_m) & (distance < high_m)
        return float(weights[within].sum() / (high_m**2 - low_m**2))

    # C-1's own varies by half from ring to ring; without any rule it could be anything
    assert density(0, 1) == pytest.approx(density(20, 60), rel=0.5)


@pytest.mark.parametrize("arrays", [ALONE, replace(ALONE, configuration="ACA")])
def test_inverse_variances_add(arrays: Observation) -> None:
    """Natural weights: the joint noise is that of the array and of the map's matched filter."""
    total_power = TotalPower(time=20 * u.h, width=70 * u.arcsec)
    both = replace(arrays, total_power=total_power)
    mapped = coverage(both).mapped
    assert mapped is not None
    # the field is at 78 deg of elevation, within a degree
    tsys = system_temperature_k(np.array(HZ), pwv_mm=0.8, airmass=1 / np.sin(np.deg2rad(78)))
    noise = mapped.noise_jy(tsys, freq_hz=np.array(HZ), width_hz=1e7) / np.sqrt(2)
    alone = ((mapped.response / noise) ** 2).sum() ** -0.5
    expected = (rms(arrays) ** -2 + alone**-2) ** -0.5
    # Tsys at 77 and at 79 deg differs by 2e-3
    assert rms(both) == pytest.approx(expected, rel=1e-3)
    assert rms(both) < rms(arrays)


# beam and noise


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}, {"taper": 4 * u.arcsec}])
def test_the_joint_beam_is_the_transform_of_the_joint_weights(how: dict) -> None:
    observation = replace(WITH, **how)
    seen, covered = telescope_of(observation), coverage(observation)
    weights = seen.weights(HZ)
    assert covered.mapped is not None
    assert np.all(weights[-len(covered.mapped.uv_m) :] > 0)
    cycles = covered.uv_m * HZ / C_M_S * CELL / ARCSEC_PER_RAD
    for y, x in ((0, 0), (7, -3), (-40, 12), (90, 90)):
        phase = 2 * np.pi * (-cycles[:, 0] * x + cycles[:, 1] * y)
        expected = np.average(np.cos(phase), weights=weights)
        # float32, and the NUFFT's 1e-7
        assert seen.dirty_beam[0][SIZE + y, SIZE + x] == pytest.approx(expected, abs=1e-6)


def test_total_powers_own_beam_is_that_of_its_matched_filter() -> None:
    """Its natural weights are M^2: the beam of the dish convolved with itself."""
    covered = coverage(WITH)
    assert covered.mapped is not None
    rows = len(covered.mapped.uv_m)
    assert covered.visibility_weights is not None
    cycles = covered.mapped.uv_m * HZ / C_M_S * CELL / ARCSEC_PER_RAD
    beam = beam_image(cycles, covered.visibility_weights[-rows:], SIZE)
    wide = 8 * SIZE  # the Airy disc goes on; a transform takes it as periodic
    at = (np.arange(wide) - wide // 2) * CELL / ARCSEC_PER_RAD * HZ / C_M_S
    x = np.pi * DISHES[12.0].effective_m * np.maximum(np.hypot(at[:, None], at[None, :]), 1e-9)
    transform = np.fft.rfft2(np.fft.ifftshift((2 * j1(x) / x) ** 2))
    twice = np.fft.fftshift(np.fft.irfft2(transform**2, s=x.shape))
    near = slice(wide // 2 - SIZE // 2, wide // 2 + SIZE // 2)
    # spacings end at 9.3 m
    np.testing.assert_allclose(beam, (twice / twice.max())[near, near], atol=3e-3)


def beam_of_squared_weights(seen: Telescope) -> np.ndarray:
    """(SIZE, SIZE) autocorrelation of the noise by definition: weights^2 / (1 / sigma^2)."""
    cycles = seen.uv_m * HZ / C_M_S * CELL / ARCSEC_PER_RAD
    own = seen.visibility_weights
    assert own is not None
    return beam_image(cycles, seen.weights(HZ) ** 2 / own, SIZE)


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
def test_the_noises_expected_autocorrelation_is_that_of_the_weights(how: dict) -> None:
    seen = telescope_of(replace(WITH, **how))
    n = Thermal().grid_px(SIZE)
    lags = irfft2(Thermal().amplitudes(seen, n)[0].astype(float) ** 2, s=(n, n))
    reach = 40
    lags = np.roll(lags / lags[0, 0], (reach, reach), axis=(0, 1))
    lags = lags[: 2 * reach + 1, : 2 * reach + 1]
    near = slice(SIZE // 2 - reach, SIZE // 2 + reach + 1)
    # nearest cells, as without total power (test_thermal_noise)
    assert np.abs(lags - beam_of_squared_weights(seen)[near, near]).max() < 0.009


@pytest.mark.parametrize("arrays", [WITH, replace(BOTH, total_power=TotalPower())])
def test_drawn_noise_has_its_level_and_correlation(
    arrays: Observation, rng: np.random.Generator
) -> None:
    seen = telescope_of(replace(arrays, channels=300, channel_width=1 * u.kHz))
    drawn = Thermal().draw(seen, rng)
    # 300 planes of 1500 beams: 0.15%; extended noise has fewer independent places
    assert np.mean(drawn**2) == pytest.approx(1.0, abs=0.02)
    measured = np.tensordot(drawn[:, SIZE // 2, SIZE // 2], drawn, axes=1) / len(drawn)
    # 300 planes: 0.058 a place; among 40 000 places up to five times that
    assert np.abs(measured - seen.beam_of_squared_weights()).max() < 0.29


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
def test_extended_noise_is_that_of_the_maps_weights(how: dict, rng: np.random.Generator) -> None:
    """A sum under a wide window has the noise of the shortest spacings, and of little else."""
    seen = telescope_of(replace(WITH, **how, channels=600, channel_width=1 * u.kHz))
    window = gaussian_2d((SIZE, SIZE), Ellipse(SIZE // 2, SIZE // 2, 25 / CELL, 25 / CELL, 0.0))
    window /= window.sum()
    measured = np.tensordot(Thermal().draw(seen, rng), window, axes=2)
    cycles = seen.uv_m * HZ / C_M_S * CELL / ARCSEC_PER_RAD
    passed = np.exp(-((np.pi * 25 / CELL * np.hypot(*cycles.T)) ** 2) / (4 * np.log(2)))
    power = seen.noise_weights(HZ)
    let_through = power * passed**2
    mapped = coverage(WITH).mapped
    assert mapped is not None
    assert let_through[-len(mapped.uv_m) :].sum() > 0.9 * let_through.sum()
    # 600 channels: 2.9%, and twice that; samples move by half a cell
    assert np.std(measured) == pytest.approx(np.sqrt(let_through.sum() / power.sum()), rel=0.08)


# sky


def analytic_visibilities(distance_m: np.ndarray, dish_m: float, fwhm_arcsec: float) -> np.ndarray:
    """(row,) of a round Gaussian of 1 Jy times a primary beam: a Hankel transform."""
    radius = np.linspace(0, 45, 4000)
    sky = np.exp(-4 * np.log(2) * (radius / fwhm_arcsec) ** 2) * DISHES[dish_m](radius, HZ)
    sky /= np.pi / (4 * np.log(2)) * fwhm_arcsec**2
    distance = np.linspace(0, distance_m.max(), 1000)
    phase = 2 * np.pi * distance[:, None] * HZ / C_M_S * radius / ARCSEC_PER_RAD
    seen = np.trapezoid(2 * np.pi * radius * sky * j0(phase), radius, axis=1)
    visibilities: np.ndarray = np.interp(distance_m, distance, seen)
    return visibilities


def test_the_peak_is_the_mean_of_visibilities_of_array_and_map() -> None:
    covered = coverage(WITH)
    seen = analytic_visibilities(np.hypot(*covered.uv_m.T), 12.0, 12.0)
    mean = np.average(seen, weights=covered.visibility_weights)
    dirty = telescope_of(WITH).dirty_components(extended(12.0))[0, 0]
    # the sky is sampled in pixels, and the Hankel transform in steps
    assert dirty[SIZE // 2, SIZE // 2] == pytest.approx(mean, rel=2e-3)


def summed(image: np.ndarray) -> float:
    """Sum about the middle under a Gaussian, which has no edges, of FWHM 40 arcsec."""
    px = 40 / CELL
    n = len(image) // 2
    return float((image * gaussian_2d(image.shape, Ellipse(n, n, px, px, 0.0))).sum())


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
@pytest.mark.parametrize(("fwhm_arcsec", "least"), [(12.0, 0.95), (20.0, 0.90), (30.0, 0.86)])
def test_the_flux_of_an_extended_source_is_there(
    how: dict, fwhm_arcsec: float, least: float
) -> None:
    """C-1's largest scale is 12 arcsec. Sum of the image over that of the beam: its flux.

    The window takes spacings of up to 4 m with it, at which such sources are fainter than at 0.
    """
    alone, both = (telescope_of(replace(one, **how)) for one in (ALONE, WITH))
    sky = extended(fwhm_arcsec)
    flux = (sky[0] * both.primary_beam[0]).sum()
    beam = summed(both.dirty_beam[0])
    ours, without = (summed(one.dirty_components(sky)[0, 0]) / beam for one in (both, alone))
    assert least < ours / flux < 1.0
    assert abs(without / flux) < 0.02


@pytest.mark.parametrize("fwhm_arcsec", [20.0, 30.0])
@pytest.mark.parametrize("arrays", [ALONE, BOTH], ids=["12 m", "12 m and 7 m"])
def test_there_are_no_bowls(arrays: Observation, fwhm_arcsec: float) -> None:
    """Lowest place where the response exceeds 0.2, over the brightest."""
    depth = []
    for observation in (arrays, replace(arrays, total_power=TotalPower())):
        seen = telescope_of(observation)
        image = seen.dirty_components(extended(fwhm_arcsec))[0, 0]
        depth.append(image[seen.primary_beam[0] > 0.2].min() / image.max())
    assert depth[0] < -0.3
    assert depth[1] > 0


def test_of_two_kinds_of_dish_the_map_is_seen_through_the_wider_beam() -> None:
    """So it counts in the response as the smaller dishes do."""
    observation = replace(BOTH, total_power=TotalPower())
    seen, mapped = telescope_of(observation), coverage(observation).mapped
    assert mapped is not None
    assert [len(field.rows) for field in seen.fields] == [
        len(telescope_of(ALONE).uv_m),
        len(telescope_of(BOTH).uv_m) - len(telescope_of(ALONE).uv_m) + len(mapped.uv_m),
    ]
    narrow, wide = (DISHES[metres](np.array(20.0), HZ) for metres in (12.0, 7.0))
    weights = seen.weights(HZ)
    share = weights[seen.fields[1].rows].sum() / weights.sum()
    expected = np.sqrt((1 - share) * narrow**2 + share * wide**2)
    expected /= seen.primary_beam[0].max()
    px = round(20.0 / CELL)
    assert seen.primary_beam[0][SIZE // 2, SIZE // 2 + px] == pytest.approx(expected, rel=1e-3)


# settings


def test_total_power_survives_its_text() -> None:
    table = {"total_power": {"dishes": 4, "time": "6 h", "width": "70 arcsec"}}
    read = settings_from(table, Observation)
    assert settings_from(settings_to(read), Observation) == read
    assert settings_from({"total_power": {}}, Observation).total_power == TotalPower()
    assert "total_power" not in settings_to(Observation())
    again = settings_to(settings_from({"total_power": {}}, Observation))
    assert settings_from(again, Observation).total_power == TotalPower()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"dishes": 0}, "dishes = 0"),
        ({"time": "0 s"}, "time = 0.0 s in .observation.total_power"),
        ({"time": "6 m"}, "one positive value in s"),
        ({"width": "-3 arcsec"}, "width = -3.0 arcsec"),
        ({"width": "3 s"}, "one positive value in arcsec"),
        ({"diameter": "12 m"}, "total_power.diameter"),
    ],
)
def test_bad_total_power_is_refused(bad: dict, says: str) -> None:
    with pytest.raises(DeepFocusError, match=says):
        settings_from({"total_power": bad}, Observation)


def test_what_cannot_be_combined_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="total_power with a mosaic"):
        replace(WITH, mosaic=Hexagonal())


def test_flagged_antennas_leave_total_power_alone() -> None:
    whole, left = coverage(WITH), FlaggedAntennas((0, 1, 2)).coverage(WITH)
    assert whole.mapped is not None
    assert left.mapped is whole.mapped
    assert len(left.uv_m) == left.executions[0].samples + len(whole.mapped.uv_m)
    telescope = FlaggedAntennas((0, 1, 2)).telescope(WITH)
    # a visibility of the map weighs as much as before beside one of the array
    np.testing.assert_array_equal(
        telescope.visibility_weights[-len(whole.mapped.uv_m) :],
        telescope_of(WITH).visibility_weights[-len(whole.mapped.uv_m) :],
    )


def test_a_map_narrower_than_the_field_is_refused() -> None:
    narrow = replace(ALONE, total_power=TotalPower(width=30 * u.arcsec))
    with pytest.raises(DeepFocusError, match="a map of 30 arcsec for a field of 38"):
        coverage(narrow)


def test_an_image_in_which_the_samples_beam_would_come_again_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="an image of 800 arcsec with total power"):
        coverage(replace(WITH, size=2000))
    assert coverage(replace(ALONE, size=2000)).observation.size == 2000
