"""Physics of the telescope that needs no reference."""

import numpy as np
import pytest
from astropy import units as u
from scipy.fft import irfft2, rfft2

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.node_weights import lagrange
from deepfocus.core.source import Ellipse
from deepfocus.instrument.antennas import SHIPPED, antennas
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import BlockedAiry
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.instrument.tracks import transit_times, uvw_m
from deepfocus.ops.fitted_beam import fit_beam
from deepfocus.ops.gaussians import gaussian_2d


@pytest.fixture(scope="module")
def small() -> Telescope:
    return telescope_of(Observation(size=128, channels=16))


def test_a_point_source_becomes_the_dirty_beam(small: Telescope) -> None:
    sky = np.zeros((1, 128, 128))
    sky[0, 64, 64] = 1.0
    image = small.dirty_components(sky)[0]
    # float32 FFTs: 1e-6 of the peak
    np.testing.assert_allclose(image, small.psf * small.primary_beam[:, 64:65, 64:65], atol=1e-6)
    assert image[1, 64, 64] == pytest.approx(1.0, abs=1e-6)


def test_imaging_shifts_with_the_source_but_for_the_primary_beam(small: Telescope) -> None:
    sky = np.zeros((1, 128, 128))
    sky[0, 50, 80] = 1.0
    image = small.dirty_components(sky)[0, 1]
    response = small.primary_beam[1, 50, 80]
    assert image[50, 80] == pytest.approx(response, abs=1e-6)
    lag = small.dirty_beam[1, 128 + 10, 128 - 7]  # 10 px north, 7 px towards lower x
    assert image[60, 73] == pytest.approx(response * lag, abs=1e-6)


def test_a_gaussian_source_peaks_at_its_beam_diluted_brightness(small: Telescope) -> None:
    """Convolution of two Gaussians: peak = flux / (sum of squared widths), near the centre."""
    sky = gaussian_2d((128, 128), Ellipse(64, 64, 6.0, 6.0, 0.0))[None]
    peak = small.dirty_components(sky)[0, 1, 64, 64]
    beam = small.beam
    a, b = beam.major_arcsec / 0.1, beam.minor_arcsec / 0.1
    diluted = a * b / np.sqrt((a**2 + 36) * (b**2 + 36))
    # the fitted Gaussian stands for the main lobe to a few per cent
    assert peak == pytest.approx(36 * np.pi / (4 * np.log(2)) * diluted, rel=0.05)


def test_interpolation_in_frequency_is_exact_at_the_nodes_and_for_parabolas() -> None:
    nodes = np.array([1.0, 2.0, 3.0])
    at = np.linspace(1, 3, 7)
    weights = lagrange(nodes, at)
    np.testing.assert_allclose(weights[:, [0, 3, 6]], np.eye(3), atol=1e-12)
    np.testing.assert_allclose((nodes**2) @ weights, at**2, atol=1e-12)


def test_half_power_of_the_primary_beam() -> None:
    # CASA: FWHM 26.03 arcsec at 230 GHz
    assert BlockedAiry()(np.array(26.03 / 2), 230e9) == pytest.approx(0.5, abs=1e-3)
    assert BlockedAiry()(np.array(0.0), 230e9) == pytest.approx(1.0)


@pytest.mark.parametrize("noise", [White(), Thermal()])
def test_noise_has_unit_deviation_and_no_memory_between_channels(
    small: Telescope, noise: White | Thermal
) -> None:
    drawn = noise.draw(small, np.random.default_rng(5))
    # 16 planes of about 250 independent beams: 1 / sqrt(2 * 4000) = 1.1%; allow three of them
    assert drawn.std() == pytest.approx(1.0, rel=0.035)
    across = np.mean(drawn[:-1] * drawn[1:])
    assert abs(across) < 0.06


REACH = 40


def around(lags: np.ndarray) -> np.ndarray:
    """Lags of -REACH to REACH of a circular correlation (y, x), 1 at the centre."""
    lags = np.roll(lags, (REACH, REACH), axis=(0, 1))[: 2 * REACH + 1, : 2 * REACH + 1]
    return lags / lags[REACH, REACH]


def beam_around(seen: Telescope, node: int) -> np.ndarray:
    middle = seen.size // 2
    return seen.psf[node][middle - REACH : middle + REACH + 1, middle - REACH : middle + REACH + 1]


def test_thermal_noise_is_expected_to_correlate_as_the_dirty_beam() -> None:
    """Without statistics: the transform of the variances that the noise is drawn with."""
    seen = telescope_of(Observation(channels=3))
    amplitude = Thermal().amplitudes(seen, 480)
    for node in range(3):
        lags = irfft2(amplitude[node].astype(float) ** 2, s=(480, 480))
        # 0.0119: samples move to the nearest cell of the uv grid
        assert np.abs(around(lags) - beam_around(seen, node)).max() < 0.014


