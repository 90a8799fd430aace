"""`Grid`: widths, velocities and positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.grid import Grid, tangent_grid

C_KMS = 299792.458
CO_HZ = 230.538e9


def _grid(freq_hz: np.ndarray, rest_hz: float | None) -> Grid:
    return tangent_grid(
        ra_deg=150.0, dec_deg=-35.0, size=16, cell_arcsec=0.1, freq_hz=freq_hz, rest_hz=rest_hz
    )


@pytest.mark.parametrize("rest_hz", [None, CO_HZ, 1.420405751786e9])
def test_the_width_of_a_line_does_not_depend_on_the_rest_frequency(rest_hz: float | None) -> None:
    # CO(2-1) at z = 2: a source of dv has dnu = nu_rest / (1 + z) dv / c
    z, kms = 2.0, 300.0
    centre = CO_HZ / (1 + z)
    freq_hz = centre + 1e6 * (np.arange(41) - 20)
    width_chan = centre * kms / C_KMS / 1e6
    grid = _grid(freq_hz, rest_hz)
    assert grid.width_kms(width_chan, 20.0) == pytest.approx(kms, rel=1e-12)


def test_velocity_zero_is_the_rest_frequency() -> None:
    grid = _grid(CO_HZ + 1e6 * (np.arange(41) - 20), CO_HZ)
    assert grid.velocity_kms(20.0) == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(replace(grid, rest_hz=None).velocity_kms(20.0))


def test_channels_regular_in_optical_velocity_have_that_width() -> None:
    # nu = nu0 / (1 + v / c): dv_opt = c nu0 dnu / nu^2 = (1 + v / c) c dnu / nu
    v = 3000.0 + 500.0 * np.arange(100)
    grid = _grid(CO_HZ / (1 + v / C_KMS), CO_HZ)
    own = grid.width_kms(1.0, np.arange(100.0)) * (1 + v / C_KMS)
    # a channel of 500 km/s bends by its share of c
    np.testing.assert_allclose(own, 500.0, rtol=500 / C_KMS)


def test_a_gap_between_bands_is_no_wide_channel() -> None:
    freq_hz = np.concatenate([230e9 + 1e6 * np.arange(10), 232e9 + 1e6 * np.arange(10)])
    grid = _grid(freq_hz, None)
    np.testing.assert_allclose(
        grid.width_kms(1.0, np.arange(20.0)), C_KMS * 1e6 / freq_hz, rtol=1e-9
    )


def test_nominal_frequencies_stay_out_of_catalogues() -> None:
    v = 980.0 + 3.3 * np.arange(30)
    grid = replace(_grid(CO_HZ * (1 - v / C_KMS), CO_HZ), nominal=True)
    assert np.isnan(grid.sky_frequency_at(np.arange(3.0))).all()
    assert np.isnan(grid.sky_frequency_width(1.0, 3.0))
    np.testing.assert_allclose(grid.width_kms(2.0, np.arange(30.0)), 6.6, rtol=1e-9)
    np.testing.assert_allclose(grid.velocity_kms(np.arange(30.0)), v, rtol=1e-9)
    assert grid.cropped(y0=0, x0=0, ny=4, nx=4).nominal


@pytest.mark.parametrize(
    "axes",
    [
        {"radesys": "XYZ"},
        {"ctype": ["HPLN-SIN", "HPLT-SIN"]},
        {"ctype": ["ELON-SIN", "ELAT-SIN"]},
        {"ctype": ["MALN-SIN", "MALT-SIN"]},
    ],
)
def test_a_frame_that_is_not_known_has_no_positions(axes: dict) -> None:
    grid = _grid(230e9 + 1e6 * np.arange(9), None)
    sky = grid.sky.deepcopy()
    for name, value in axes.items():
        setattr(sky.wcs, name, value)
    strange = replace(grid, sky=sky)
    assert strange.frame is None
    assert strange.cell_arcsec == pytest.approx(0.1)
    for x in (3.0, np.arange(4.0)):
        position = strange.sky_at(x, 5.0)
        assert np.isnan(position.ra.deg).all()
        assert position.shape == np.shape(x)


def test_pixels_off_the_projection_have_no_position() -> None:
    grid = _grid(230e9 + 1e6 * np.arange(9), None)
    sky = grid.sky.deepcopy()
    sky.wcs.cdelt = [-10.0, 10.0]
    ra = replace(grid, sky=sky).sky_at(np.array([8.0, 15.0]), np.array([8.0, 15.0])).ra.deg
    np.testing.assert_array_equal(np.isfinite(ra), [True, False])
