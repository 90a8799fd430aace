"""`deepfocus completeness`: what it writes, how it goes on, and its one-line errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube


@pytest.fixture
def noise_file(tmp_path: Path) -> Path:
    """White noise seen with a beam of five pixels, in a file."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=64, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(32)
    )
    data = np.random.default_rng(2).normal(0, 1e-3, grid.shape).astype(np.float32)
    write_cube(Cube(data=data, grid=grid, beam=Beam(0.5, 0.5, 0.0)), tmp_path / "sky.fits")
    return tmp_path / "sky.fits"


def command(file: Path, out: Path, *more: str) -> list[str]:
    given = ["completeness", str(file), "--out", str(out), "--finder", "matched_filter"]
    return [*given, "--sources", "12", "--workers", "1", "--galaxies", "0.3", *more]


def test_tables_a_figure_and_a_column(
    noise_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trust"
    assert main(command(noise_file, out)) == 0
    printed = capsys.readouterr().out
    assert "of 12 injected sources found" in printed
    shares = Table.read(out / "sky.completeness.ecsv", format="ascii.ecsv")
    by_snr = shares[shares["by"] == "line_snr"]
    assert by_snr["injected"].sum() == 12
    injected, measured = (
        read_catalogue(out / f"sky.{name}.ecsv") for name in ("injected", "measured")
    )
    assert len(injected) == len(measured) == 12
    assert by_snr["found"].sum() == np.isfinite(measured["x"]).sum()
    found = read_catalogue(out / "sky.with_completeness.ecsv")
    assert np.isfinite(found.accepted["completeness"]).all()
    assert (out / "sky.completeness.png").stat().st_size > 10_000
    assert (out / "sky.recovery.ecsv").exists()
    # given again, it searches nothing, and says the same
    record = next(iter((out / "sky.trials").rglob("1-0.json")))
    before = record.stat().st_mtime_ns
    assert main(command(noise_file, out)) == 0
    assert capsys.readouterr().out == printed
    assert record.stat().st_mtime_ns == before


def test_another_cube_or_other_sources_in_the_same_folder_are_refused(
    noise_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trust"
    assert main(command(noise_file, out)) == 0
    capsys.readouterr()
    assert main(command(noise_file, out, "--snr", "3", "9")) == 2
    said = capsys.readouterr().err
    assert "holds" in said or "contains" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--snr", "9", "3"], "line_snr = (9.0, 3.0)"),
        (["--size", "2", "1"], "size_beams = (2.0, 1.0)"),
        (["--line-width", "0.1", "3"], "line_fwhm_chan = (0.1, 3.0)"),
        (["--size", "0", "inf"], "inf is not a finite number"),
    ],
)
def test_ranges_that_are_none(
    more: list[str], complaint: str, noise_file: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "trust"
    assert main(command(noise_file, out, *more)) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert not out.exists()


def test_a_file_that_is_no_cube(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.fits").write_text("nothing")
    assert main(command(tmp_path / "x.fits", tmp_path / "out")) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
