"""Validation loss against training size, network size and length of training, for one network each.

    python benchmarks/training_curves.py deep_gru flux blobs_finder --out runs/curves
    python benchmarks/training_curves.py flux --out runs/first --seeds 320 --epochs 8

All trainings of a network share one set of cubes and one validation set. They are a cross: the
recipe's own; a quarter and a sixteenth of its training cubes, with as many gradient steps; half and
twice the widths of its network; half and twice the steps; and its own from other random weights,
which says what a difference means. A quarter of the cubes is shown four times as often, and
validated as often as the whole: after each epoch of the whole.

    OUT/trainings.jsonl        a line for each training
    OUT/recipes/NAME.toml      its recipe, which `deepfocus train` takes too
    OUT/examples, OUT/ROLE     what they learn from, and their checkpoints

The second command is a first look. The same command goes on where it was stopped. One thread, one
process; `--device cuda` takes an accelerator.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
import torch
from measuring import ONE_THREAD, machine

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.core.settings import load_table, parts_to
from deepfocus.jobs.claim import claim
from deepfocus.nets.build import build as build_network
from deepfocus.train.batches import Examples, examples
from deepfocus.train.blob_examples import BlobExamples
from deepfocus.train.loop import Batch, Batches, fit
from deepfocus.train.machine import DEVICES, Machine, machine_of
from deepfocus.train.plan import Plan, find_recipe, load_plan
from deepfocus.train.roles import ROLES, sees_whole_image
from deepfocus.train.shards import build, load
from deepfocus.train.simulated_examples import ImageOfSeed, SkySettings, SourcesOfSeed

SHARES = (1, 4, 16)
"""One in so many of the training cubes."""
WIDTHS = (1.0, 0.5, 2.0)
LENGTHS = (1.0, 0.5, 2.0)
"""In units of the recipe's widths, and of its gradient steps."""
WIDE = ("encoder", "decoder", "atoms", "states", "hidden", "widths")
"""Fields of a network's config that are widths."""
ROWS = "trainings.jsonl"
HEADER = (
    "| network | widths | weights | cubes | examples | steps | start | best validation loss "
    "| at epoch | CPU s |"
)


@dataclass(frozen=True)
class Budget:
    """What the largest training of a network has, and all of them validate on.

    seeds, validation : training and validation cubes
    epochs, batch, crop_px : as in a recipe
    """

    seeds: int
    validation: int
    epochs: int
    batch: int
    crop_px: int


@dataclass(frozen=True)
class Point:
    """One training: of one in `share` of the cubes, with so many times the widths and the steps.

    start : seed of the random weights and the order of the examples
    """

    role: str
    share: int = 1
    width: float = 1.0
    length: float = 1.0
    start: int = 0

    @property
    def name(self) -> str:
        sizes = f"share{self.share}-width{self.width:g}-length{self.length:g}"
        return f"{self.role}-{sizes}-start{self.start}"


def points_of(
    role: str, *, widths: Sequence[float], lengths: Sequence[float], starts: int
) -> list[Point]:
    """A cross of trainings: through the first of the widths, all cubes, and the recipe's steps."""
    middle = Point(role, width=widths[0])
    cross = [
        middle,
        *(replace(middle, share=share) for share in SHARES),
        *(replace(middle, width=width) for width in widths),
        *(replace(middle, length=length) for length in lengths),
        *(replace(middle, start=start) for start in range(starts)),
    ]
    return list(dict.fromkeys(cross))


def budget_of(plan: Plan, role: str, asked: argparse.Namespace) -> Budget:
    """What was asked for, and for the rest what the recipe says."""
    data, truth = plan.data, plan.roles[role].truth
    images = sees_whole_image(role)
    return Budget(
        seeds=asked.seeds or (data.images if images else data.cubes),
        validation=asked.validation
        or (data.validation_images if images else data.validation_cubes),
        epochs=asked.epochs or truth.epochs,
        batch=asked.batch or truth.batch,
        crop_px=asked.crop_px or data.crop_px,
    )


def recipe_of(point: Point, budget: Budget, plan: Plan, *, set_name: str) -> dict[str, Any]:
    """The tables of a training's recipe: its epochs are so many that the steps stay the same."""
    part = plan.roles[point.role]
    kind = "images" if sees_whole_image(point.role) else "cubes"
    truth = parts_to(part.truth) | {
        "epochs": epochs_of(point, budget) * point.share,
        "batch": budget.batch,
        "seed": point.start,
        # nothing else may end it, or steps would differ
        "early_stopping": {"patience": 0},
        "max_minutes": 0.0,
    }
    return {
        "data": {
            "set": set_name,
            "thermal_every": plan.data.thermal_every,
            kind: seeds_of(point, budget),
            f"validation_{kind}": budget.validation,
            "crop_px": budget.crop_px,
        },
        point.role: {
            "network": widened(parts_to(part.network), point.width),
            "truth": {key: value for key, value in truth.items() if value is not None},
        },
    }


