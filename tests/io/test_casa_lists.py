"""CASA's component lists: one that CASA made, and back and forth.

`tests/casa/make_casa_components.py` made the list; `tests/casa` opens ours in CASA itself.
"""

from __future__ import annotations

import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from foreign_samples import grid, three
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deepfocus as df
from casa_samples import SAFELY
from deepfocus.core.catalogue import catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import GAUSSIAN_AREA

tables = pytest.importorskip("casacore.tables", reason="component lists need python-casacore")
ARCHIVE = Path(__file__).with_name("casa_components.tar.gz")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, **SAFELY)
    return tmp_path / "components.cl"


def changed(path: Path, column: str, row: int, value: object) -> Path:
    with tables.table(str(path), readonly=False, ack=False) as opened:
        opened.putcell(column, row, value)
    return path


def one_channel() -> Grid:
    return replace(grid(channels=1), only_width_hz=20e6)


# --- what CASA writes
def test_a_list_of_casa(sample: Path) -> None:
    on = grid()
    found = df.read_catalogue(sample, format="casa", grid=on)
    galactic = SkyCoord(263.9, 19.7, unit="deg", frame="galactic").icrs
    there = SkyCoord(
        [
            SkyCoord("10:00:00.12 -30:00:02.5", unit=("hourangle", "deg")),
            SkyCoord("09:59:59.87 -29:59:57.3", unit=("hourangle", "deg"), frame="fk5").icrs,
            galactic,
            SkyCoord("10:00:00.12 -30:00:02.5", unit=("hourangle", "deg")),
        ]
    )
    here = SkyCoord(found["ra"], found["dec"], unit="deg")
    # the third lies degrees away from the image, where pixels are still those of the projection
    assert here.separation(there).max() < 1e-5 * u.arcsec
    np.testing.assert_allclose(found["channel"], [20.5, 20.5, 51.3, 20.5])
    # in Jy and mJy; CASA keeps some in single precision
    np.testing.assert_allclose(found["continuum"], [1500, 250, 300, 500], rtol=1e-6)
    assert np.isnan(found["continuum_err"]).all()  # CASA says 0
    np.testing.assert_allclose(found["fwhm_x"], [2.0, 1.0, 0.0, np.nan], atol=1e-9)
    np.testing.assert_allclose(found["fwhm_y"], [1.0, 2.0, 0.0, np.nan], atol=1e-9)
    np.testing.assert_allclose(found["pa"], [30.0, 130.0, np.nan, np.nan])
    np.testing.assert_allclose(found["fwhm_x_px"][:2], [20.0, 10.0])
    assert list(found["warning"][:3]) == ["", "", ""]
    assert found["warning"][3] == "a Disk in the component list: its size is no FWHM"
    np.testing.assert_array_equal(found["id"], [1, 2, 3, 4])  # not all labels are numbers


def test_in_one_channel_all_are_in_it(sample: Path) -> None:
    found = df.read_catalogue(sample, format="casa", grid=one_channel())
    np.testing.assert_array_equal(found["channel"], 0.0)


@pytest.mark.parametrize("basis", ["Linear", "Circular"])
def test_stokes_i_of_correlations(sample: Path, basis: str) -> None:
    changed(sample, "Flux_Polarisation", 0, basis)
    changed(sample, "Flux", 0, np.array([0.5, 0.1j, -0.1j, 0.25]))
    found = df.read_catalogue(sample, format="casa", grid=grid())
    assert found["continuum"][0] == pytest.approx(375)


# --- what cannot be read
def test_it_needs_a_grid(sample: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"no grid for a list of CASA.*grid=cube\.grid"):
        df.read_catalogue(sample, format="casa")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("Frequency_Frame", "TOPO", "frame TOPO, the cube in LSRK"),
        ("Direction_Frame", "SUN", "is in the frame SUN"),
        ("Flux_Unit", "Jy/beam", "is in 'Jy/beam'"),
        ("Flux_Polarisation", "Odd", "is given as 'Odd'"),
        ("Reference_Frequency", 300e9, "300 GHz, outside the band"),
    ],
)
def test_components_that_cannot_be_understood(
    sample: Path, column: str, value: object, words: str
) -> None:
    with pytest.raises(DeepFocusError, match=words):
        df.read_catalogue(changed(sample, column, 1, value), format="casa", grid=grid())


def test_other_folders_and_files(tmp_path: Path, sample: Path) -> None:
    with pytest.raises(DeepFocusError, match="No such folder"):
        df.read_catalogue(tmp_path / "none.cl", format="casa", grid=grid())
    (tmp_path / "empty.cl").mkdir()
    with pytest.raises(DeepFocusError, match=r"there is no table\.dat"):
        df.read_catalogue(tmp_path / "empty.cl", format="casa", grid=grid())
    with tables.table(str(sample), readonly=False, ack=False) as opened:
        opened.removecols(["Flux"])
    with pytest.raises(DeepFocusError, match="it lacks the column Flux"):
        df.read_catalogue(sample, format="casa", grid=grid())
    (sample / "table.dat").write_bytes(b"damaged")
    with pytest.raises(DeepFocusError, match="cannot be read as a list of CASA"):
        df.read_catalogue(sample, format="casa", grid=grid())


