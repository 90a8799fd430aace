"""How long a recipe takes to train: examples a second of each network on one thread, and hours.

    python benchmarks/training_speed.py paper

CPU time is measured, on noise in the shape of the examples, so that other processes do not count;
the number of examples is that of the recipe's cubes, times what the first training cubes give.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from measuring import machine

from deepfocus.core.arrays import NamedArrays
from deepfocus.nets.build import build
from deepfocus.train.loop import Batch, Batches, fit
from deepfocus.train.plan import Plan, RolePlan, load_plan
from deepfocus.train.roles import ROLES, sees_whole_image
from deepfocus.train.simulated_examples import ImageOfSeed, SkySettings, SourcesOfSeed

HEADER = (
    "| network | weights, M | MB | learned from, 1/s | validated, 1/s | examples an epoch "
    "| epochs | CPU hours |"
)
CENTRE_PX = 256
"""Side of the images that a network of whole images is validated on."""


@dataclass(frozen=True)
class Speed:
    """Examples in a CPU second. learned : with the step of the optimiser; validated : without"""

    learned: float
    validated: float
    weights: int


def main() -> None:
    """A Markdown table, one line a network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="a recipe's path or name")
    parser.add_argument("--iterations", type=int, default=5, help="that are timed")
    parser.add_argument("--cubes", type=int, default=20, help="in which examples are counted")
    asked = parser.parse_args()
    plan = load_plan(asked.recipe)
    print(f"{machine()}; torch {torch.__version__}\n\n{HEADER}\n|---|{'---:|' * 7}")
    examples = examples_of(plan, asked.cubes)
    total = 0.0
    for role, part in plan.roles.items():
        arrays = examples[role]
        per_seed = len(arrays[ROLES[role].shown]) / (1 if sees_whole_image(role) else asked.cubes)
        speed = speed_of(part, arrays, crop_px=plan.data.crop_px, iterations=asked.iterations)
        training, validation = (per_seed * seeds for seeds in seeds_of(plan, role))
        seconds = training / speed.learned + validation / speed.validated
        hours = part.truth.epochs * seconds / 3600
        total += hours
        print(
            f"| {role} | {speed.weights / 1e6:.3g} | {4e-6 * speed.weights:.3g} "
            f"| {speed.learned:.3g} | {speed.validated:.3g} | {training:.0f} "
            f"| {part.truth.epochs} | {hours:.3g} |",
            flush=True,
        )
    print(f"\nIn all {total:.3g} CPU hours on the truth.")


def examples_of(plan: Plan, cubes: int) -> dict[str, NamedArrays]:
    """For each role, the arrays of one image, or of the sources of the first training cubes."""
    sky = SkySettings(plan.base, plan.data.thermal_every)
    image = ImageOfSeed(sky)(plan.base.split.train[0])
    made = [SourcesOfSeed(sky)(seed) for seed in plan.base.seeds("train", cubes)]
    of_sources = {name: np.concatenate([one[name] for one in made]) for name in made[0]}
    return {role: image if sees_whole_image(role) else of_sources for role in plan.roles}


def seeds_of(plan: Plan, role: str) -> tuple[int, int]:
    """Training and validation seeds of a role."""
    data = plan.data
    if sees_whole_image(role):
        return data.images, data.validation_images
    return data.cubes, data.validation_cubes


def speed_of(part: RolePlan, arrays: NamedArrays, *, crop_px: int, iterations: int) -> Speed:
    """The speed of the loop that trains it, on noise in the shape of its examples."""
    shown, asked = (
        arrays[name].shape[1:] for name in (ROLES[part.role].shown, ROLES[part.role].asked)
    )
    learned, validated = [], []
    rng = np.random.default_rng(0)

    def batch(side: int) -> Batch:
        images = sees_whole_image(part.role)
        of_input = (1, side, side) if images else (1, *shown) if len(shown) == 2 else shown
        of_target = of_input if images else asked
        size = part.truth.batch
        return rng.random((size, *of_input)), rng.random((size, *of_target))

    def ticked(side: int, ticks: list[float]) -> Iterator[Batch]:
        one = batch(side)
        for _ in range(iterations + 2):
            ticks.append(time.process_time())
            yield one

    torch.manual_seed(0)
    model = build(part.network)
    with tempfile.TemporaryDirectory() as folder:
        fit(
            model,
            Batches(lambda _: ticked(crop_px, learned), lambda: ticked(CENTRE_PX, validated)),
            recipe=replace(part.truth, epochs=1),
            folder=Path(folder),
        )
    weights = sum(parameter.numel() for parameter in model.parameters())
    rate = rate_of(part.truth.batch)
    return Speed(rate(learned), rate(validated), weights)


def rate_of(batch: int) -> Callable[[list[float]], float]:
    """Examples a second, of the times at which batches were asked for; the first warms up."""
    return lambda ticks: batch / float(np.median(np.diff(ticks)[1:]))


if __name__ == "__main__":
    main()
