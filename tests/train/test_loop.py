"""The training loop on networks with a few weights: it learns, stops, and resumes exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import parts_to, settings_from
from deepfocus.nets.losses import L1, L2, L1ToDssim
from deepfocus.train.early_stopping import EarlyStopping
from deepfocus.train.loop import Batch, Batches, fit
from deepfocus.train.recipe import Recipe
from deepfocus.train.schedule import fraction_done, learning_rate
from deepfocus.train.tensors import weights_of

RECIPE = Recipe(loss=L2(), learning_rate=0.02, epochs=6, batch=8, weight_decay=1e-5, seed=3)


def tiny() -> nn.Module:
    """A net with convolutions, batch norm (buffers) and dropout (torch's generator)."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Conv2d(3, 1, 3, padding=1),
    )


def batches(epoch: int) -> Iterator[Batch]:
    rng = np.random.default_rng([7, epoch])
    for _ in range(4):
        inputs = rng.standard_normal((8, 1, 12, 12))
        yield inputs, 0.5 * inputs + 0.3


def held_out() -> Iterator[Batch]:
    return batches(10**6)


DATA = Batches(batches, held_out)


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    first, second = weights_of(one), weights_of(other)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_it_learns_and_leaves_log_and_curve(tmp_path: Path) -> None:
    result = fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path)
    losses = [epoch.validation_loss for epoch in result.history]
    assert result.stopped == "epochs"
    assert losses[-1] < 0.5 * losses[0]
    assert result.best.validation_loss == min(losses)
    assert not result.model.training
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(6))
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("killed_after", [1, 3])
def test_resume_after_a_kill_is_bit_equal(tmp_path: Path, killed_after: int) -> None:
    whole = fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path / "whole")

    def killed(epoch: int) -> Iterator[Batch]:
        for number, batch in enumerate(batches(epoch)):
            if epoch == killed_after and number == 2:
                raise KeyboardInterrupt
            yield batch

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), Batches(killed, held_out), recipe=RECIPE, folder=tmp_path / "cut")
    torch.manual_seed(99)  # a new process starts with another random state
    resumed = fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path / "cut")

    assert_same_weights(resumed.model, whole.model)
    for one, other in zip(resumed.history, whole.history, strict=True):
        assert (one.epoch, one.train_loss, one.validation_loss, one.learning_rate) == (
            (other.epoch, other.train_loss, other.validation_loss, other.learning_rate)
        )


def test_resume_of_a_finished_training_only_loads_it(tmp_path: Path) -> None:
    first = fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path)

    def never(epoch: int) -> Iterator[Batch]:
        raise AssertionError("it is finished")

    again = fit(tiny(), Batches(never, held_out), recipe=RECIPE, folder=tmp_path)
    assert_same_weights(first.model, again.model)


def test_another_recipe_or_network_is_not_resumed(tmp_path: Path) -> None:
    short = Recipe(loss=L2(), epochs=1)
    fit(tiny(), DATA, recipe=short, folder=tmp_path)
    with pytest.raises(DeepFocusError, match="another learning_rate"):
        fit(
            tiny(),
            DATA,
            recipe=Recipe(loss=L2(), epochs=1, learning_rate=1.0),
            folder=tmp_path,
        )
    with pytest.raises(DeepFocusError, match="another network"):
        fit(nn.Conv2d(1, 1, 3, padding=1), DATA, recipe=short, folder=tmp_path)
    fresh = fit(
        nn.Conv2d(1, 1, 3, padding=1),
        DATA,
        recipe=short,
        folder=tmp_path,
        resume=False,
    )
    assert len(fresh.history) == 1


def test_a_damaged_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"half a file")
    with pytest.raises(DeepFocusError, match=r"cannot read .*checkpoint"):
        fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path)


