"""The recipe `paper`, from the command to `--finder paper`, on almost nothing.

Its networks have the paper's own layers, which fix the image to 256x256 and the band to 128
channels, with fewer feature maps: at full size they take 344 MB, several times over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit

from deepfocus.cli import main
from deepfocus.core.settings import parts_to
from deepfocus.train.plan import load_plan, shipped_recipe
from deepfocus.weights.six import ROLES, load_six

NARROW: dict[str, dict[str, Any]] = {
    "blobs_finder": {"bottleneck": {"kind": "dense", "atoms": 8}},
    "deep_gru": {"states": 2},
    **{role: {"widths": [2, 2, 2, 2], "hidden": 2} for role in ("major", "minor", "angle", "flux")},
}
SEEDS = {"images": 2, "cubes": 2, "validation_images": 2, "validation_cubes": 1}


def recipe_of_little(path: Path) -> Path:
    """The shipped recipe with few seeds, one epoch, narrow networks, and no predictions.

    Networks of one epoch find nothing, so those after them would have nothing to learn from.
    """
    recipe = tomlkit.parse(shipped_recipe("paper").read_text(encoding="utf-8")).unwrap()
    recipe["data"] |= SEEDS
    for role, fields in NARROW.items():
        recipe[role]["network"] |= fields
        recipe[role]["truth"] |= {"epochs": 1, "batch": 2}
        recipe[role].pop("predicted", None)  # Blobs Finder learns from the truth alone
    path.write_text(tomlkit.dumps(recipe), encoding="utf-8")
    return path


def test_the_recipe_has_the_papers_networks() -> None:
    """Table 3, Figures 6 and 8."""
    plan = load_plan(Path("paper"))
    sizes = {role: parts_to(plan.roles[role].network) for role in ROLES}
    assert sizes["blobs_finder"]["bottleneck"] == {"kind": "dense", "atoms": 1024}
    assert sizes["deep_gru"]["head"] == {"kind": "whole_head", "channels": 128}
    assert [sizes[role]["outputs"] for role in ("major", "minor", "angle", "flux")] == [1, 1, 2, 1]
    assert all(plan.roles[role].truth.epochs == 300 for role in ROLES)


@pytest.mark.slow
def test_from_the_command_to_the_finder(tmp_path: Path) -> None:
    recipe = recipe_of_little(tmp_path / "paper-little.toml")
    assert main(["train", str(recipe), "--out", str(tmp_path / "run"), "--workers", "1"]) == 0
    networks = load_six(tmp_path / "run" / "weights" / "final")
    assert networks.deep_gru.input.channels == 128
    simulated = tmp_path / "cubes"
    assert main(["simulate", "paper", "--out", str(simulated), "--number", "1"]) == 0
    (cube,) = [p for p in simulated.rglob("*.fits") if len(p.suffixes) == 1]
    settings = tmp_path / "finder.toml"
    weights = tmp_path / "run" / "weights" / "final"
    settings.write_text(f'[finder]\nkind = "paper"\nweights = "{weights.as_posix()}"\n')
    found = tmp_path / "found"
    assert main(["detect", str(cube), "--out", str(found), "--settings", str(settings)]) == 0
    assert (found / f"{cube.stem}.catalogue.ecsv").exists()
    said = (found / f"{cube.stem}.settings.toml").read_text()
    assert all(digest in said for digest in networks.hashes.values())
