"""The script of training curves: what differs between its trainings and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
import training_curves as curves
from training_curves import Budget, Point

from deepfocus.core.errors import DeepFocusError
from deepfocus.nets.build import build
from deepfocus.train.batches import Examples
from deepfocus.train.plan import Plan, load_plan

BUDGET = Budget(seeds=160, validation=8, epochs=4, batch=16, crop_px=128)
ALL = {"widths": curves.WIDTHS, "lengths": curves.LENGTHS, "starts": 2}


def read_back(tables: dict[str, Any], path: Path) -> Plan:
    path.write_text(tomlkit.dumps(tables), encoding="utf-8")
    return load_plan(path)


def weights_in(plan: Plan, role: str) -> int:
    return sum(each.numel() for each in build(plan.roles[role].network).parameters())


@pytest.mark.parametrize("role", ["deep_gru", "flux", "angle", "blobs_finder"])
def test_recipes_differ_in_one_thing_and_take_the_same_steps(role: str, tmp_path: Path) -> None:
    base = load_plan(Path("default"))
    points = curves.points_of(role, **ALL)
    plans = {
        point: read_back(
            curves.recipe_of(point, BUDGET, base, set_name="paper"), tmp_path / "one.toml"
        )
        for point in points
    }
    middle = plans[Point(role)]
    assert middle.roles[role].network == base.roles[role].network
    assert middle.roles[role].input == base.roles[role].input
    for point, plan in plans.items():
        truth, data = plan.roles[role].truth, plan.data
        images = role == "blobs_finder"
        cubes = data.images if images else data.cubes
        assert cubes * point.share == BUDGET.seeds
        assert (data.validation_images if images else data.validation_cubes) == BUDGET.validation
        # examples that are seen in all, and so the steps
        assert cubes * truth.epochs == point.length * BUDGET.seeds * BUDGET.epochs
        assert truth.early_stopping.patience == 0
        assert truth.loss == base.roles[role].truth.loss
        assert not plan.roles[role].predicted
        if point.width == 1:
            assert plan.roles[role].network == base.roles[role].network
    names = [point.name for point in points]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("role", ["deep_gru", "flux", "blobs_finder", "decoras"])
def test_twice_the_widths_are_nearly_four_times_the_weights(role: str, tmp_path: Path) -> None:
    base = load_plan(Path("decoras" if role == "decoras" else "default"))
    half, one, two = (
        weights_in(
            read_back(
                curves.recipe_of(Point(role, width=width), BUDGET, base, set_name="paper"),
                tmp_path / "one.toml",
            ),
            role,
        )
        for width in (0.5, 1.0, 2.0)
    )
    # biases, and layers that see the one image, grow twofold
    assert 3.5 < one / half < 4.0
    assert 3.5 < two / one < 4.0


def test_what_is_asked_first_comes_first() -> None:
    points = curves.points_of("flux", widths=(0.5, 1.0), lengths=(1.0, 2.0), starts=2)
    assert points == [
        Point("flux", width=0.5),
        Point("flux", share=4, width=0.5),
        Point("flux", share=16, width=0.5),
        Point("flux", width=1.0),
        Point("flux", width=0.5, length=2.0),
        Point("flux", width=0.5, start=1),
    ]


def same(inputs: np.ndarray, targets: np.ndarray, _: np.random.Generator) -> Any:
    return inputs, targets


def numbered(number: int) -> Examples:
    """Examples that are their own numbers."""
    values = np.arange(number, dtype=np.float32)[:, None]
    return Examples(values, values, same)


def test_a_small_share_is_seen_more_often_in_as_many_batches() -> None:
    few = list(curves.rounds(numbered(5), size=4, steps=6, start=0)(0))
    many = list(curves.rounds(numbered(24), size=4, steps=6, start=0)(0))
    assert len(few) == len(many) == 6
    seen = np.concatenate([inputs.ravel() for inputs, _ in many])
    np.testing.assert_array_equal(np.sort(seen), np.arange(24))
    for inputs, _ in few:
        assert len(np.unique(inputs)) == 4


def test_batches_depend_on_the_epoch_and_the_start_alone() -> None:
    def first(epoch: int, start: int) -> np.ndarray:
        return next(iter(curves.rounds(numbered(64), size=16, steps=4, start=start)(epoch)))[0]

    np.testing.assert_array_equal(first(3, 1), first(3, 1))
    assert not np.array_equal(first(3, 1), first(4, 1))
    assert not np.array_equal(first(3, 1), first(3, 2))


def test_fewer_examples_than_a_batch_are_refused_before_anything_is_trained(
    tiny_set: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'[data]\nset = "{tiny_set.name}"\n[flux]\n', encoding="utf-8")
    arguments = ["flux", "--out", str(tmp_path / "out"), "--recipe", str(recipe)]
    with pytest.raises(DeepFocusError, match="0 examples in one of 16 cubes"):
        curves.main([*arguments, "--seeds", "15"])
    curves.refuse_few(4, batch=4)
    with pytest.raises(DeepFocusError, match="3 examples in one of 16 cubes, for batches of 4"):
        curves.refuse_few(3, batch=4)


def test_a_line_for_each_training() -> None:
    row = {
        "role": "flux",
        "share": 4,
        "width": 0.5,
        "length": 1.0,
        "start": 0,
        "cubes": 60,
        "examples": 295,
        "weights": 93177,
        "steps": 288,
        "validation_loss": 0.12345,
        "epoch": 7,
        "epochs": 8,
        "cpu_s": 15.4,
    }
    head, rule, line = curves.table([row]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == "| flux | 0.5 | 93,177 | 60 | 295 | 288 | 0 | 0.123 | 7 of 8 | 15 |"
    assert curves.point_of(row) == Point("flux", share=4, width=0.5)


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped(
    tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[data]\nset = "{tiny_set.name}"\n[deep_gru.truth]\nlearning_rate = 3e-3\n',
        encoding="utf-8",
    )
    out = tmp_path / "curves"
    budget = ["--seeds", "16", "--validation", "2", "--epochs", "2", "--batch", "4"]
    cross = ["--widths", "0.25", "0.5", "--lengths", "1"]
    arguments = ["deep_gru", "--out", str(out), "--recipe", str(recipe), *budget, *cross]
    curves.main([*arguments, "--starts", "1"])
    first = curves.read_rows(out / curves.ROWS)
    assert [(row["share"], row["width"]) for row in first] == [
        (1, 0.25),
        (4, 0.25),
        (16, 0.25),
        (1, 0.5),
    ]
    assert len({row["steps"] for row in first}) == 1
    # three boxes of each of the two sources, and one of nothing
    assert [row["cubes"] for row in first] == [16, 4, 1, 16]
    assert first[0]["examples"] > 3 * first[1]["examples"] > 9 * first[2]["examples"] > 0
    for row in first:
        assert row["validation_loss"] == min(row["validation_curve"])
        assert row["validation_curve"][row["epoch"] - 1] == row["validation_loss"]
        assert row["cpu_s"] > 0

    trained = []
    fit = curves.fit
    monkeypatch.setattr(curves, "fit", lambda *a, **k: trained.append(1) or fit(*a, **k))
    curves.main([*arguments, "--starts", "2"])
    rows = curves.read_rows(out / curves.ROWS)
    assert rows[:4] == first
    assert len(trained) == 1
    assert rows[4]["start"] == 1
    assert rows[4]["validation_loss"] != first[0]["validation_loss"]
    assert "| deep_gru | 0.25 |" in capsys.readouterr().out

    splits = {path.name: path.parent.name for path in (out / "examples").glob("*/*.npz")}
    held_out = load_plan(recipe).base.split.validation[0]
    assert {name for name, folder in splits.items() if "validation" in folder} == {
        f"{held_out}-2.npz"
    }
    assert json.loads((out / "deep_gru" / "settings.json").read_text())["data"]["cubes"] == 16

    with pytest.raises(DeepFocusError, match="curves/deep_gru"):
        curves.main([*arguments, "--epochs", "3"])  # other steps are another run
