"""`deepfocus inspect`: a file in words or as JSON, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import deepfocus as df
from deepfocus.cli import main


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=5).cube
    folder = tmp_path_factory.mktemp("inspected")
    df.write(made, folder / "x.fits")
    return folder / "x.fits"


def test_a_cube_in_words(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.parent.iterdir())
    assert main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "16 channels of 64 x 64 pixels" in said
    assert "known at 3 channels, from x.psf.fits" in said
    assert "finder deepfocus      suits" in said
    assert "search                x: 16 x 64 x 64, 0.40 GB" in said
    assert sorted(path.parent.iterdir()) == before


def test_the_same_for_programs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(path), "--json", "--rest-frequency", "100 GHz"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shape"] == [16, 64, 64]
    assert found["band"]["rest_frequency_hz"] == 1e11
    assert found["search"]["by_parts"] is False
    assert len(found["noise"]["by_channel"]) == 16


def test_what_is_not_known_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of an image of one plane of unknown frequency and width."""
    header = fits.Header({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CDELT1": -3e-5})
    header.update(CDELT2=3e-5, CRVAL1=10.0, CRVAL2=-20.0, BUNIT="Jy/beam", BMAJ=2e-4, BMIN=2e-4)
    data = np.random.default_rng(1).normal(0, 1e-3, (32, 32)).astype(">f4")
    fits.PrimaryHDU(data, header).writeto(tmp_path / "x.fits")
    assert main(["inspect", str(tmp_path / "x.fits"), "--json"]) == 0
    said = capsys.readouterr().out
    assert "NaN" not in said
    assert "null" in said
    json.loads(said)


def test_what_is_no_cube_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.fits").write_text("no")
    assert main(["inspect", str(tmp_path / "x.fits")]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
