"""The functions of `import deepfocus as df`: cubes from anywhere, results as of the commands."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

import deepfocus as df
from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Beam

SMALL = {
    "observation": {"size": 96, "channels": 32, "total_time": "100 s", "channel_width": "40 MHz"},
    "population": {"companions": [1, 1], "offset_px": [-20.0, 20.0]},
    "noise": {"kind": "white", "target_snr": [60.0, 60.0]},
}


@pytest.fixture(scope="module")
def made() -> object:
    return df.simulate(SMALL, seed=3)


@pytest.fixture(scope="module")
def path(made: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    written: Path = df.write(made, folder / "small.fits")[0]
    return written


def test_a_cube_is_the_same_from_path_and_hdus(path: Path) -> None:
    from_path = df.read(path)
    with fits.open(path) as hdus:
        from_list, from_hdu = df.read(hdus), df.read(hdus[0])
    assert from_path.psf is not None
    for cube in (from_list, from_hdu):
        np.testing.assert_array_equal(cube.data, from_path.data)
        np.testing.assert_allclose(cube.grid.freq_hz, from_path.grid.freq_hz, rtol=1e-12)
        assert cube.beam == from_path.beam
        assert cube.noise == from_path.noise or cube.noise is not None
        assert cube.psf is None  # companions lie beside files


def test_a_spectral_cube_and_back_is_the_same(made: object) -> None:
    pytest.importorskip("spectral_cube")
    cube = made.cube  # type: ignore[attr-defined]
    theirs = df.to_spectral_cube(cube)
    assert theirs.unit == u.Jy / u.beam
    again = df.read(theirs)
    np.testing.assert_array_equal(again.data, cube.data)
    np.testing.assert_allclose(again.grid.freq_hz, cube.grid.freq_hz, rtol=1e-12)
    assert again.beam is not None
    np.testing.assert_allclose(again.beam.major_arcsec, cube.beam.major_arcsec, rtol=1e-6)
    here, there = (each.sky_at(10.0, 20.0) for each in (cube.grid, again.grid))
    assert here.separation(there).arcsec < 1e-6


def test_a_spectral_cube_has_no_uneven_channels(made: object) -> None:
    pytest.importorskip("spectral_cube")
    cube = made.cube  # type: ignore[attr-defined]
    uneven = replace(cube, grid=replace(cube.grid, freq_hz=cube.grid.freq_hz**1.01))
    with pytest.raises(df.DeepFocusError, match="not equally wide"):
        df.to_spectral_cube(uneven)


def test_a_cube_of_spectral_cube_is_the_same(path: Path) -> None:
    spectral_cube = pytest.importorskip("spectral_cube")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that of four axes it leaves out one
        theirs = spectral_cube.SpectralCube.read(path)
    cube, direct = df.read(theirs), df.read(path)
    np.testing.assert_array_equal(cube.data, direct.data)
    np.testing.assert_allclose(cube.grid.freq_hz, direct.grid.freq_hz, rtol=1e-12)
    assert cube.beam is not None
    assert direct.beam is not None
    np.testing.assert_allclose(cube.beam.major_arcsec, direct.beam.major_arcsec, rtol=1e-6)
    x, y = np.array([10.0, 80.0]), np.array([20.0, 50.0])
    apart = cube.grid.sky_at(x, y).separation(direct.grid.sky_at(x, y))
    assert apart.to_value(u.arcsec).max() < 1e-5  # the header has some twelve digits
    # masked voxels and another unit are taken over
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old versions say that this may be slow
        in_mjy = theirs.with_mask(theirs > 0 * u.Jy / u.beam).to(u.mJy / u.beam)
    masked = df.read(in_mjy)
    np.testing.assert_allclose(
        masked.data[direct.data > 0], direct.data[direct.data > 0], rtol=1e-6
    )
    assert np.isnan(masked.data[direct.data < 0]).all()


def test_an_array_lies_on_the_axes_of_its_wcs(path: Path) -> None:
    direct = df.read(path)
    wcs = WCS(fits.getheader(path))
    values = fits.getdata(path)
    cube = df.read(values, wcs, beam=Beam(0.8, 0.6, 30.0), rest_frequency="230.538 GHz")
    np.testing.assert_array_equal(cube.data, direct.data)
    np.testing.assert_allclose(cube.grid.freq_hz, direct.grid.freq_hz, rtol=1e-12)
    assert cube.beam is not None
    np.testing.assert_allclose(
        (cube.beam.major_arcsec, cube.beam.minor_arcsec, cube.beam.pa_deg), (0.8, 0.6, 30.0)
    )
    assert cube.grid.rest_hz == pytest.approx(230.538e9)
    three = df.read(values[0] * 1e3, wcs.dropaxis(3), unit="mJy/beam")
    np.testing.assert_allclose(three.data, direct.data, rtol=1e-6)
    quantity = df.read((values[0] * 1e3) << (u.mJy / u.beam), wcs.dropaxis(3))
    np.testing.assert_array_equal(quantity.data, three.data)


def test_what_is_no_cube_is_refused_in_words(path: Path) -> None:
    wcs, values = WCS(fits.getheader(path)), np.zeros((8, 16, 16), np.float32)
    for source, axes, unit, complaint in (
        (values, None, "Jy/beam", "an array without a WCS"),
        (values, wcs, "Jy/beam", "an array of 3 axes with a WCS of 4"),
        (values, "no wcs", "Jy/beam", "axes as str"),
        (values + 1, wcs.dropaxis(3), "K", "the HDU is in K"),
        (values * np.nan, wcs.dropaxis(3), "Jy/beam", "no finite value"),
        (3.0, None, "Jy/beam", "cannot be read from float"),
        (path, None, "Jy/beam", "cannot use the rest frequency 3 m"),
    ):
        rest = "3 m" if source is path else None
        with pytest.raises(df.DeepFocusError, match=complaint):
            df.read(source, axes, unit=unit, rest_frequency=rest)  # type: ignore[arg-type]


def test_settings_of_a_finder_are_given_by_name_or_as_an_object(path: Path) -> None:
    cube = df.read(path)
    by_name = df.detect(cube, "blobcat", detection_snr=1000.0)
    as_object = df.detect(cube, df.finders.Blobcat(detection_snr=1000.0))
    replaced = df.detect(cube, df.finders.Blobcat(), detection_snr=1000.0)
    assert len(by_name.catalogue) == len(as_object.catalogue) == len(replaced.catalogue) == 0
    with pytest.raises(df.DeepFocusError, match="unknown setting 'detection_snrr'"):
        df.detect(cube, "blobcat", detection_snrr=3.0)


def test_a_wrong_name_gets_the_list_of_right_ones(path: Path) -> None:
    with pytest.raises(df.DeepFocusError, match="wanted one of deepfocus, slim, paper, matched"):
        df.detect(path, "duchamp")


def test_evaluate_takes_catalogues_detections_and_files(path: Path, made: object) -> None:
    found = df.detect(path)
    truth = path.with_name("small.truth.ecsv")
    scores = [df.evaluate(found, made), df.evaluate(found.catalogue, truth)]
    assert scores[0].one_to_one == scores[1].one_to_one
    assert "### Detection" in repr(scores[0])
    with pytest.raises(df.DeepFocusError, match="int is not a catalogue"):
        df.evaluate(3, truth)  # type: ignore[arg-type]


def test_injected_sources_can_be_found(path: Path, tmp_path: Path) -> None:
    injected = df.inject(path, seed=4, number=1, snr=(100.0, 100.0))
    assert df.evaluate(df.detect(injected.cube), injected).one_to_one.tp == 1
    names = [each.name for each in df.write(injected, tmp_path / "more.fits")]
    assert names == ["more.fits", "more.psf.fits", "more.pb.fits", "more.truth.ecsv"]


def test_a_catalogue_is_a_table_with_units_a_frame_and_a_page() -> None:
    found = catalogue(x=[1.0, 2.0], y=[3.0, 4.0], channel=[5.0, 6.0], flag=[0, 4])
    table = found.table
    assert table["x"].unit == u.pix
    assert table["line_flux"].unit == u.Jy * u.km / u.s
    table["x"] = 99 * u.pix  # a copy
    assert found["x"].tolist() == [1.0, 2.0]
    pandas = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["channel"].tolist() == [5.0, 6.0]
    page = found._repr_html_()
    assert "Catalogue: 1 source, 1 rejected candidate" in page
    assert "channel" in page
    assert "line_flux" not in page  # known in no row
    assert "Catalogue: 0 sources" in catalogue()._repr_html_()


def test_a_cube_says_what_it_is_in_a_paragraph(path: Path) -> None:
    text = repr(df.read(path))
    assert text.startswith("Cube 'small': 32 channels of 96 x 96 pixels (y, x), Jy/beam. Centre RA")
    assert "channels of 40 MHz" in text
    assert "noise white" in text
    assert "dirty beam at 3 channels" in text
    assert text.count("\n") == 0
    bare = df.read(np.ones((8, 4, 4), np.float32), WCS(fits.getheader(path)).dropaxis(3))
    assert "Beam not known, dirty beam not known, primary beam not known; noise not known" in repr(
        bare
    )
