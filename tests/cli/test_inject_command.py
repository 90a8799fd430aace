"""`inject` through the command: files, headers, and completeness by detect and evaluate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.cli import main
from deepfocus.core.settings import settings_from
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_beams, write_corrected, write_cube
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.inject import inject
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.settings import SetSettings

POOR = {
    "observation": {"size": 128, "channels": 64, "total_time": "600 s"},
    "population": {"companions": [0, 0]},
    "noise": {"kind": "thermal", "target_snr": [3.0, 3.0]},
}
REAL = ("admit_mom_integ_test_input.fits", "UGC_1281_Original.fits")


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cube with one source that is too faint to be found."""
    path = tmp_path_factory.mktemp("poor") / "poor.fits"
    write_cube(simulate(settings_from(POOR, SetSettings), 11).cube, path)
    return path


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_completeness_on_a_cube_of_ones_own(poor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("--number", 3, "--seed", 4, "--snr", 20, 50)
    assert run("inject", poor, "--out", out, *asked) == 0
    ends = ("fits", "psf.fits", "pb.fits", "truth.ecsv")
    assert {p.name for p in out.iterdir()} == {f"poor.injected.{end}" for end in ends}
    assert run("detect", out / "poor.injected.fits", "--out", out) == 0
    truth, found = (out / f"poor.injected.{end}.ecsv" for end in ("truth", "catalogue"))
    assert run("evaluate", found, truth, "--json", tmp_path / "score.json") == 0
    counts = json.loads((tmp_path / "score.json").read_text())["one_to_one"]
    # lines of 20 sigma and more in a channel are found, unless two of them blend
    assert counts["tp"] >= 2
    assert counts["tp"] + counts["fn"] == 3
    # without the injection nothing is at their places
    assert run("detect", poor, "--out", tmp_path / "before") == 0
    before = tmp_path / "before" / "poor.catalogue.ecsv"
    assert run("evaluate", before, truth, "--json", tmp_path / "score.json") == 0
    assert json.loads((tmp_path / "score.json").read_text())["one_to_one"]["tp"] == 0
    # the folder of both is what evaluate takes too
    assert run("evaluate", out, out) == 0


def test_the_file_is_the_original_with_the_sources(poor: Path, tmp_path: Path) -> None:
    assert run("inject", poor, "--out", tmp_path, "--seed", 2) == 0
    before, after = (fits.getheader(p) for p in (poor, tmp_path / "poor.injected.fits"))
    changed = {"DFPSF", "DFPB", "DFINJN", "DFINJSD", "DFINJSIG", "HISTORY"}
    for key in set(before) - changed:
        assert after[key] == before[key], key
    assert set(after) - set(before) <= changed
    assert after["DFINJN"] == 5
    cube = read_cube(tmp_path / "poor.injected.fits")
    original = read_cube(poor)
    assert np.array_equal(cube.psf, original.psf)
    assert np.array_equal(cube.primary_beam, original.primary_beam)
    truth = read_catalogue(tmp_path / "poor.injected.truth.ecsv")
    assert len(truth) == 5
    assert truth.meta["seed"] == 2
    assert np.isfinite(truth["line_flux"]).all()


def test_the_same_seed_gives_the_same_file(poor: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("inject", poor, "--out", tmp_path / name) == 0
    for end in ("fits", "truth.ecsv"):
        first, second = ((tmp_path / n / f"poor.injected.{end}").read_bytes() for n in "ab")
        assert first == second


def test_unit_order_of_axes_and_blanks_are_kept(tmp_path: Path, rng: np.random.Generator) -> None:
    """A cube in mJy/beam, spectral axis first, 16-bit integers with blanks, extension behind."""
    flux = rng.normal(0, 200, (30, 40, 24)).astype(np.int16)
    flux[3:6] = -32768
    hdu = fits.PrimaryHDU(flux)
    hdu.header.update(
        CTYPE1="FREQ", CRVAL1=230e9, CDELT1=1e7, CRPIX1=1.0, CUNIT1="Hz",
        CTYPE2="RA---SIN", CRVAL2=10.0, CDELT2=-1e-4, CRPIX2=20.0, CUNIT2="deg",
        CTYPE3="DEC--SIN", CRVAL3=-20.0, CDELT3=1e-4, CRPIX3=15.0, CUNIT3="deg",
        BMAJ=8e-4, BMIN=6e-4, BPA=10.0, BUNIT="mJy/beam", BLANK=-32768, BSCALE=0.01,
        OBSERVER="somebody",
    )  # fmt: skip
    table = fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[1, 2])], name="MORE")
    fits.HDUList([hdu, table]).writeto(tmp_path / "odd.fits")
    assert run("inject", tmp_path / "odd.fits", "--out", tmp_path, "--number", 2) == 0
    with fits.open(tmp_path / "odd.injected.fits") as after:
        assert after[0].header["BUNIT"] == "mJy/beam"
        assert after[0].header["OBSERVER"] == "somebody"
        assert "BLANK" not in after[0].header
        assert list(after["MORE"].data["n"]) == [1, 2]
        assert np.isnan(after[0].data[3:6]).all()
        added = after[0].data - fits.getdata(tmp_path / "odd.fits")
    truth = read_catalogue(tmp_path / "odd.injected.truth.ecsv")
    # the brightest voxel added is a source's peak, in the file's unit and at its place
    y, x, channel = np.unravel_index(np.nanargmax(added), added.shape)
    brightest = int(np.argmax(truth["peak"]))
    assert np.nanmax(added) == pytest.approx(truth["peak"][brightest], rel=0.05)
    assert abs(truth["x"][brightest] - x) <= 1
    assert abs(truth["y"][brightest] - y) <= 1
    assert abs(truth["channel"][brightest] - channel) <= 1


