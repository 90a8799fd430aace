"""The ideal observer: closed forms, and the scatter of the best possible measurement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import DirtyBeam, Noise, SquaredWeights, White
from deepfocus.core.source import Source
from deepfocus.forward.ideal import ideal_snr, limit_in
from deepfocus.forward.response import Response, response_of
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, telescope_of

SIGMA = np.array([2e-3])
THERMAL = Noise(DirtyBeam(), SIGMA)
POINT = Source(64, 64, 0, 0, 0, channel=16, fwhm_chan=5, line_jy=0.01)
WIDE = replace(POINT, fwhm_x_px=12.0, fwhm_y_px=7.0, pa=40.0)


@pytest.fixture(scope="module")
def scope() -> Telescope:
    return telescope_of(Observation(size=128, channels=32))


@pytest.fixture(scope="module")
def response(scope: Telescope) -> Response:
    return response_of(
        Cube(
            data=np.zeros(scope.grid.shape, np.float32),
            grid=scope.grid,
            psf=scope.psf,
            psf_channels=scope.node_channels,
            primary_beam=scope.primary_beam,
        )
    )


def test_a_point_in_thermal_noise_is_its_flux_over_the_noise(response: Response) -> None:
    """The pixel of a point holds all that natural weighting knows of it."""
    line = POINT.line(32)
    expected = 0.01 / SIGMA[0] * np.linalg.norm(line)
    assert ideal_snr(POINT, response, THERMAL) == pytest.approx(expected, rel=1e-4)


def test_white_noise_is_averaged_over_the_dirty_beam(scope: Telescope, response: Response) -> None:
    beam = scope.psf[len(scope.psf) // 2]
    gain = ideal_snr(POINT, response, Noise(White(), SIGMA)) / ideal_snr(POINT, response, THERMAL)
    assert gain**2 == pytest.approx(float(np.sum(beam.astype(float) ** 2)), rel=1e-3)


def test_channels_count_by_their_own_noise(response: Response) -> None:
    noisy = Noise(DirtyBeam(), np.where(np.arange(32) < 16, SIGMA, 1e9))
    even = replace(POINT, channel=15.5)  # the line's two halves are alike
    half = ideal_snr(even, response, noisy) / ideal_snr(even, response, THERMAL)
    assert half == pytest.approx(np.sqrt(0.5), rel=1e-6)


def test_a_filter_matched_to_the_template_scatters_as_it_says(
    scope: Telescope, response: Response
) -> None:
    """In thermal noise the sum of the sky times the dirty noise has the variance q sigma^2."""
    one = replace(scope.one_channel)
    planes = np.stack(
        [Thermal().draw(one, np.random.default_rng(seed))[0] for seed in range(400)]
    ) * float(SIGMA[0])
    from scipy.fft import irfft2

    from deepfocus.forward.response import gaussian_transform

    sky = irfft2(gaussian_transform(response.padded, WIDE), s=response.padded)[:128, :128]
    seen = sky * scope.primary_beam[len(scope.primary_beam) // 2]
    scatter = np.std(np.tensordot(planes, seen, axes=2))
    power = (ideal_snr(WIDE, response, THERMAL) / ideal_snr(POINT, response, THERMAL)) ** 2
    # 400 planes: 3.5%; two and a half of it
    assert scatter == pytest.approx(float(SIGMA[0]) * np.sqrt(power), rel=0.09)


def test_bounds_are_those_of_a_bright_points_position(response: Response) -> None:
    """Thermal noise: sigma_x^2 = (noise / peak)^2 / the beam's curvature, over all channels."""
    limit = limit_in(POINT, response, THERMAL)
    beam = response.dirty_beam[len(response.dirty_beam) // 2].astype(float)
    n = len(beam) // 2
    curvature = 2 * beam[n, n] - beam[n, n + 1] - beam[n, n - 1]
    # the difference of pixels is 2% less than the derivative, for 8 pixels a beam
    assert limit.x_px == pytest.approx(1 / (limit.snr * np.sqrt(curvature)), rel=0.03)
    assert limit.flux > 1 / limit.snr  # size and width are free
    assert np.isnan(limit.pa_deg)
    assert np.isnan(limit.rest)  # there is no continuum


def test_noise_that_is_not_known_is_an_error(response: Response) -> None:
    with pytest.raises(DeepFocusError, match="noise level"):
        ideal_snr(POINT, response, Noise(White()))
    with pytest.raises(DeepFocusError, match="SquaredWeights"):
        ideal_snr(POINT, response, Noise(SquaredWeights(), SIGMA))
