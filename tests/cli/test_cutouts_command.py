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
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import CHANNEL, COUNT, FLUX, GRADIENT, SIGMA, X, Y
from deepfocus.forward.response import beam_image, response_of
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.regions import cut_region_text
from deepfocus.io.write_cube import write_beams, write_corrected, write_cube
from deepfocus.ops.source_cutouts import cutouts_of
from deepfocus.simulation.inject import render

NOISE = 1e-3
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
    noise = np.random.default_rng(4).normal(0, NOISE, grid.shape)
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


def test_a_part_of_the_cube_is_not_cut_where_the_whole_was_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = sky()
    grid = whole.grid.cropped(y0=4, x0=7, ny=90, nx=100)
    part = replace(whole, data=whole.data[:, 4:94, 7:107], grid=grid)
    write_cube(part, tmp_path / "part.fits")
    of_whole = with_sky_columns(found(SOURCE, BESIDE), whole.grid)
    write_catalogue(of_whole, tmp_path / "sky.catalogue.ecsv")
    command = [str(tmp_path / name) for name in ("sky.catalogue.ecsv", "part.fits")]
    assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 2
    assert "is not of this cube" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


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


def test_a_cut_follows_the_gradient() -> None:
    """A source that moves by half a pixel a channel is a slanted streak, along its motion alone."""
    cube = sky()
    values = np.zeros((1, COUNT))
    values[0, [X, Y, CHANNEL, SIGMA, FLUX]] = 80.0, 68.0, 30.0, 5.0, 1.0
    values[0, GRADIENT] = 0.5 * np.array([-np.sin(np.deg2rad(60)), np.cos(np.deg2rad(60))])
    moving = cube.with_data(cube.data + model_cube(values, response_of(cube)))
    row = catalogue(x=[80.0], y=[68.0], channel=[30.0], line_fwhm_chan=[12.0])
    for angle, per_channel in ((60.0, 0.5), (240.0, -0.5), (150.0, 0.0)):
        (cutout,) = cutouts_of(row.with_columns(kinematic_pa=angle), moving)
        assert cutout.cut.along_gradient
        assert np.isclose(cutout.cut.step_arcsec, 0.1)
        middle = cutout.cut.values.shape[1] // 2
        brightest = np.nanargmax(cutout.cut.values[24:37], axis=1) - middle
        slope = np.polyfit(np.arange(24, 37), brightest, 1)[0]
        # of whole pixels over twelve channels, in which it leaves the slit across it
        assert abs(slope - per_channel) < 0.1
    (cutout,) = cutouts_of(row.with_columns(pa=30.0), moving)
    assert (cutout.cut.pa_deg, cutout.cut.along_gradient) == (30.0, False)


def test_a_cut_has_offsets_and_channels(made: Path) -> None:
    with fits.open(made / "sky.1.pv.fits") as hdus:
        axes = WCS(hdus[0].header)
        assert list(axes.wcs.ctype) == ["OFFSET", "FREQ"]
        place, channel = np.unravel_index(np.nanargmax(hdus[0].data.T), hdus[0].data.T.shape)
        offset, freq_hz = axes.wcs_pix2world(place, channel, 0)
    assert abs(offset) * 3600 < 0.11
    assert abs(freq_hz - float(sky().grid.frequency_at(21.0))) < 1.1e7


def test_a_source_is_marked_in_its_cut() -> None:
    """Its FWHM through the beam, shifted at the ends of its line as far as it moves."""
    row = catalogue(
        x=[80.0], y=[68.0], channel=[30.0], line_fwhm_chan=[12.0],
        kinematic_pa=[60.0], line_shift=[0.8], fwhm_x_px=[0.0], fwhm_y_px=[0.0], pa=[0.0],
    )  # fmt: skip
    round_beam = replace(sky(), beam=Beam(0.6, 0.6, 0.0))
    (cutout,) = cutouts_of(row, round_beam)
    middle = cutout.cut.values.shape[1] // 2
    corners = cutout.cut.outline - [middle, 30.0]
    # frequency rises with the channel, so velocity falls: 8 pixels back over 12 channels
    assert np.allclose(corners, [[1, -6], [7, -6], [-1, 6], [-7, 6]])
    region = cut_region_text(cutout.cut.outline, 1).splitlines()[-1]
    # counted from 1
    assert region.startswith(f"polygon({middle + 2:.3f},25.000,")


def test_products_have_the_observation_of_the_cube(tmp_path: Path) -> None:
    keys = {
        "OBJECT": "NGC 1", "MEMBER": "uid://A001/X1/X2", "SPW": "25", "ROBUST": 0.5,
        "WEIGHT": "briggs", "SPWNAM01": "X1#ALMA_RB_06", "INTENT": "TARGET", "PER_EB": False,
    }  # fmt: skip
    write_cube(sky(), tmp_path / "sky.fits", header={**keys, "GROUP": "N/A", "OFFRA": -999.0})
    write_catalogue(found(SOURCE), tmp_path / "sky.ecsv")
    command = [str(tmp_path / name) for name in ("sky.ecsv", "sky.fits")]
    assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 0
    for made in ("cube", "mask", "moment0", "pv"):
        header = fits.getheader(tmp_path / "out" / f"sky.1.{made}.fits")
        assert {key: header[key] for key in keys} == keys
        assert "GROUP" not in header


