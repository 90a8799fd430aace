"""The example on the data sets page learns from a store."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from deepfocus.cli import main
from deepfocus.io.set_store import open_store

ROOT = Path(__file__).parents[2]
SETTINGS = "[observation]\nsize = 64\nchannels = 16\n[population]\noffset_px = [-20.0, 20.0]\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    settings = folder / "set.toml"
    settings.write_text(SETTINGS + "line_channel = [4.0, 12.0]\nline_fwhm_chan = [2.0, 4.0]\n")
    command = ["simulate", str(settings), "--out", str(folder / "s.zarr"), "--number", "8"]
    assert main([*command, "--cubes", "none"]) == 0
    return folder / "s.zarr"


def test_the_example_trains(store: Path) -> None:
    train = runpy.run_path(str(ROOT / "examples" / "train_on_a_store.py"))["main"]
    assert train(str(store), epochs=12) < 0.8 * train(str(store), epochs=1)


def test_the_page_names_every_array_of_a_store(store: Path) -> None:
    page = (ROOT / "docs" / "data-sets.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name.strip(" `") for cell in table for name in cell.split(",")}
    packed_only = {"cube", "cube_step"}
    assert named - packed_only == set(open_store(store).group.array_keys())
