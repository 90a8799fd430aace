"""`dirty --out CUBE.fits`: three files that the other commands read, or one line and nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.core.noise import DirtyBeam

pytest.importorskip("casacore.tables", reason="python-casacore (the extra ms) is not installed")

from deepfocus.cli import main
from deepfocus.io.fits_cube import read_cube
from measurement_set_samples import (
    Array,
    Sample,
    Window,
    array_of,
    point_visibilities,
    write_measurement_set,
)

FREQ_HZ = 230e9 + 10e6 * np.arange(12)
GOOD = ["--cell", "0.3arcsec", "--size", "64"]


@pytest.fixture(scope="module")
def array() -> Array:
    return array_of(count=10, times=2)


@pytest.fixture(scope="module")
def window(array: Array) -> Window:
    """A point of 0.2 Jy, 3 arcsec east and 1.5 south, and noise of 0.1 Jy a visibility."""
    data = point_visibilities(array.uvw_m, FREQ_HZ, flux_jy=0.2, east_arcsec=3, north_arcsec=-1.5)
    rng = np.random.default_rng(5)
    shape = (*data.shape, 2)
    noise = 0.1 * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))
    return Window(FREQ_HZ, data[..., None] + noise)


@pytest.fixture(scope="module")
def measurement_set(array: Array, window: Window, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_measurement_set(tmp_path_factory.mktemp("ms") / "a.ms", array, [window])


def test_three_files_are_written_and_read(
    measurement_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "mine.fits"
    rest = ["--rest-frequency", "230.538 GHz"]
    assert main(["dirty", str(measurement_set), "--out", str(out), *GOOD, *rest]) == 0
    streams = capsys.readouterr()
    assert "12 channels of 64 x 64 pixels of 0.3 arcsec" in streams.out
    assert "taking w as 0 costs at most" in streams.out
    steps = [json.loads(line) for line in streams.err.splitlines()]
    assert (steps[-1]["task"], steps[-1]["done"], steps[-1]["total"]) == ("dirty", 12, 12)
    names = sorted(path.name for path in out.parent.iterdir())
    assert names == ["mine.fits", "mine.pb.fits", "mine.psf.fits"]

    cube = read_cube(out)
    assert cube.data.shape == (12, 64, 64)
    assert cube.psf is not None
    assert cube.primary_beam is not None
    assert cube.psf.shape == (3, 128, 128)
    assert cube.primary_beam.shape == (3, 64, 64)
    assert cube.psf_channels is not None
    assert cube.psf_channels.tolist() == [0, 5, 11]
    assert (cube.unit, cube.grid.rest_hz) == ("Jy/beam", 230.538e9)
    assert cube.noise.power == DirtyBeam()
    assert cube.noise.level_jy_beam is None
    assert "notes" not in cube.meta
    mean = cube.data.mean(axis=0)
    assert np.unravel_index(mean.argmax(), mean.shape) == (32 - 5, 32 - 10)
    # 90 rows of two hands in 12 channels: noise of 0.1 / sqrt(2160), asked for five times that
    assert mean.max() == pytest.approx(0.2, abs=5 * 0.1 / np.sqrt(2160))

    header = fits.getheader(out)
    wanted = {
        "BUNIT": "Jy/beam", "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CTYPE3": "FREQ",
        "CTYPE4": "STOKES", "CRPIX1": 33.0, "CRPIX2": 33.0, "SPECSYS": "LSRK",
        "RADESYS": "FK5", "EQUINOX": 2000.0, "TELESCOP": "ALMA", "OBJECT": "target",
        "DFPSF": "mine.psf.fits", "DFPB": "mine.pb.fits",
    }  # fmt: skip
    assert {key: header[key] for key in wanted} == wanted


def test_topocentric_frequencies_are_said_to_be(measurement_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.fits"
    frame = ["--frame", "topo", "--start", "2", "--nchan", "9", "--taper", "2arcsec"]
    assert main(["dirty", str(measurement_set), "--out", str(out), *GOOD, *frame]) == 0
    header = fits.getheader(out)
    assert (header["SPECSYS"], header["CRVAL3"], header["NAXIS3"]) == ("TOPOCENT", 230.02e9, 9)


def test_inject_takes_the_cube(measurement_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.fits"
    assert main(["dirty", str(measurement_set), "--out", str(out), *GOOD]) == 0
    few = ["--number", "1", "--line-width", "2", "3"]
    assert main(["inject", str(out), "--out", str(tmp_path / "more"), *few]) == 0
    added = read_cube(tmp_path / "more" / "mine.injected.fits")
    assert added.data.max() > read_cube(out).data.max()


def test_a_note_is_one_line(
    array: Array, window: Window, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_measurement_set(
        tmp_path / "vla.ms", array, [window], Sample(telescope="EVLA", dish_m=25.0)
    )
    out = tmp_path / "vla.fits"
    assert main(["dirty", str(path), "--out", str(out), *GOOD]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("deepfocus: vla.fits: note: no primary beam is written")
    assert not (tmp_path / "vla.pb.fits").exists()
    assert read_cube(out).primary_beam is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "230GHz"], "--start 230GHz"),
        (["--width", "5km/s"], "whole number of channels"),
        (["--nchan", "99"], "within the 12 channels"),
        (["--cell", "9arcsec"], "too coarse"),
        (["--cell", "0.1"], "an angle with its unit"),
        (["--size", "4"], "at least 16 pixels"),
        (["--taper", "2GHz"], "taper"),
        (["--robust", "0"], "with natural weighting"),
        (["--field", "other"], "selects no fields (those with data: 0 target)"),
        (["--spw", "4"], "spw 0: 12 x 10 MHz"),
        (["--column", "corrected"], "no column of corrected data"),
        (["--rest-frequency", "x"], "cannot use the rest frequency"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: list[str],
    words: str,
    measurement_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "bad.fits"
    assert main(["dirty", str(measurement_set), "--out", str(out), *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["missing", "folder", "fields", "windows", "flags", "dishes"])
def test_bad_measurement_sets_are_one_line_and_write_nothing(
    what: str,
    array: Array,
    window: Window,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "bad.ms"
    windows, sample = [window], Sample()
    if what == "fields":
        windows = [replace(window, field_id=np.arange(len(window.data)) % 2)]
        sample = Sample(fields=[("one", 60.0, -35.0), ("two", 61.0, -35.0)])
    elif what == "windows":
        windows = [window, window]
    elif what == "flags":
        windows = [replace(window, flag_row=np.ones(len(window.data), bool))]
    elif what == "dishes":
        sample = Sample(dish_m=[7.0] * 5 + [12.0] * 5)
    if what == "folder":
        path.mkdir()
    elif what != "missing":
        write_measurement_set(path, array, windows, sample)
    words = {
        "missing": "does not exist", "folder": "no table.dat", "fields": "0 one, 1 two",
        "windows": "gaps or overlaps", "flags": "flagged", "dishes": "mix dishes",
    }[what]  # fmt: skip
    out = tmp_path / "out.fits"
    assert main(["dirty", str(path), "--out", str(out), *GOOD]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir() if p != path] == []


def test_cubes_of_the_noise_are_made_beside_it(measurement_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.fits"
    command = ["dirty", str(measurement_set), "--out", str(out), *GOOD, "--jackknife", "2"]
    assert main(command) == 0
    sky, *noise = (
        read_cube(tmp_path / f"mine{ending}.fits") for ending in ("", ".jackknife1", ".jackknife2")
    )
    for each in noise:
        assert each.psf is not None
        # the point of 0.2 Jy is gone
        assert np.abs(each.data).max() < 0.8 * np.abs(sky.data).max()
    assert not np.array_equal(noise[0].data, noise[1].data)


def test_a_script_draws_no_signs(
    measurement_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.py"
    assert main(["dirty", str(measurement_set), "--out", str(out), *GOOD, "--jackknife", "1"]) == 2
    assert "--jackknife with a script" in capsys.readouterr().err
    assert not out.exists()
