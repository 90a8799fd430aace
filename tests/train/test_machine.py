"""Where torch runs: what is asked for and what is there, and batches that are made ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.train.machine import AHEAD, Machine, machine_of, made_ahead


@pytest.mark.parametrize(
    ("asked", "there", "taken"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_auto_is_the_fastest_that_there_is(
    asked: str, there: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert machine_of(asked).device == taken


def test_a_device_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeepFocusError, match="no device is called 'gpu'"):
        machine_of("gpu")
    assert main(["train", "tiny", "--out", str(tmp_path / "run"), "--device", "cuda"]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("deepfocus: torch sees no CUDA device")
    assert "\n" not in said
    assert not (tmp_path / "run").exists()


def test_on_a_processor_nothing_is_compiled_and_all_is_single_precision() -> None:
    model = torch.nn.Conv2d(1, 1, 3)
    machine = Machine()
    assert machine.compiled(machine.placed(model)) is model
    with machine.precision(bfloat16=False):
        assert model(machine.tensor(np.ones((1, 1, 8, 8)))).dtype == torch.float32
    with machine.precision(bfloat16=True):
        assert model(machine.tensor(np.ones((1, 1, 8, 8)))).dtype == torch.bfloat16


def test_what_is_made_ahead_is_the_same_in_the_same_order() -> None:
    assert list(made_ahead(iter(range(100)), 3)) == list(range(100))
    assert list(made_ahead([], 3)) == []


def test_an_error_in_the_making_arrives_where_the_item_would() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("the second")

    items = made_ahead(broken(), 2)
    assert next(items) == 1
    with pytest.raises(KeyError, match="the second"):
        next(items)


def test_no_more_is_made_than_was_asked_for_and_nothing_goes_on() -> None:
    made: list[int] = []

    def counted() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    before = threading.active_count()
    items = made_ahead(counted(), AHEAD)
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    # one is taken, as many are ready, and one waits to be put
    assert len(made) <= AHEAD + 3
    assert threading.active_count() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_run_resumes_on_another_device(tmp_path: Path) -> None:
    from test_loop import DATA, RECIPE, tiny

    from deepfocus.train.loop import fit
    from deepfocus.train.recipe import Recipe

    half = Recipe(**{**vars(RECIPE), "epochs": 3})
    fit(tiny(), DATA, recipe=half, folder=tmp_path, machine=machine_of("cuda"))
    result = fit(tiny(), DATA, recipe=RECIPE, folder=tmp_path, machine=machine_of("cpu"))
    losses = [epoch.validation_loss for epoch in result.history]
    assert len(losses) == RECIPE.epochs
    assert losses[-1] < losses[2]
