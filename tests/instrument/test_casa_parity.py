"""The telescope against CASA 6.7's own products (simobserve, tclean niter=0), where they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import BlockedAiry, primary_beam_image
from deepfocus.instrument.telescope import dirty_beam, telescope_of
from deepfocus.instrument.tracks import transit_times, uvw_m

CENTRE = np.s_[..., 52:308, 52:308]
TABLE_2 = Observation()


@pytest.fixture
def casa(shared_data: Path) -> Path:
    return shared_data / "reference" / "casa"


@pytest.mark.parametrize("configuration", [1, 3, 4])
def test_uvw_within_a_centimetre(casa: Path, configuration: int) -> None:
    reference = np.load(casa / f"uvw_cycle9.{configuration}.npz")
    where = {"ra_deg": TABLE_2.ra.to_value(u.deg), "dec_deg": TABLE_2.dec.to_value(u.deg)}
    times = transit_times(**where, total_s=2400.0, step_s=10.0)
    uvw = uvw_m(antennas(f"C-{configuration}"), **where, mjd_utc=times)
    assert np.abs(uvw.reshape(-1, 3) - reference["uvw_m"]).max() < 0.01


@pytest.mark.parametrize(("robust", "name"), [(None, "natural"), (0.5, "briggs0.5")])
def test_dirty_beam(casa: Path, robust: float | None, name: str) -> None:
    reference = np.load(casa / f"cycle9.3_{name}.npz")
    seen = telescope_of(Observation(robust=robust))
    for channel, theirs in zip(reference["psf_channels"], reference["psf"], strict=True):
        hz = TABLE_2.freq_hz[channel]
        ours = dirty_beam(
            seen.uv_m * hz / C_M_S, size=360, cell_arcsec=0.1, weighting=seen.weighting
        )[180:540, 180:540]
        # beyond the centre tclean's own gridding correction is off by up to 6e-4
        assert np.abs(ours - theirs)[CENTRE].max() < 1e-4


def test_primary_beam(casa: Path) -> None:
    reference = np.load(casa / "cycle9.3_natural.npz")
    for channel, theirs in zip(reference["pb_channels"], reference["pb"], strict=True):
        ours = primary_beam_image(
            BlockedAiry(), size=360, cell_arcsec=0.1, frequency_hz=TABLE_2.freq_hz[channel]
        )
        assert np.nanmax(np.abs(ours - theirs)) < 2e-4


@pytest.mark.parametrize(
    ("robust", "name", "tolerance"), [(None, "natural", 1e-4), (0.5, "briggs0.5", 3e-4)]
)
def test_noise_free_cube(casa: Path, robust: float | None, name: str, tolerance: float) -> None:
    """Maximum error in the central 256x256, relative to the cube's peak."""
    images, spectra = casas_sky(casa)
    seen = telescope_of(Observation(robust=robust))
    cube = seen.dirty_cube(seen.dirty_components(images), spectra)
    reference = np.load(casa / f"cycle9.3_{name}.npz")
    for channel, theirs in zip(reference["channels"], reference["dirty_noise_free"], strict=True):
        error = np.abs(cube[channel] - theirs)[CENTRE].max()
        assert error < tolerance * cube.max(), f"channel {channel}"


def casas_sky(casa: Path) -> tuple[np.ndarray, np.ndarray]:
    """The reference's own components, as its README describes them."""
    y, x = np.mgrid[:360, :360]
    channel = np.arange(128)
    images, spectra = [], []
    for part in json.loads((casa / "sky.json").read_text()):
        angle = np.deg2rad(part["pa"])
        dx, dy = x - part["x"], y - part["y"]
        along = (dx * np.cos(angle) - dy * np.sin(angle)) / part["fwhm_x"]
        across = (dx * np.sin(angle) + dy * np.cos(angle)) / part["fwhm_y"]
        images.append(np.exp(-0.5 * (along**2 + across**2)))
        ratio = (230e9 - 64e6) / (230e9 - 64e6 + channel * 1e6)
        offset = (channel - part["lcen"]) / (part["lfwhm"] / 2.35482)
        line = part["lamp"] * np.exp(-0.5 * offset**2)
        spectra.append(part["amp"] * ratio ** part["spidx"] * (1 + line))
    sky = np.stack(images), np.stack(spectra)
    brightest = np.einsum("iyx,iz->zyx", *sky, optimize=True).max()
    return sky[0], sky[1] * 0.001 / brightest
