"""`deepfocus fidelity`: what it writes and says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import Source
from deepfocus.forward.response import response_of
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.inject import render


@pytest.fixture
def sky(tmp_path: Path) -> Path:
    """White noise seen with a beam of five pixels, and one source."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=64, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(32)
    )
    data = np.random.default_rng(2).normal(0, 1e-3, grid.shape).astype(np.float32)
    cube = Cube(data=data, grid=grid, beam=Beam(0.5, 0.5, 0.0))
    source = Source(30, 33, 0, 0, 0, 16.0, 5.0, 5e-3)
    write_cube(cube.with_data(data + render([source], response_of(cube))), tmp_path / "sky.fits")
    return tmp_path / "sky.fits"


def test_counts_a_figure_and_a_column(
    sky: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trust"
    assert main(["fidelity", str(sky), "--out", str(out)]) == 0
    assert "1 accepted source: both agree" in capsys.readouterr().out
    counts = Table.read(out / "sky.fidelity.ecsv", format="ascii.ecsv")
    assert (np.diff(counts["negative"]) <= 0).all()
    assert (np.diff(counts["expected"]) < 0).all()
    found = read_catalogue(out / "sky.with_fidelity.ecsv").accepted
    assert found["fidelity"][0] > 0.99
    assert np.isfinite(found["fidelity_err"][0])
    assert (out / "sky.fidelity.png").stat().st_size > 10_000
    page = (out / "sky.fidelity.html").read_text(encoding="utf-8")
    assert "<dt>Fidelity</dt>" in page
    assert "1 accepted source: both agree" in page


def test_another_finder_has_no_peaks_of_both_signs(
    sky: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "slim.toml"
    settings.write_text('[finder]\nkind = "slim"\n')
    out = tmp_path / "trust"
    assert main(["fidelity", str(sky), "--out", str(out), "--settings", str(settings)]) == 2
    assert "settings of the same finder" in capsys.readouterr().err
    assert not out.exists()