def test_temperatures_in_an_extension_with_numbers_for_blanks(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """In K, of the image that the reader takes; -1000 stays the blank that it is."""
    kelvin = rng.normal(0, 0.5, (24, 32, 40)).astype("f4")
    kelvin[:, :, :4] = -1000.0
    header = fits.Header()
    header.update(
        CTYPE1="RA---SIN", CRVAL1=10.0, CDELT1=-1e-4, CRPIX1=20.0, CUNIT1="deg",
        CTYPE2="DEC--SIN", CRVAL2=-20.0, CDELT2=1e-4, CRPIX2=15.0, CUNIT2="deg",
        CTYPE3="FREQ", CRVAL3=230e9, CDELT3=1e7, CRPIX3=1.0, CUNIT3="Hz",
        BMAJ=8e-4, BMIN=6e-4, BPA=10.0, BUNIT="K",
    )  # fmt: skip
    weight = fits.ImageHDU(np.ones_like(kelvin), header, name="WEIGHT")
    image = fits.ImageHDU(kelvin, header, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), weight, image]).writeto(tmp_path / "k.fits")
    before = read_cube(tmp_path / "k.fits").data
    assert run("inject", tmp_path / "k.fits", "--out", tmp_path, "--number", 2) == 0
    with fits.open(tmp_path / "k.injected.fits") as after:
        assert (after["SCI"].data[:, :, :4] == -1000.0).all()
        np.testing.assert_array_equal(after["WEIGHT"].data, weight.data)
    # the same cube in Jy/beam, with NaN for blanks, gets the same sources
    header["BUNIT"] = "Jy/beam"
    fits.PrimaryHDU(before, header).writeto(tmp_path / "jy.fits")
    assert run("inject", tmp_path / "jy.fits", "--out", tmp_path, "--number", 2) == 0
    np.testing.assert_allclose(
        read_cube(tmp_path / "k.injected.fits").data,
        read_cube(tmp_path / "jy.injected.fits").data,
        rtol=1e-5,  # of 32-bit floats, converted to and fro
        atol=1e-5 * np.nanmax(before),
    )


