"""Cubes that lost channels, and cubes of few: a line is measured from those that are there."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from finder_cubes import cube_with, empty_cube, source

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.kinds import finder_from
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.io.blanks import blank_in_place
from deepfocus.sky.components import Component, EmissionLine

SIGMA_JY = 1e-3
FLUX_JY_KMS = 1.2


def _cube(channels: int, *, line: float, fwhm: float, snr: float, seed: int) -> Cube:
    """The dirty cube of a source with a line of FLUX_JY_KMS, in noise of SIGMA_JY."""
    observation = Observation(
        channels=channels, size=128, total_time=600 * u.s, integration=60 * u.s
    )
    telescope = telescope_of(observation)
    drawn = Thermal().draw(telescope, np.random.default_rng(seed))
    source = Component(
        x=70.0,
        y=58.0,
        fwhm_x_px=6.0,
        fwhm_y_px=4.0,
        pa=30.0,
        peak_jy_px=snr * SIGMA_JY / 27.0,
        spectral_index=0.0,
        lines=(EmissionLine(4.0, line, fwhm),),
    )
    images, spectra = source.parts(telescope.grid)
    sky = telescope.dirty_cube(telescope.dirty_components(images), spectra)
    truth = source.line_truths(telescope.grid)[0].flux_jy_kms
    noise = drawn * np.float32(SIGMA_JY / drawn.std())
    return Cube(
        data=(sky * FLUX_JY_KMS / truth + noise).astype(np.float32),
        grid=telescope.grid,
        beam=telescope.beam,
        psf=telescope.psf,
        psf_channels=telescope.node_channels,
        primary_beam=telescope.primary_beam,
    )


def _found(cube: Cube) -> Catalogue:
    found: Catalogue = DeepFocus().ready().find(cube).catalogue.accepted
    assert len(found) == 1
    return found


def _check(found: Catalogue) -> None:
    error = found["line_flux_err"][0]
    # three errors: a few in a thousand cubes would be farther off
    assert abs(found["line_flux"][0] - FLUX_JY_KMS) < 3 * error
    assert error < 0.25 * FLUX_JY_KMS
    assert np.isfinite(found["peak_err"][0])
    assert found["snr_peak"][0] > 5
    # lost channels of its own line are all that may be said
    assert (
        re.sub(
            r"\d of the \d channels of its line, in a row, have no data", "", found["warning"][0]
        )
        == ""
    )


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_flux_of_a_line_whose_middle_channel_is_lost(seed: int) -> None:
    cube = _cube(40, line=20.3, fwhm=6.0, snr=4.0, seed=seed)
    data = cube.data.copy()
    data[20] = np.nan
    _check(_found(cube.with_data(data)))


@pytest.mark.parametrize("kind", ["outer", "any"])
@pytest.mark.parametrize("seed", [5, 6])
def test_flux_with_22_of_40_channels_lost(kind: str, seed: int) -> None:
    cube = _cube(40, line=20.3, fwhm=6.0, snr=4.0, seed=seed)
    data = cube.data.copy()
    lost = (
        np.r_[:11, 29:40] if kind == "outer" else np.random.default_rng(seed).permutation(40)[:22]
    )
    data[lost] = 0.0
    blank_in_place(data)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(data[:, 0, 0])), np.sort(lost))
    _check(_found(cube.with_data(data)))


@pytest.mark.parametrize("channels", [5, 6, 7])
@pytest.mark.parametrize("dirty", [True, False])
def test_a_bright_line_in_few_channels(channels: int, dirty: bool) -> None:
    cube = _cube(channels, line=(channels - 1) / 2, fwhm=2.0, snr=20.0, seed=3)
    if not dirty:  # of the same beam, but nobody says that it is dirty: sidelobes are found too
        cube = replace(cube, psf=None, psf_channels=None, primary_beam=None)
    found = DeepFocus().ready().find(cube).catalogue.accepted
    first = int(np.argmax(found["snr_focused"]))
    assert abs(found["x"][first] - 70.0) < 0.5
    assert abs(found["y"][first] - 58.0) < 0.5
    assert abs(found["channel"][first] - (channels - 1) / 2) < 0.3
    if dirty:
        assert len(found) == 1
        assert abs(found["line_flux"][0] - FLUX_JY_KMS) < 3 * found["line_flux_err"][0]


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("matched_filter", 5),
        ("lineseeker", 5),
        ("blobcat", 8),
        ("slim", 8),
        ("paper", 8),
        ("decoras", 8),
    ],
)
def test_a_finder_refuses_too_few_channels(kind: str, least: int) -> None:
    ready = finder_from({"kind": kind}).ready()
    whole = empty_cube(shape=(12, 64, 64))
    for n in (1, 2, least - 1):
        grid = replace(whole.grid, freq_hz=whole.grid.freq_hz[:n])
        cube = replace(whole, data=whole.data[:n], grid=grid)
        with pytest.raises(DeepFocusError, match=f"wanted at least {least} for the finder {kind}"):
            ready.find(cube)


@pytest.mark.parametrize("blank", [15, 30])
def test_channels_that_do_not_cover_a_source_say_nothing_of_it(blank: int) -> None:
    """Beside it they hold data: a continuum that ends there is no line, a line is not cut off."""
    shining = replace(source(100.0, 64.0, 26.0, snr=15.0, fwhm_chan=8.0), continuum_jy=0.01)
    cube = cube_with([shining], shape=(60, 128, 128))
    part = cube.array.copy()
    part[-blank:, :, 85:] = np.nan
    (row,) = DeepFocus().ready().find(cube.with_data(part)).catalogue.accepted
    wanted = 15 * SIGMA_JY * 8.0 * 1.0645 * float(cube.grid.width_kms(1.0, 26.0))
    assert row["line_flux"] == pytest.approx(wanted, abs=3 * row["line_flux_err"])
    assert row["continuum"] == pytest.approx(10.0, abs=3 * row["continuum_err"])
