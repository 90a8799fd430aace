"""The telescope against numbers from CASA 6.7.0.31 that are kept beside this file.

tests/casa/make_parity_reference.py made them and says how: noise by `setnoise`'s tsys-atm, and
tclean's images at a hundred pixels within 0.35 of the image's side from its centre.
docs/casa-parity.md has the differences over all pixels.
"""

from __future__ import annotations

from pathlib import Path

import erfa
import numpy as np
import pytest
from astropy import units as u

from deepfocus.instrument.antennas import ALMA_LONGITUDE_RAD, antennas
from deepfocus.instrument.coverage import C_M_S, track_times
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES as RESPONSES
from deepfocus.instrument.sampling import on_grid
from deepfocus.instrument.sensitivity import (
    BAND_FROM_GHZ,
    DISHES,
    RECEIVER_K,
    system_temperature_k,
    visibility_noise_jy,
)
from deepfocus.instrument.telescope import Telescope, dirty_beam, telescope_of
from deepfocus.instrument.tracks import uvw_m
from deepfocus.instrument.weighting import beam_image

CASA = np.load(Path(__file__).with_name("casa_parity.npz"))
UT1_MINUS_UTC_S = -0.0971  # on 2014-01-01 (IERS), simobserve's day
FIELDS = {
    "C-1": (0.2, 360, 12.0),
    "C-3": (0.1, 360, 12.0),
    "C-4": (0.06, 360, 12.0),
    "C-6": (0.02, 512, 12.0),
    "C-8": (0.02, 512, 12.0),
    "ACA": (0.7, 180, 7.0),
}
ARCSEC, WAVELENGTHS = u.arcsec, u.dimensionless_unscaled


def observation(configuration: str, channels: int = 1, **settings: object) -> Observation:
    cell, size, _ = FIELDS[configuration]
    where = {"configuration": configuration, "cell": cell * u.arcsec, "size": size}
    width = 0.64 * u.GHz
    return Observation(**where, channels=channels, channel_width=width, **settings)  # type: ignore[arg-type]


