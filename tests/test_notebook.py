"""The notebook runs from its first cell to its last, is kept without outputs, and shows sources."""

from __future__ import annotations

import ast
import gc
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "ngc3256.ipynb"
CELLS = [
    cell
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code"
]


def test_no_output_is_kept() -> None:
    assert not [cell for cell in CELLS if cell["outputs"] or cell["execution_count"]]


@pytest.mark.slow
def test_every_cell_runs(
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cube = shared_data / "data" / "real" / "admit_mom_integ_test_input.fits"
    shutil.copyfile(cube, tmp_path / "ngc3256.fits")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mpl, "use", mpl.use)
    mpl.use("agg")
    space: dict[str, Any] = {}
    with warnings.catch_warnings():
        # Astropy completes the observatory's position in each header
        warnings.simplefilter("ignore")
        shown = [value for cell in CELLS if (value := run("".join(cell["source"]), space))]
        space["plt"].close("all")
        gc.collect()
    printed = capsys.readouterr().out
    assert "924.8 Jy km / s ± 49.7 Jy km / s; in a negative bowl" in printed
    assert "1 accepted source: both agree on all" in printed
    assert "CO 1-0 at 9.8 km/s" in printed
    assert all("<table" in each for each in shown)
    assert len(shown) == 2
    assert (tmp_path / "ngc3256.png").stat().st_size > 20_000


def run(cell: str, space: dict[str, Any]) -> str:
    """Do what a cell says; what a notebook would show of its last line."""
    tree = ast.parse(cell)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr) or "print" in ast.unparse(last):
        exec(compile(tree, str(NOTEBOOK), "exec"), space)
        return ""
    exec(compile(ast.Module(tree.body[:-1], []), str(NOTEBOOK), "exec"), space)
    value = eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), space)
    return value._repr_html_() if hasattr(value, "_repr_html_") else ""