def test_masks_have_frequencies_that_are_not_linear(tmp_path: Path) -> None:
    """Those of a table of their own, without which the axis means nothing."""
    cube = sky()
    uneven = replace(cube, grid=replace(cube.grid, freq_hz=cube.grid.freq_hz ** (1 + 1e-6)))
    write_cube(uneven, tmp_path / "sky.fits")
    write_catalogue(found(SOURCE), tmp_path / "sky.ecsv")
    command = [str(tmp_path / name) for name in ("sky.ecsv", "sky.fits")]
    assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 0
    for made, axis in (("mask", 2), ("pv", 1)):
        with fits.open(tmp_path / "out" / f"sky.1.{made}.fits") as hdus:
            axes = WCS(hdus[0].header, hdus)
            at = [0.0] * axes.naxis
            at[axis] = 63.0
            assert np.isclose(axes.wcs_pix2world([at], 0)[0, axis], uneven.grid.freq_hz[-1])


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


def test_of_the_catalogue_of_many_cubes_the_rows_of_this_one_are_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(sky(), tmp_path / "sky.fits")
    table = found(SOURCE, BESIDE).rows
    table["cube"] = ["other", "sky"]
    table.write(tmp_path / "catalogue.ecsv", format="ascii.ecsv")
    command = ["cutouts", str(tmp_path / "catalogue.ecsv"), str(tmp_path / "sky.fits")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert {path.name.split(".")[1] for path in (tmp_path / "out").glob("sky.?.*")} == {"2"}
    table["cube"] = ["other", "another"]
    table.write(tmp_path / "catalogue.ecsv", format="ascii.ecsv", overwrite=True)
    assert main([*command, "--out", str(tmp_path / "none")]) == 2
    assert "has no row of the cube sky; wanted one of its cubes: other" in capsys.readouterr().err


def test_a_catalogue_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_cube(sky(), tmp_path / "sky.fits")
    command = ["cutouts", str(tmp_path / "no.ecsv"), str(tmp_path / "sky.fits")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert "cannot read catalogue" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_lines_of_neighbours_are_no_continuum() -> None:
    """A line of a tenth of the band, at the same place: a mean of the other channels has it."""
    grid = sky().grid
    lines = [replace(SOURCE, channel=channel) for channel in (18.0, 45.0)]
    blank = Cube(np.zeros(grid.shape, np.float32), grid, beam=Beam(0.6, 0.5, 20.0))
    noise = np.random.default_rng(4).normal(0, NOISE, grid.shape)
    cube = blank.with_data((render(lines, response_of(blank)) + noise).astype(np.float32))
    area = cube.beam_areas_px()
    width = float(grid.width_kms(1.0, 18.0))
    flux = SOURCE.line_jy * SOURCE.fwhm_chan * GAUSSIAN_AREA * width
    both = found(*lines)
    for each in cutouts_of(both, cube):
        # within a FWHM of its centre are 98% of a Gaussian line
        total = float(np.nansum(each.moments.total)) / area
        assert total == pytest.approx(0.981 * flux, rel=0.02)
    (alone,) = cutouts_of(both.where(both["id"] == 1), cube)
    assert float(np.nansum(alone.moments.total)) / area < 0.8 * flux
    (told,) = cutouts_of(both.where(both["id"] == 1), cube, among=both)
    assert float(np.nansum(told.moments.total)) / area == pytest.approx(0.981 * flux, rel=0.02)


def test_what_is_cut_out_of_a_corrected_cube_is_corrected(tmp_path: Path) -> None:
    cube = sky()
    y, x = np.indices(cube.data.shape[1:])
    response = 0.2 + 0.8 * np.exp(-((x - 56.0) ** 2 + (y - 48.0) ** 2) / 2 / 25.0**2)
    seen = replace(cube, primary_beam=response[None].astype(np.float32))
    write_beams(seen, tmp_path / "s.fits")
    write_corrected(seen, tmp_path / "s.image.pbcor.fits")
    rows = with_sky_columns(found(SOURCE, BESIDE), cube.grid)
    write_catalogue(rows, tmp_path / "s.catalogue.ecsv")
    command = [str(tmp_path / name) for name in ("s.catalogue.ecsv", "s.image.pbcor.fits")]
    assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 0
    start = tmp_path / "out" / "s.image.pbcor.1"
    cut, whole = (
        fits.getdata(path)[0]
        for path in (f"{start}.cube.pbcor.fits", tmp_path / "s.image.pbcor.fits")
    )
    # the source is the brightest of all
    assert cut.shape[1] < whole.shape[1]
    assert np.nanmax(cut) == pytest.approx(np.nanmax(whole), rel=1e-5)
    # read again, it is what was searched
    again = read_cube(Path(f"{start}.cube.pbcor.fits"))
    assert again.corrected
    assert np.nanmax(again.array) == pytest.approx(float(cube.array.max()), rel=1e-5)
    corrected, before = (
        np.nanmax(each)
        for each in (
            fits.getdata(f"{start}.moment0.fits"),
            next(iter(cutouts_of(rows, cube))).moments.total,
        )
    )
    at_peak = float(np.nanmax(whole) / cube.array.max())
    assert at_peak > 1.1
    assert corrected / before == pytest.approx(at_peak, rel=0.05)


def test_the_brighter_of_two_has_the_voxels_whatever_the_order(tmp_path: Path) -> None:
    write_cube(sky(), tmp_path / "sky.fits")
    beside = replace(SOURCE, x=SOURCE.x + 4.0)
    taken = []
    for fluxes in ([1.0, 9.0], [9.0, 1.0]):
        rows = with_sky_columns(found(SOURCE, beside).with_columns(line_flux=fluxes), sky().grid)
        write_catalogue(rows, tmp_path / "sky.catalogue.ecsv")
        command = [str(tmp_path / name) for name in ("sky.catalogue.ecsv", "sky.fits")]
        assert main(["cutouts", *command, "--out", str(tmp_path / "out")]) == 0
        mask = fits.getdata(tmp_path / "out" / "sky.mask.fits")
        taken.append([np.count_nonzero(mask == number) for number in (1, 2)])
    assert taken[0][1] > taken[0][0]
    assert taken[1][0] > taken[1][1]
