"""`deepfocus cutouts`: what is cut out lies where it was, moves as it did, and has its flux."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS

from deepfocus.cli import main
from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import FWHM_PER_SIGMA, GAUSSIAN_AREA, Source
from deepfocus.forward.response import beam_image, response_of
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube
from deepfocus.report.source_cutouts import cutouts_of
from deepfocus.simulation.inject import render

SIGMA = 1e-3
SOURCE = Source(40.3, 55.6, 6.0, 4.0, 30.0, 21.0, 6.0, 0.4)
BESIDE = Source(80.0, 30.0, 0.0, 0.0, 0.0, 40.0, 4.0, 0.05)


def sky() -> Cube:
    """Two sources in noise, seen with a beam of six by five pixels."""
    grid = tangent_grid(
        ra_deg=10,
        dec_deg=-20,
        size=112,
        cell_arcsec=0.1,
        freq_hz=230e9 + 1e7 * np.arange(64),
        rest_hz=230e9,
    ).cropped(y0=8, x0=0, ny=96, nx=112)
    cube = Cube(np.zeros(grid.shape, np.float32), grid, beam=Beam(0.6, 0.5, 20.0))
    noise = np.random.default_rng(4).normal(0, SIGMA, grid.shape)
    shown = render([SOURCE, BESIDE], response_of(cube))
    return cube.with_data((shown + noise).astype(np.float32))


def found(*sources: Source) -> Catalogue:
    columns = {
        "id": range(1, len(sources) + 1),
        "x": [each.x for each in sources],
        "y": [each.y for each in sources],
        "channel": [each.channel for each in sources],
        "line_fwhm_chan": [each.fwhm_chan for each in sources],
        "fwhm_x_px": [each.fwhm_x_px for each in sources],
        "fwhm_y_px": [each.fwhm_y_px for each in sources],
        "pa": [each.pa for each in sources],
    }
    return catalogue(**{name: list(values) for name, values in columns.items()})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cutouts")
    write_cube(sky(), folder / "sky.fits")
    write_catalogue(found(SOURCE, BESIDE), folder / "sky.catalogue.ecsv")
    command = [str(folder / name) for name in ("sky.catalogue.ecsv", "sky.fits")]
    assert main(["cutouts", *command, "--out", str(folder / "out")]) == 0
    return folder / "out"


def test_a_cubelet_lies_where_it_was(made: Path) -> None:
    whole, part = sky(), read_cube(made / "sky.1.cube.fits")
    assert part.beam is not None
    assert np.isclose(part.beam.major_arcsec, 0.6)
    at = whole.grid.sky_at(SOURCE.x, SOURCE.y)
    x, y = part.grid.sky.world_to_pixel_values(at.ra.deg, at.dec.deg)
    assert np.array_equal(
        part.data[:, round(float(y)), round(float(x))],
        whole.data[:, round(SOURCE.y), round(SOURCE.x)],
    )
    assert np.allclose(part.grid.freq_hz, whole.grid.freq_hz)
    with fits.open(made / "sky.1.moment0.fits") as hdus:
        assert WCS(hdus[0].header).naxis == 2
        assert hdus[0].header["BUNIT"] == "Jy/beam.km/s"
        brightest = np.unravel_index(np.argmax(hdus[0].data), hdus[0].data.shape)
    assert np.hypot(brightest[0] - y, brightest[1] - x) < 1.5


def test_moments_are_those_of_the_line(made: Path) -> None:
    grid = sky().grid
    total, velocity, dispersion = (
        fits.getdata(made / f"sky.1.moment{number}.fits") for number in range(3)
    )
    peak = np.unravel_index(np.argmax(total), total.shape)
    assert abs(velocity[peak] - float(grid.velocity_kms(21.0))) < 0.5
    # a line of 200 sigma cut at 2 sigma loses a hundredth of its width
    sigma = 6.0 / FWHM_PER_SIGMA * float(grid.width_kms(1.0, 21.0))
    assert abs(dispersion[peak] / sigma - 1) < 0.05
    assert np.isnan(velocity[0, 0])


def test_a_spectrum_has_the_flux_and_the_noise_of_its_aperture(made: Path) -> None:
    table = QTable.read(made / "sky.1.spectrum.ecsv")
    width = float(sky().grid.width_kms(1.0, 21.0))
    flux = float(np.nansum(table["flux"].value[9:34])) * width
    wanted = 0.4 * 6.0 * width * GAUSSIAN_AREA
    # 98.7% of a Gaussian in the aperture
    assert 0.96 < flux / wanted < 1.01
    free = np.r_[0:8, 35:64]
    measured = float(np.std(table["flux"].value[free]))
    assert abs(table["flux_err"].value[0] / measured - 1) < 0.35
    again = QTable.read(made / "sky.1.spectrum.fits")
    assert np.allclose(again["flux"], table["flux"])


def test_the_mask_of_all_has_the_numbers_of_the_sources(made: Path) -> None:
    mask = fits.getdata(made / "sky.mask.fits")[0]
    assert mask.shape == sky().data.shape
    assert set(np.unique(mask)) == {0, 1, 2}
    assert mask[21, 56, 40] == 1
    assert mask[40, 30, 80] == 2
    own = fits.getdata(made / "sky.1.mask.fits")[0]
    assert (own == 1).sum() == (mask == 1).sum()


def test_a_sum_over_a_dirty_beam_is_no_flux() -> None:
    cube = sky()
    dirty = replace(cube, psf=beam_image(cube.beam, cube.grid)[None].astype(np.float32))
    (cutout,) = cutouts_of(found(SOURCE), dirty)
    assert np.isnan(cutout.spectrum.flux_jy).all()
    assert cutout.spectrum.peak_jy_beam[21] > 0.1


def test_moments_are_those_of_the_line_whatever_the_rest_frequency() -> None:
    """As the catalogue's: a header may have the rest frequency of the galaxy's own frame."""
    cube = sky()
    far = replace(cube, grid=replace(cube.grid, rest_hz=3 * 230e9))
    (own,), (other,) = (list(cutouts_of(found(SOURCE), each)) for each in (cube, far))
    assert np.array_equal(own.moments.total, other.moments.total, equal_nan=True)
    assert np.array_equal(own.moments.dispersion, other.moments.dispersion, equal_nan=True)


def test_sources_at_the_edge_and_of_unknown_size() -> None:
    edge = replace(SOURCE, x=0.2, y=95.4, channel=0.0)
    unknown = found(edge).with_columns(fwhm_x_px=np.nan, line_fwhm_chan=np.nan)
    (cutout,) = cutouts_of(unknown, sky())
    assert cutout.mask.shape == cutout.cube.data.shape
    assert (cutout.x0, cutout.y0 > 60) == (0, True)
    assert list(cutouts_of(found(replace(edge, x=np.nan)), sky())) == []


def test_what_was_written_is_said(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_catalogue(found(SOURCE), tmp_path / "one.ecsv")
    command = [str(tmp_path / "one.ecsv"), str(made.parent / "sky.fits")]
    assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 0
    assert "Written: 1 source to" in capsys.readouterr().out


def test_a_catalogue_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_cube(sky(), tmp_path / "sky.fits")
    command = ["cutouts", str(tmp_path / "no.ecsv"), str(tmp_path / "sky.fits")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert "cannot read catalogue" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