def seeds_of(point: Point, budget: Budget) -> int:
    """Cubes that a training learns from."""
    return budget.seeds // point.share


def epochs_of(point: Point, budget: Budget) -> int:
    """Times that a training is validated, each after as many steps as the whole has batches."""
    return max(1, round(budget.epochs * point.length))


def widened(network: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """A network's table with all widths so many times as large; a single map remains one."""

    def times(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return widened(value, factor)
        if key not in WIDE:
            return value
        if isinstance(value, Sequence):
            return [times(key, each) for each in value]
        return max(1, round(factor * value)) if value > 1 else value

    return {key: times(key, value) for key, value in network.items()}


def make_examples(role: str, plan: Plan, budget: Budget, out: Path) -> tuple[list[Path], Path]:
    """Folders of the training examples, and that of the validation examples.

    The first folder has the smallest share of the cubes, and each further one what the next
    larger share adds to it.
    """
    sky = SkySettings(plan.base, plan.data.thermal_every)
    images = sees_whole_image(role)
    maker = ImageOfSeed(sky) if images else SourcesOfSeed(sky)
    kind = "images" if images else "sources"
    seeds = plan.base.seeds("train", budget.seeds)
    ends = [0, *(budget.seeds // share for share in reversed(SHARES))]
    folders = []
    for first, end in itertools.pairwise(ends):
        folder = out / "examples" / f"{kind}-train-{first}-{end}"
        build(maker, seeds[first:end], folder)
        folders.append(folder)
    held_out = out / "examples" / f"{kind}-validation-{budget.validation}"
    build(maker, plan.base.seeds("validation", budget.validation), held_out)
    return folders, held_out


def refuse_few(number: int, *, batch: int) -> None:
    """Raise `DeepFocusError` for fewer examples than a batch in the smallest share."""
    if number < batch:
        raise DeepFocusError(
            f"{number} examples in one of {max(SHARES)} cubes, for batches of {batch}",
            wanted="at least a batch of examples",
            remedy="give more --seeds, or a smaller --batch",
        )


def rounds(
    shown: Examples | BlobExamples, *, size: int, steps: int, start: int
) -> Callable[[int], Iterable[Batch]]:
    """Training batches by the number of the epoch: always so many, of as many passes as it takes.

    There must be a batch of examples, see `refuse_few`.
    """

    def of(epoch: int) -> Iterable[Batch]:
        passes = (
            shown.batches(size, rng=np.random.default_rng([start, epoch, each]))
            for each in itertools.count()
        )
        return itertools.islice(itertools.chain.from_iterable(passes), steps)

    return of


def row_of(
    point: Point,
    budget: Budget,
    recipe: Path,
    *,
    learned: NamedArrays,
    held_out: NamedArrays,
    steps: int,
    folder: Path,
    on: Machine,
) -> dict[str, Any]:
    """Train as a recipe file says; what came of it."""
    part = load_plan(recipe).roles[point.role]
    truth = replace(part.truth, epochs=epochs_of(point, budget))
    shown = examples(point.role, learned, crop_px=budget.crop_px)
    validation = examples(point.role, held_out, crop_px=budget.crop_px)
    torch.manual_seed(point.start)
    model = build_network(part.network)
    clock = Spent(folder / "cpu_s.json")
    result = fit(
        model,
        Batches(
            rounds(shown, size=truth.batch, steps=steps, start=point.start),
            lambda: validation.centred(truth.batch),
        ),
        recipe=truth,
        folder=folder,
        machine=on,
        report=clock.keep,
    )
    return asdict(point) | {
        "cubes": seeds_of(point, budget),
        "examples": len(learned[ROLES[point.role].shown]),
        "weights": sum(parameter.numel() for parameter in model.parameters()),
        "steps": sum(epoch.iterations for epoch in result.history),
        "validation_loss": result.best.validation_loss,
        "epoch": result.best.epoch + 1,
        "epochs": len(result.history),
        "validation_curve": [epoch.validation_loss for epoch in result.history],
        "train_curve": [epoch.train_loss for epoch in result.history],
        "cpu_s": round(clock.seconds(), 1),
        "wall_s": round(sum(epoch.seconds for epoch in result.history), 1),
        "device": on.device,
    }


class Spent:
    """CPU seconds of a training, those before it was stopped included."""

    def __init__(self, path: Path) -> None:
        self.path = path
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else 0.0
        self.start = time.process_time() - before

    def seconds(self) -> float:
        return time.process_time() - self.start

    def keep(self, done: int, total: int, what: str) -> None:
        """A report of the loop, after each checkpoint."""
        print(f"  {done} of {total}: {what}", flush=True)
        with whole_file(self.path) as temporary:
            temporary.write_text(json.dumps(self.seconds()), encoding="utf-8")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Trainings that are done."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with whole_file(path) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def point_of(row: Mapping[str, Any]) -> Point:
    """The training that a row is of."""
    return Point(**{key: row[key] for key in ("role", "share", "width", "length", "start")})


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The trainings as Markdown."""
    lines = [HEADER, f"|---|{'---:|' * 9}"]
    for row in rows:
        lines.append(
            f"| {row['role']} | {row['width']:g} | {row['weights']:,} | {row['cubes']} "
            f"| {row['examples']} | {row['steps']} | {row['start']} "
            f"| {row['validation_loss']:.3g} | {row['epoch']} of {row['epochs']} "
            f"| {row['cpu_s']:.0f} |"
        )
    return "\n".join(lines)


def run(role: str, asked: argparse.Namespace, on: Machine) -> None:
    """Make what a network learns from, and all trainings of it that are not done."""
    source = find_recipe(asked.recipe)
    plan = load_plan(source)
    if role not in plan.roles:
        raise DeepFocusError(
            f"{source} has no table [{role}]",
            wanted=f"one of {', '.join(plan.roles)}",
            remedy="name another network, or another --recipe",
        )
    budget = budget_of(plan, role, asked)
    set_name = _set_name(source)
    made_with = {"set": set_name, "thermal_every": plan.data.thermal_every}
    claim(asked.out, made_with, holds="training curves")
    points = points_of(role, widths=asked.widths, lengths=asked.lengths, starts=asked.starts)
    recipes = {point: recipe_of(point, budget, plan, set_name=set_name) for point in points}
    claim(asked.out / role, recipes[points[0]], holds="the trainings of a network")
    shown = ROLES[role].shown
    refuse_few(budget.seeds // max(SHARES), batch=1)
    folders, validation = make_examples(role, plan, budget, asked.out)
    refuse_few(len(load(folders[0])[shown]), batch=budget.batch)
    held_out = load(validation)
    steps = len(load(*folders)[shown]) // budget.batch
    for point, tables in recipes.items():
        rows = read_rows(asked.out / ROWS)
        if point in map(point_of, rows):
            continue
        print(point.name, flush=True)
        recipe = asked.out / "recipes" / f"{point.name}.toml"
        with whole_file(recipe) as temporary:
            temporary.write_text(tomlkit.dumps(tables), encoding="utf-8")
        row = row_of(
            point,
            budget,
            recipe,
            learned=load(*folders[: len(folders) - SHARES.index(point.share)]),
            held_out=held_out,
            steps=steps,
            folder=asked.out / role / point.name,
            on=on,
        )
        write_rows(asked.out / ROWS, [*rows, row])


def _set_name(recipe: Path) -> str:
    """The set of a recipe, with a path that holds wherever the recipe is."""
    name = str(load_table(recipe)["data"]["set"])
    path = (recipe.parent / name).resolve()
    return str(path) if path.exists() else name


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and print all trainings that are done."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("roles", nargs="+", choices=list(ROLES), metavar="NETWORK")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--recipe", type=Path, default=Path("default"), help="name or path")
    options.add_argument("--seeds", type=int, help="training cubes of the largest, as the recipe")
    options.add_argument("--validation", type=int, help="validation cubes, as the recipe")
    options.add_argument("--epochs", type=int, help="over the largest, as the recipe")
    options.add_argument("--batch", type=int, help="examples, as the recipe")
    options.add_argument("--crop-px", type=int, help="side of integrated images, as the recipe")
    options.add_argument(
        "--widths", type=float, nargs="+", default=WIDTHS, help="all else is with the first"
    )
    options.add_argument("--lengths", type=float, nargs="+", default=LENGTHS, help="of the steps")
    options.add_argument("--starts", type=int, default=2, help="random weights to start from")
    options.add_argument("--device", choices=DEVICES, default="cpu")
    asked = options.parse_args(arguments)
    on = machine_of(asked.device)
    for role in asked.roles:
        run(role, asked, on)
    print(f"{machine()}; torch {torch.__version__}\n\n{table(read_rows(asked.out / ROWS))}")


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