def test_thermal_noise_has_unit_rms_and_is_correlated_as_the_dirty_beam() -> None:
    """192 planes of the paper's image, 1300 beams each: 0.2% a lag, four of which over all lags."""
    seen = telescope_of(Observation(channels=64))
    n = 2 * seen.size
    power, variance = np.zeros((n, n // 2 + 1)), 0.0
    for seed in range(3):
        drawn = Thermal().draw(seen, np.random.default_rng(seed))
        power += (np.abs(rfft2(drawn, s=(n, n))) ** 2).sum(axis=0)
        variance += float(np.mean(drawn.astype(float) ** 2)) / 3
    overlap = seen.size - np.minimum(np.arange(n), n - np.arange(n))
    lags = irfft2(power, s=(n, n)) / np.maximum(np.outer(overlap, overlap), 1)
    assert np.sqrt(variance) == pytest.approx(1.0, rel=0.01)
    assert np.abs(around(lags) - beam_around(seen, 1)).max() < 0.02


@pytest.mark.parametrize("robust", [0.5, -2.0])
def test_thermal_noise_has_unit_rms_in_any_weighting(robust: float) -> None:
    drawn = Thermal().draw(
        telescope_of(Observation(size=256, channels=32, robust=robust)), np.random.default_rng(8)
    )
    assert drawn.std() == pytest.approx(1.0, rel=0.01)


def test_white_noise_is_not_correlated(small: Telescope) -> None:
    drawn = White().draw(small, np.random.default_rng(7))
    assert abs(np.mean(drawn[:, :, 1:] * drawn[:, :, :-1])) < 0.01


def test_fitted_beam_recovers_a_gaussian() -> None:
    psf = gaussian_2d((65, 65), Ellipse(32, 32, 9.0, 6.0, 35.0))
    beam = fit_beam(psf, cell_arcsec=0.1)
    assert beam.major_arcsec == pytest.approx(0.9, rel=1e-3)
    assert beam.minor_arcsec == pytest.approx(0.6, rel=1e-3)
    assert beam.pa_deg == pytest.approx(35.0, abs=0.1)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_configuration_reads(name: str) -> None:
    array = antennas(name)
    assert len(array) >= 10
    assert set(array.diameter_m) <= {7.0, 12.0}


def test_baselines_keep_their_length_as_the_earth_turns() -> None:
    array = antennas("C-3")
    times = transit_times(ra_deg=60.0, dec_deg=-35.0, total_s=3600.0, step_s=600.0)
    uvw = uvw_m(array, ra_deg=60.0, dec_deg=-35.0, mjd_utc=times)
    first, second = array.baselines
    length = np.linalg.norm(array.enu_m[first] - array.enu_m[second], axis=1)
    # rotations keep lengths to rounding
    np.testing.assert_allclose(np.linalg.norm(uvw, axis=2), np.tile(length, (6, 1)), rtol=1e-9)


def test_a_track_is_centred_on_transit() -> None:
    """At transit w of a source at the zenith's declination is the vertical: |u, v| horizontal."""
    array = antennas("C-1")
    mid = transit_times(ra_deg=60.0, dec_deg=-23.03, total_s=10.0, step_s=10.0)
    uvw = uvw_m(array, ra_deg=60.0, dec_deg=-23.03, mjd_utc=mid)[0]
    first, second = array.baselines
    up = array.enu_m[first, 2] - array.enu_m[second, 2]
    # a minute of time and a tenth of a degree tilt 160 m baselines by under a metre
    assert np.abs(uvw[:, 2] - up).max() < 1.0


@pytest.mark.parametrize("bad", [{"configuration": "C-99"}, {"configuration": "C-10"}, {"size": 4}])
def test_impossible_observations_are_refused(bad: dict) -> None:
    if bad == {"configuration": "C-10"}:
        bad = {**bad, "cell": 2 * u.arcsec}
    with pytest.raises(DeepFocusError):
        telescope_of(Observation(**bad))


def test_a_track_through_lower_culmination_is_refused() -> None:
    """From 23 degrees south, a source at -70 is never higher than 43 deg, and at its lowest 3 deg.

    Both ends of this track are high up.
    """
    track = Observation(dec=-70 * u.deg, hour_angle=(-1 * u.h, 22 * u.h), integration=600 * u.s)
    with pytest.raises(DeepFocusError, match=r"at an elevation of 3\.\d deg"):
        telescope_of(track)