def kept(image: np.ndarray) -> np.ndarray:
    """Values (..., 100) of an image (..., y, x) at the pixels that were kept of CASA's."""
    size = image.shape[-1]
    dy, dx = CASA[f"offsets_{size}"]
    return image[..., size // 2 + dy, size // 2 + dx]


@pytest.mark.parametrize("row", CASA["noise"], ids=lambda row: "-".join(f"{x:g}" for x in row[:4]))
def test_noise_of_a_visibility(row: np.ndarray) -> None:
    """Nine bands, two PWVs, two elevations, both dishes.

    1%: CASA's ATM at the very frequency against a table in steps of 100 MHz (0.7% beside a
    narrow line at 345 GHz), and a fit of the air's temperature (0.3%).
    """
    dish_m, ghz, pwv_mm, elevation_deg, _, casa = row
    hz = np.array([ghz * 1e9])
    airmass = 1 / np.sin(np.deg2rad(elevation_deg))
    tsys = system_temperature_k(hz, pwv_mm=pwv_mm, airmass=airmass)
    ours = visibility_noise_jy(
        tsys, dish=DISHES[dish_m], freq_hz=hz, width_hz=1e6, integration_s=10.0
    )
    assert ours[0] == pytest.approx(casa, rel=0.01)


def test_receiver_temperatures() -> None:
    band = np.searchsorted(BAND_FROM_GHZ, CASA["noise"][:, 1]) - 1
    np.testing.assert_array_equal(np.array(RECEIVER_K)[band], CASA["noise"][:, 4])


@pytest.mark.parametrize("configuration", FIELDS)
def test_primary_beam_of_both_dishes(configuration: str) -> None:
    cell, size, dish = FIELDS[configuration]
    dy, dx = CASA[f"offsets_{size}"]
    theta = np.hypot(dy, dx) * cell
    hz = 229.36e9 + (0.64e9 if configuration in ("C-1", "C-4", "ACA") else 0.0)
    casa = CASA[f"{configuration}_pb"]
    seen = casa > 0.01  # CASA blanks the rest
    assert np.abs(RESPONSES[dish](theta, hz) - casa)[seen].max() < 2e-4
    # all of which is CASA's table of 10,000 radii, to whose lower neighbour it rounds
    step = {12.0: 1.784, 7.0: 3.568}[dish] * 3600 / (hz / 1e9) / 9999
    table = RESPONSES[dish](np.floor(theta / step + 1e-6) * step, hz)
    assert np.abs(table - casa)[seen].max() < 1e-6


def uvw(configuration: str, delay_s: float = 0.0) -> np.ndarray:
    observed = observation(configuration)
    where = {"ra_deg": observed.ra.to_value(u.deg), "dec_deg": observed.dec.to_value(u.deg)}
    times = track_times(observed) + delay_s / 86400
    return uvw_m(antennas(configuration), **where, mjd_utc=times)


def casas_delay_s(configuration: str) -> float:
    """CASA's track starts later: it takes hour angles by UT1, and at the first antenna."""
    longitude, _, _ = erfa.gc2gd(1, antennas(configuration).itrf_m[0])
    return -UT1_MINUS_UTC_S - (longitude - ALMA_LONGITUDE_RAD) * 86400 / (2 * np.pi)


@pytest.mark.parametrize("configuration", FIELDS)
def test_baselines(configuration: str) -> None:
    casa = CASA[f"{configuration}_uvw"]
    step = max(1, uvw(configuration).shape[1] // 10)
    length = np.linalg.norm(casa, axis=2, keepdims=True)
    plain, delayed = (
        uvw(configuration, delay)[[0, 120, 239]][:, ::step]
        for delay in (0.0, casas_delay_s(configuration))
    )
    # 0.06 to 0.32 s, 1 to 5 arcsec: 1.5 mm in C-1, 15 cm in the 8 km of C-8
    assert np.abs((plain - casa) / length).max() < 2.5e-5
    # polar motion is 0.32 arcsec, 1.6e-6
    assert np.abs((delayed - casa) / length).max() < 2.5e-6


WEIGHTINGS = {
    # CASA's gridder looks its kernel up in steps of a hundredth of a cell: errors fall as the
    # root of the weights that count, so the flatter the weights the smaller the tolerance
    "natural": ({}, 1e-4),
    "briggs2": ({"robust": 2.0}, 1e-4),
    "briggs": ({"robust": 0.5}, 1e-4),
    "briggs-0.5": ({"robust": -0.5}, 2e-4),
    "uniform": ({"weighting": "uniform"}, 2e-4),
    "taper1arcsec": ({"taper": 1 * ARCSEC}, 1e-4),
    "taper150klambda": ({"taper": 150e3 * WAVELENGTHS}, 1e-4),
    "briggs_taper1arcsec": ({"robust": 0.5, "taper": 1 * ARCSEC}, 1e-4),
    "uniform_taper1arcsec": ({"weighting": "uniform", "taper": 1 * ARCSEC}, 2e-4),
}


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_dirty_beam_of_a_weighting(name: str) -> None:
    settings, tolerance = WEIGHTINGS[name]
    scheme = observation("C-3", **settings).weighting_scheme(36.0)
    uv = uvw("C-3")[..., :2].reshape(-1, 2) * 229.36e9 / C_M_S
    ours = dirty_beam(uv, size=360, cell_arcsec=0.1, weighting=scheme)[180:540, 180:540]
    assert np.abs(kept(ours) - CASA[f"C-3_{name}_psf"]).max() < tolerance


@pytest.mark.parametrize("name", ["natural", "briggs"])
@pytest.mark.parametrize("configuration", ["C-6", "C-8"])
def test_dirty_beam_with_samples_beyond_the_grid(configuration: str, name: str) -> None:
    """At 0.02 arcsec C-8 has 141 of 36120 baselines a minute beyond the grid, C-6 none."""
    cell, size, _ = FIELDS[configuration]
    settings, _ = WEIGHTINGS[name]
    scheme = observation(configuration, **settings).weighting_scheme(cell * size)
    delay = casas_delay_s(configuration)  # else the rotation hides the samples
    uv = uvw(configuration, delay)[..., :2].reshape(-1, 2)
    cycles = uv * 229.36e9 / C_M_S * np.deg2rad(cell / 3600)
    taken = on_grid(cycles, size)
    assert (taken.sum() < len(taken)) == (configuration == "C-8")

    def error(chosen: np.ndarray) -> float:
        weights = scheme(*(cycles[chosen] * size).T, size)
        image = beam_image(cycles[chosen], weights, size)
        return float(np.abs(kept(image) - CASA[f"{configuration}_{name}_psf"]).max())

    assert error(taken) < 1e-4
    if configuration == "C-8":
        # a hundredth of a cell's margin more or less, and it shows
        assert error((np.abs(cycles) < 0.5).all(axis=1)) > 2 * error(taken)
        assert error((np.abs(cycles) < 0.485).all(axis=1)) > 2 * error(taken)


def sky(size: int) -> tuple[np.ndarray, np.ndarray]:
    """CASA's sky: images (source, y, x) in Jy/pixel and spectra (source, 3)."""
    y, x = np.mgrid[:size, :size]
    images, spectra = [], []
    for cy, cx, a, b, angle, tilt in CASA[f"gaussians_{size}"]:
        along = ((x - cx) * np.cos(angle) - (y - cy) * np.sin(angle)) / a
        across = ((x - cx) * np.sin(angle) + (y - cy) * np.cos(angle)) / b
        images.append(1e-3 * np.exp(-0.5 * (along**2 + across**2)))
        spectra.append(1 + tilt * np.arange(3))
    return np.stack(images), np.stack(spectra)


def dirty_cube(seen: Telescope) -> np.ndarray:
    images, spectra = sky(seen.size)
    return seen.dirty_cube(seen.dirty_components(images), spectra)


@pytest.mark.parametrize(
    ("configuration", "name", "of_the_beam", "of_the_peak"),
    [
        ("C-1", "natural", 1e-4, 1e-4),
        ("C-4", "natural", 1e-4, 1e-4),
        ("C-1", "briggs", 1e-4, 3e-4),
        ("C-4", "briggs", 1e-4, 3e-4),
        # a twentieth of the baselines: CASA's gridding is that much coarser, see below
        ("ACA", "natural", 3e-4, 5e-4),
        ("ACA", "briggs", 3e-4, 7e-4),
    ],
)
def test_noise_free_cube_of_a_configuration(
    configuration: str, name: str, of_the_beam: float, of_the_peak: float
) -> None:
    settings, _ = WEIGHTINGS[name]
    seen = telescope_of(observation(configuration, channels=3, **settings))
    cube = dirty_cube(seen)
    looked_at = CASA[f"{configuration}_pb"] > 0.01
    casa = CASA[f"{configuration}_{name}_dirty"]
    assert np.abs(kept(seen.psf[1]) - CASA[f"{configuration}_{name}_psf"]).max() < of_the_beam
    assert np.abs(kept(cube) - casa)[:, looked_at].max() < of_the_peak * cube.max()
    if name == "natural":
        # the same visibilities of CASA's, summed at these pixels without gridding: what is left
        # for the ACA is how CASA predicts visibilities, by the same kernel
        direct = CASA[f"{configuration}_direct"]
        assert np.abs(kept(cube) - direct).max() < min(of_the_peak, 2e-4) * cube.max()
