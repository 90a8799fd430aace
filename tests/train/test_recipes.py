"""Every step of the training, through the real command, on almost nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.train.plan import load_plan, shipped_recipe
from deepfocus.train.roles import ROLES
from deepfocus.weights.load import load_networks


@pytest.mark.slow
def test_tiny_recipe_end_to_end_and_again(tmp_path: Path) -> None:
    """Six networks come out and run; a second call has nothing left to do."""
    recipe = str(shipped_recipe("tiny"))
    assert main(["train", recipe, "--out", str(tmp_path), "--workers", "1"]) == 0
    final = tmp_path / "weights" / "final"
    networks = load_networks(final)
    assert networks.blobs_finder.run(np.zeros((1, 1, 128, 128))).shape == (1, 1, 128, 128)
    for role in ROLES:
        card = json.loads((final / f"{role}.json").read_text())
        assert card["validation_curve"]
        assert card["data_seeds"]["train"][0] == 1
    assert json.loads((final / "deep_gru.json").read_text())["recipe"]["stage"].startswith("pred")
    curves = sorted(p.name for p in tmp_path.rglob("curve.png"))
    assert len(curves) == 7
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "training").rglob("*")}
    assert main(["train", recipe, "--out", str(tmp_path), "--workers", "1"]) == 0
    assert written == {p: p.stat().st_mtime_ns for p in (tmp_path / "training").rglob("*")}


@pytest.mark.parametrize("name", ["default", "paper", "tiny"])
def test_shipped_recipes_are_valid(name: str) -> None:
    plan = load_plan(shipped_recipe(name))
    assert set(plan.roles) == set(ROLES)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[data]\nset = 'paper'\n",
        "[data]\nspeed = 9\n",
        "[blobs]\n",
    ],
)
def test_bad_recipes_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(DeepFocusError, match="cannot use the recipe"):
        load_plan(path)