def test_a_cube_without_beam_is_refused(
    poor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fits.open(poor) as hdus:
        for key in ("BMAJ", "BMIN", "BPA", "DFPSF", "DFPB"):
            del hdus[0].header[key]
        hdus.writeto(tmp_path / "bare.fits")
    assert run("inject", tmp_path / "bare.fits", "--out", tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert "neither a PSF nor a beam" in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_packed_cubes_are_read_and_written_plain(poor: Path, tmp_path: Path) -> None:
    original = read_cube(poor)
    with fits.open(poor) as hdus:
        header = hdus[0].header.copy()
        data = np.array(hdus[0].data[0])
    del header["DFPSF"], header["DFPB"]
    fits.PrimaryHDU(data[None], header=header).writeto(tmp_path / "zipped.fits.gz")
    packed = fits.CompImageHDU(data, header=header, quantize_level=0, compression_type="GZIP_2")
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "packed.fits")
    for name in ("zipped.fits.gz", "packed.fits"):
        assert run("inject", tmp_path / name, "--out", tmp_path) == 0
        made = read_cube(tmp_path / f"{name.split('.')[0]}.injected.fits")
        assert made.psf is None
        truth = read_catalogue(tmp_path / f"{name.split('.')[0]}.injected.truth.ecsv")
        difference = (made.data - original.data).max()
        assert difference == pytest.approx(truth["peak"].max() * 1e-3, rel=0.05)


@pytest.mark.parametrize("name", REAL)
def test_real_cubes(shared_data: Path, tmp_path: Path, name: str) -> None:
    path = shared_data / "data" / "real" / name
    asked = ("--number", 3, "--snr", 30, 60, "--continuum", 0)
    assert run("inject", path, "--out", tmp_path, *asked) == 0
    made, original = read_cube(tmp_path / f"{path.stem}.injected.fits"), read_cube(path)
    assert np.array_equal(np.isnan(made.data), np.isnan(original.data))
    truth = read_catalogue(tmp_path / f"{path.stem}.injected.truth.ecsv")
    difference = made.data - original.data
    for row in truth.rows:
        place = np.s_[round(row["channel"]), round(row["y"]), round(row["x"])]
        assert difference[place] > 0.8 * row["peak"] * 1e-3
    assert run("detect", tmp_path / f"{path.stem}.injected.fits", "--out", tmp_path) == 0
    assert run("evaluate", tmp_path, tmp_path, "--json", tmp_path / "score.json") == 0
    counts = json.loads((tmp_path / "score.json").read_text())["one_to_one"]
    assert counts["tp"] + counts["fn"] == 3
    # the merger fills its image with emission far above the noise; beside this galaxy is room
    if name.startswith("UGC"):
        assert counts["tp"] >= 2


def test_a_corrected_image_stays_corrected(poor: Path, tmp_path: Path) -> None:
    """What is read again is what was read, which is times the primary beam, plus the sources."""
    cube = read_cube(poor)
    assert cube.primary_beam is not None
    write_beams(replace(cube, psf=None), tmp_path / "a.fits")
    path = write_corrected(cube, tmp_path / "a.image.pbcor.fits")
    asked = ("--number", 3, "--seed", 4, "--snr", 20, 50)
    assert run("inject", path, "--out", tmp_path / "out", *asked) == 0
    start = "a.image.pbcor.injected"
    files = {p.name for p in (tmp_path / "out").iterdir()}
    assert files == {f"{start}.{end}" for end in ("pbcor.fits", "pb.fits", "pbcor.truth.ecsv")}
    before, after = (read_cube(p) for p in (path, tmp_path / "out" / f"{start}.pbcor.fits"))
    wanted = inject(before, Injection(number=3, snr=(20.0, 50.0)), 4).cube
    assert after.primary_beam is not None
    assert np.isfinite(after.array).mean() > 0.2
    assert np.nanmax(after.array) > 2 * np.nanmax(before.array)
    # single precision, of peaks that are fifty times the noise
    np.testing.assert_allclose(after.array, wanted.array, atol=1e-5 * np.nanmax(wanted.array))
