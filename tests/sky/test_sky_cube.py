"""A model cube as the whole sky: its own place, scale and flux, or those that are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.sky.sky_cube import SkyCube

GRID = tangent_grid(
    ra_deg=10.0,
    dec_deg=-20.0,
    size=96,
    cell_arcsec=0.1,
    freq_hz=230e9 + 1e7 * np.arange(64),
    rest_hz=230e9,
)
CHANNEL_KMS = float(GRID.width_kms(1.0, 32))
VOXELS = np.zeros((9, 20, 24))
VOXELS[2, 4, 5] = 0.03
VOXELS[6, 15, 19] = 0.05


def model(tmp_path: Path, **header: object) -> str:
    cards = fits.Header()
    cards.update(
        CTYPE1="RA---SIN", CDELT1=-0.2 / 3600, CTYPE2="DEC--SIN", CDELT2=0.2 / 3600,
        CTYPE3="VRAD", CDELT3=3 * CHANNEL_KMS, CUNIT3="km/s", BUNIT="Jy/pixel",
    )  # fmt: skip
    for key, value in header.items():
        if value is None:
            del cards[key]
        else:
            cards[key] = value
    path = tmp_path / f"model{len(list(tmp_path.iterdir()))}.fits"
    fits.PrimaryHDU(VOXELS, cards).writeto(path)
    return str(path)


def drawn(population: SkyCube) -> np.ndarray:
    """(chan, y, x) the sky, Jy/pixel."""
    sky = population.draw(GRID, np.random.default_rng(0))
    return np.einsum("pk,pyx->kyx", sky.spectra(), sky.images())


def test_a_model_keeps_place_scale_and_flux(tmp_path: Path) -> None:
    cube = drawn(SkyCube(file=model(tmp_path)))
    # 3 channels of the band for each of the model's
    assert cube.sum() == pytest.approx(3 * VOXELS.sum(), rel=1e-4)
    z, y, x = np.indices(cube.shape)
    for voxel, flux in (((2, 4, 5), 0.03), ((6, 15, 19), 0.05)):
        # two of the grid's pixels for each of the model's, about the phase centre; the velocity
        # falls with the channel
        at_x, at_y = 48 + 2 * (voxel[2] - 11.5), 48 + 2 * (voxel[1] - 9.5)
        at_z = 31.5 - 3 * (voxel[0] - 4)
        near = np.where(np.hypot(x - at_x, y - at_y) < 6, cube, 0.0)
        assert near.sum() == pytest.approx(3 * flux, rel=1e-3)
        weights = near / near.sum()
        found = [float((axis * weights).sum()) for axis in (z, y, x)]
        assert found == pytest.approx([at_z, at_y, at_x], abs=0.02)


def test_a_frequency_axis_gives_the_same(tmp_path: Path) -> None:
    step = {"CTYPE3": "FREQ", "CUNIT3": "Hz", "CDELT3": 3e7, "CRVAL3": 230.315e9, "CRPIX3": 5.0}
    cube = drawn(SkyCube(file=model(tmp_path, **step)))
    # the same channels, in the other direction
    expected = drawn(SkyCube(file=model(tmp_path, CDELT3=-3 * CHANNEL_KMS)))
    # the width of a channel refers to the middle of the band, here and there
    np.testing.assert_allclose(cube, expected, atol=2e-3 * expected.max())


def test_what_the_header_lacks_can_be_given(tmp_path: Path) -> None:
    bare = model(tmp_path, CUNIT1="pigeons", CUNIT3="pigeons", BUNIT="K")
    for missing in ("cell", "channel_width", "flux_jy_kms"):
        given = {
            "cell": 0.2 * u.arcsec,
            "channel_width": 3 * CHANNEL_KMS * u.km / u.s,
            "flux_jy_kms": 3 * VOXELS.sum() * CHANNEL_KMS,
        }
        del given[missing]
        with pytest.raises(DeepFocusError, match=f"does not tell the model's {missing}"):
            SkyCube(file=bare, **given)
    full = SkyCube(
        file=bare,
        cell=0.2 * u.arcsec,
        channel_width=3 * CHANNEL_KMS * u.km / u.s,
        flux_jy_kms=3 * VOXELS.sum() * CHANNEL_KMS,
    )
    expected = drawn(SkyCube(file=model(tmp_path)))
    # samples that fall on the border of two pixels may change sides with the last digit
    np.testing.assert_allclose(drawn(full), expected, atol=0.05 * expected.max())


def test_a_wrong_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="positive value in arcsec"):
        SkyCube(file=model(tmp_path), cell=3 * u.s)
