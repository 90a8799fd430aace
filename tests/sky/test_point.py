"""A point is a point to every baseline that the grid can hold, wherever it lies."""

import numpy as np
import pytest

from deepfocus.core.grid import tangent_grid
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.sky.components import EmissionLine, SkyModel
from deepfocus.sky.point import Point, point_1d

GRID = tangent_grid(
    ra_deg=60.0, dec_deg=-35.0, size=128, cell_arcsec=0.1, freq_hz=229.36e9 + 1e7 * np.arange(32)
)


def a_point(x: float, y: float, *lines: EmissionLine) -> Point:
    return Point(x=x, y=y, flux_jy=2.0, spectral_index=0.0, lines=lines)


@pytest.mark.parametrize(("x", "y"), [(64.0, 64.0), (60.37, 71.81), (64.5, 63.5)])
def test_flux_is_one_and_the_centroid_is_the_position(x: float, y: float) -> None:
    image = a_point(x, y).image((128, 128)).astype(float)
    # 140 dB of stop band, times a lever of 64 px for the centroid
    assert image.sum() == pytest.approx(1.0, abs=1e-6)
    assert (image.sum(axis=0) @ np.arange(128)) == pytest.approx(x, abs=1e-5)
    assert (image.sum(axis=1) @ np.arange(128)) == pytest.approx(y, abs=1e-5)


def test_on_a_pixel_it_is_that_pixel() -> None:
    image = a_point(64, 60).image((128, 128))
    assert image[60, 64] == 1.0
    image[60, 64] = 0.0
    assert np.abs(image).max() < 1e-15


@pytest.mark.parametrize("position", [64.2, 64.5, 63.71])
def test_visibilities_are_those_of_a_shifted_point(position: float) -> None:
    cycles = np.fft.rfftfreq(128)
    seen = np.fft.rfft(point_1d(128, position)) * np.exp(2j * np.pi * cycles * position)
    np.testing.assert_allclose(seen[cycles < 0.4], 1.0, atol=1e-6)


def test_the_dirty_image_of_a_point_between_pixels_is_the_shifted_beam() -> None:
    """The beam holds baselines up to 0.15 cycles a pixel only, so that it can be shifted exactly.

    Beside 1e-6 of the point there is the primary beam's slope over its ringing: its value at the
    place divides the image, and its change within the main lobe of 1 px is 1e-4.
    """
    seen = telescope_of(Observation(size=128, channels=4))
    middle = len(seen.node_channels) // 2
    on, off = (
        seen.dirty_components(a_point(x, 64.0).image((128, 128))[None])[0, middle]
        for x in (64.0, 64.4)
    )
    n = seen.dirty_beam.shape[-1]
    cycles = np.fft.rfftfreq(n)
    row = seen.dirty_beam[middle, n // 2]
    shifted = np.fft.irfft(np.fft.rfft(row) * np.exp(-2j * np.pi * cycles * 0.4), n)
    window = slice(n // 2 - 20, n // 2 + 20)
    np.testing.assert_allclose(off[64, 44:84], shifted[window], atol=2e-3)
    np.testing.assert_allclose(on[64, 44:84], row[window], atol=1e-6)


def test_absorption_is_negative_and_the_continuum_stays() -> None:
    point = a_point(64, 64, EmissionLine(relative=-0.6, channel=16.0, fwhm_chan=5.0))
    spectrum = SkyModel(GRID, (point,)).spectra()[0]
    assert spectrum[16] == pytest.approx(0.8)
    assert spectrum[0] == pytest.approx(2.0)
    (truth,) = point.line_truths(GRID)
    assert truth.flux_jy_kms < 0
    assert truth.line_share == pytest.approx(-0.6)
    line = (spectrum - 2.0).sum() * float(GRID.width_kms(1.0, 16.0))
    assert truth.flux_jy_kms == pytest.approx(line, rel=1e-6)
