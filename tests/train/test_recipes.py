"""Every training step, run through the real command on a tiny data set."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.train.plan import RECIPES, load_plan, shipped_recipe
from deepfocus.train.roles import ROLES
from deepfocus.weights.six import ROLES as SIX
from deepfocus.weights.six import load_six

TINY = shipped_recipe("tiny").read_text(encoding="utf-8").replace("tiny-set.toml", "paper")


@pytest.mark.slow
def test_tiny_recipe_end_to_end_and_again(tmp_path: Path) -> None:
    """All networks are written and run; a second call has nothing left to do."""
    recipe = str(shipped_recipe("tiny"))
    assert main(["train", recipe, "--out", str(tmp_path), "--workers", "1"]) == 0
    final = tmp_path / "weights" / "final"
    networks = load_six(final)
    assert networks.blobs_finder.run(np.zeros((1, 1, 128, 128))).shape == (1, 1, 128, 128)
    for role in ROLES:
        card = json.loads((final / f"{role}.json").read_text())
        assert card["validation_curve"]
        assert card["data_seeds"]["train"][0] == 1
    assert json.loads((final / "deep_gru.json").read_text())["recipe"]["stage"].startswith("pred")
    curves = sorted(p.name for p in tmp_path.rglob("curve.png"))
    assert len(curves) == 8
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "training").rglob("*")}
    assert main(["train", recipe, "--out", str(tmp_path), "--workers", "1"]) == 0
    assert written == {p: p.stat().st_mtime_ns for p in (tmp_path / "training").rglob("*")}


@pytest.mark.parametrize("name", RECIPES)
def test_shipped_recipes_are_valid(name: str) -> None:
    plan = load_plan(shipped_recipe(name))
    networks = {"decoras": {"decoras"}, "tiny": set(ROLES)}
    assert set(plan.roles) == networks.get(name, set(SIX))


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[data]\nset = 'paper'\n",
        "[data]\nspeed = 9\n",
        "[blobs]\n",
        TINY.replace('size = "slim"', 'size = "huge"'),
        TINY.replace('size = "slim"', "depth = 3"),
        TINY.replace('kind = "l1"', 'kind = "l3"'),
        TINY.replace("epochs = ", "epochs = -"),
        *(
            f"[data]\n{wrong}\n[blobs_finder]\n"
            for wrong in ("cubes = -8", "images = 0", "validation_cubes = 0", "crop_px = 50")
        ),
        *(
            f"[data]\n[blobs_finder]\ntruth = {{ {wrong} }}\n"
            for wrong in (
                "epochs = 0",
                "batch = 0",
                "batch = -4",
                "learning_rate = -1e-3",
                "seed = -5",
                "early_stopping = { patience = -2 }",
            )
        ),
    ],
)
def test_bad_recipes_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(DeepFocusError, match=r"recipe\.toml"):
        load_plan(path)


def test_a_recipe_trains_the_networks_that_it_has_tables_of(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("[data]\nset = 'paper'\n[major]\n[flux]\n[decoras]\n")
    plan = load_plan(path)
    assert list(plan.roles) == ["major", "flux", "decoras"]
    assert plan.sees_images
    assert plan.sees_sources


def test_predictions_take_all_six_networks(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("[data]\nset = 'paper'\n[deep_gru]\n[deep_gru.predicted]\nepochs = 1\n")
    with pytest.raises(DeepFocusError, match=r"deep_gru on predictions, and leaves out blobs_fi"):
        load_plan(path)


def test_shipped_recipes_go_by_their_names() -> None:
    assert load_plan(Path("default")) == load_plan(shipped_recipe("default"))
    with pytest.raises(DeepFocusError, match="cannot read settings nosuch"):
        load_plan(Path("nosuch"))


ODD = """
[data]
set = "odd.toml"
images = 4
cubes = 2
validation_images = 2
validation_cubes = 2
crop_px = 64
[blobs_finder]
truth = { epochs = EPOCHS, batch = 2 }
"""


def test_more_epochs_train_on_and_images_of_any_size_will_do(tmp_path: Path) -> None:
    """Sides of 100 pixels are no multiple of what the network halves."""
    sizes = shipped_recipe("tiny").with_name("tiny-set.toml").read_text(encoding="utf-8")
    odd = sizes.replace("size = 128", "size = 100").replace("[-30.0, 30.0]", "[-20.0, 20.0]")
    (tmp_path / "odd.toml").write_text(odd)
    recipe = tmp_path / "recipe.toml"
    for epochs in (1, 2, 2):
        recipe.write_text(ODD.replace("EPOCHS", str(epochs)))
        arguments = ["train", str(recipe), "--out", str(tmp_path / "run"), "--workers", "1"]
        assert main(arguments) == 0
        card = json.loads(
            (tmp_path / "run" / "weights" / "final" / "blobs_finder.json").read_text()
        )
        assert card["epochs"] == len(card["validation_curve"]) == epochs
    (tmp_path / "run" / "weights" / "predicted-deep_gru").mkdir()
    (tmp_path / "run" / "weights" / "predicted-deep_gru" / "deep_gru.json").write_text("{}")
    recipe.write_text(ODD.replace("EPOCHS", "3"))
    assert main(arguments) == 2
