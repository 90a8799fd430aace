"""`detect --hdu`: which image of a file is searched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.cli import main
from deepfocus.io.catalogues import read_catalogue


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A file of two cubes of noise: SCI with a source at (20, 20), OTHER with one at (40, 30)."""
    header = fits.Header()
    for axis, (kind, value, step) in enumerate(
        (("RA---SIN", 60.0, -3e-5), ("DEC--SIN", -35.0, 3e-5), ("FREQ", 2.3e11, 1e7)), start=1
    ):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = kind, value
        header[f"CDELT{axis}"], header[f"CRPIX{axis}"] = step, 32.0
    header["CUNIT3"] = "Hz"
    header["BUNIT"], header["RESTFRQ"] = "Jy/beam", 2.3e11
    header["BMAJ"] = header["BMIN"] = 12e-5  # 4 pixels
    rng = np.random.default_rng(1)
    chan, y, x = np.indices((24, 64, 64)).astype(float)
    images = []
    for name, x0, y0 in (("OTHER", 40, 30), ("SCI", 20, 20)):
        line = np.exp(-((chan - 12) ** 2) / 8)
        sky = np.exp(-4 * np.log(2) * ((x - x0) ** 2 + (y - y0) ** 2) / 16)
        data = rng.normal(0.0, 1e-3, chan.shape) + 0.05 * line * sky
        images.append(fits.ImageHDU(data.astype("f4"), header, name=name))
    path = tmp_path / "two.fits"
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)
    return path


def test_the_hdu_asked_for_is_searched_and_resume_knows_it(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["detect", str(two), "--out", str(out), "--finder", "matched_filter", "--resume"]

    def brightest(*more: str) -> tuple[float, float]:
        assert main([*arguments, *more]) == 0
        found = read_catalogue(out / "two.catalogue.ecsv").accepted
        first = int(np.argmax(found["line_flux"]))
        return round(float(found["x"][first])), round(float(found["y"][first]))

    assert brightest() == (20, 20)
    assert "HDU 2 (SCI) was read, not HDU 1 (OTHER)" in capsys.readouterr().err
    assert brightest("--hdu", "OTHER") == (40, 30)
    assert "finished before" not in capsys.readouterr().err
    assert brightest("--hdu", "1") == (40, 30)
    assert "finished before" not in capsys.readouterr().err
    assert brightest("--hdu", "1") == (40, 30)
    assert "finished before" in capsys.readouterr().err


def test_an_hdu_that_is_not_there_is_one_line(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(two), "--out", str(tmp_path / "out"), "--hdu", "ERR"]) == 2
    assert "has no HDU ERR; wanted one of its HDUs" in capsys.readouterr().err