def test_without_casacore(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "casacore.tables", None)
    for call in (
        lambda: df.read_catalogue(sample, format="casa", grid=grid()),
        lambda: df.write(bright(), tmp_path / "new.cl", format="casa"),
    ):
        with pytest.raises(DeepFocusError, match="python-casacore, which is not installed"):
            call()
    assert not list(tmp_path.glob("*new*"))


# --- back and forth
def bright(**columns: object) -> object:
    sizes = {
        "fwhm_x_px": [20.0, 10.0, 5.0],
        "fwhm_y_px": [10.0, 30.0, 5.0],
        "pa": [30.0, 130.0, 10.0],
        "fwhm_x_err": [0.1, 0.2, 0.3],
        "fwhm_y_err": [0.2, 0.1, 0.3],
        "pa_err": [3.0, 4.0, 5.0],
        "continuum": [2.0, np.nan, 1.0],
        "continuum_err": [0.2, np.nan, 0.1],
        "ra_err": [1e-5, 2e-5, 3e-5],
        "dec_err": [3e-5, 2e-5, 1e-5],
    }
    return three(grid(), **{**sizes, **columns})


def test_round_trip(tmp_path: Path) -> None:
    on, found = grid(), bright()
    path = df.write(found, tmp_path / "found.cl", format="casa", grid=on)
    assert [each.name for each in tmp_path.iterdir()] == ["found.cl"]
    with tables.table(str(path), ack=False) as opened:
        assert opened.info()["type"] == "Component List"
        assert set(opened.getcol("Spectrum_Shape")) == {"Constant"}
        assert set(opened.getcol("Frequency_Frame")) == {"LSRK"}
    back, kept = df.read_catalogue(path, format="casa", grid=on), found.accepted
    assert len(back) == 2
    for name in (
        *("id", "ra", "dec", "frequency", "channel", "fwhm_x", "fwhm_y", "fwhm_x_px", "fwhm_y_px"),
        *("pa", "fwhm_x_err", "fwhm_y_err", "pa_err", "ra_err", "dec_err"),
    ):
        np.testing.assert_allclose(back[name], kept[name], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(back["x"], kept["x"], atol=1e-6)
    line = 1e3 * kept["line_flux"] / (kept["line_fwhm"] * GAUSSIAN_AREA)
    np.testing.assert_allclose(back["continuum"], line + np.array([2.0, 0.0]))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pa=st.floats(0, 179.999), major=st.floats(0.5, 20), ratio=st.floats(0.05, 1))
def test_any_ellipse_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pa: float, major: float, ratio: float
) -> None:
    on, minor = grid(), ratio * major
    x, y = (major, minor) if pa < 90 else (minor, major)
    found = bright(fwhm_x_px=[x] * 3, fwhm_y_px=[y] * 3, pa=[pa] * 3)
    path = df.write(found, tmp_path_factory.mktemp("any") / "any.cl", format="casa", grid=on)
    back = df.read_catalogue(path, format="casa", grid=on)
    np.testing.assert_allclose(back["fwhm_x_px"], x)
    np.testing.assert_allclose(back["fwhm_y_px"], y)
    np.testing.assert_allclose(back["pa"], pa, atol=1e-9)


def test_what_has_no_size_is_a_point(tmp_path: Path) -> None:
    found = bright(fwhm_x_px=[np.nan] * 3, fwhm_y_px=[np.nan] * 3, pa=[np.nan] * 3)
    path = df.write(found, tmp_path / "points.cl", format="casa")
    back = df.read_catalogue(path, format="casa", grid=grid())
    np.testing.assert_array_equal(back["fwhm_x"], 0.0)
    assert np.isnan(back["pa"]).all()


@pytest.mark.parametrize("column", ["ra", "frequency", "line_flux"])
def test_what_a_component_needs_cannot_lack(tmp_path: Path, column: str) -> None:
    found = bright(continuum=[np.nan] * 3).with_columns(**{column: np.nan})  # type: ignore[attr-defined]
    with pytest.raises(DeepFocusError, match="source 1 has no"):
        df.write(found, tmp_path / "a.cl", format="casa")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_stays(sample: Path) -> None:
    with pytest.raises(DeepFocusError, match="exists already"):
        df.write(bright(), sample, format="casa")
    assert len(df.read_catalogue(sample, format="casa", grid=grid())) == 4


def test_no_source_is_an_empty_list(tmp_path: Path) -> None:
    path = df.write(catalogue(), tmp_path / "none.cl", format="casa")
    assert len(df.read_catalogue(path, format="casa", grid=grid())) == 0