def test_stops_early_without_improvement(tmp_path: Path) -> None:
    recipe = Recipe(loss=L2(), learning_rate=0.0, epochs=50, early_stopping=EarlyStopping(10, 3))
    linear = nn.Conv2d(1, 1, 1)  # no buffers, so that a rate of 0 changes nothing
    result = fit(linear, DATA, recipe=recipe, folder=tmp_path)
    assert result.stopped == "early stopping"
    assert len(result.history) == 4  # the first has no predecessor to compare with


def test_stops_on_time_at_the_end_of_an_epoch(tmp_path: Path) -> None:
    recipe = Recipe(loss=L2(), epochs=1000, max_minutes=1e-6, cosine=True)
    result = fit(tiny(), DATA, recipe=recipe, folder=tmp_path)
    assert result.stopped == "time"
    assert len(result.history) == 1
    assert result.history[0].iterations == 4


def test_not_finite_or_no_batches_are_clear_errors(tmp_path: Path) -> None:
    def nan(epoch: int) -> Iterator[Batch]:
        yield np.full((2, 1, 8, 8), np.nan), np.zeros((2, 1, 8, 8))

    with pytest.raises(DeepFocusError, match="training loss is nan"):
        fit(tiny(), Batches(nan, held_out), recipe=RECIPE, folder=tmp_path)
    with pytest.raises(DeepFocusError, match="no training batches"):
        fit(tiny(), Batches(lambda epoch: [], held_out), recipe=RECIPE, folder=tmp_path)
    with pytest.raises(DeepFocusError, match="no validation batches"):
        fit(tiny(), Batches(batches, lambda: []), recipe=RECIPE, folder=tmp_path)


def test_a_validation_loss_that_is_no_number_is_refused(tmp_path: Path) -> None:
    """It would have been the lowest of all."""

    def undefined() -> Iterator[Batch]:
        for inputs, targets in held_out():
            yield inputs, np.nan * targets

    with pytest.raises(DeepFocusError, match="the validation loss is nan in epoch 0"):
        fit(tiny(), Batches(batches, undefined), recipe=RECIPE, folder=tmp_path)


def test_learning_rate_warms_up_and_falls() -> None:
    def rate(iteration: int, progress: float, cosine: bool) -> float:
        return learning_rate(
            1e-4, iteration=iteration, warm_up=10, progress=progress, cosine=cosine
        )

    assert [rate(i, 0.0, False) for i in (0, 5, 10, 999)] == [0.0, 5e-5, 1e-4, 1e-4]
    assert [rate(99, p, True) for p in (0.0, 0.5, 1.0)] == pytest.approx([1e-4, 5e-5, 0.0])


def test_fraction_follows_epochs_or_minutes_whichever_is_further() -> None:
    assert fraction_done(3, 10, 5.0, 0.0) == pytest.approx(0.3)
    assert fraction_done(3, 10, 5.0, 10.0) == pytest.approx(0.5)
    assert fraction_done(3, 10, 50.0, 10.0) == 1.0


def test_early_stopping_compares_with_the_moving_average() -> None:
    rule = EarlyStopping(window=10, patience=10)
    assert rule.stale_epochs([1.0]) == 0
    # 0.9 does not beat the mean of (1.0, 0.5), but 0.6 beats the mean of (1.0, 0.5, 0.9).
    assert rule.stale_epochs([1.0, 0.5, 0.9]) == 1
    assert rule.stale_epochs([1.0, 0.5, 0.9, 0.6]) == 0
    assert not rule([1.0] * 10)
    assert rule([1.0] * 11)
    assert not EarlyStopping(patience=0)([1.0] * 100)


def test_recipe_survives_json() -> None:
    recipe = Recipe(
        loss=L1ToDssim(epochs=30), validation_loss=L1(), early_stopping=EarlyStopping(5, 0)
    )
    assert settings_from(json.loads(json.dumps(parts_to(recipe))), Recipe) == recipe
    assert settings_from({}, Recipe) == Recipe()
    with pytest.raises(DeepFocusError, match="epoch_count"):
        settings_from({"epoch_count": 3}, Recipe)
