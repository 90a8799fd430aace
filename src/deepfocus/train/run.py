"""The training of all six networks, in the order of section 4.5.

First all on the truth, side by side; then Deep GRU on the boxes that Blobs Finder finds, the
shape networks on what both find, and the flux network on the masks that all of them make. Every
step writes what it has, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from deepfocus.jobs.workers import Workers
from deepfocus.nets.build import build as build_network
from deepfocus.ops.normalise import normalisation_to
from deepfocus.simulate.settings import shipped_set
from deepfocus.train.export import export, load_exported
from deepfocus.train.loop import fit
from deepfocus.train.makers import BlobMaker, SkySettings, SpectraMaker, TruthMaker
from deepfocus.train.plan import Plan, load_plan
from deepfocus.train.predicted import PredictedBoxes, PredictedImages
from deepfocus.train.recipe import recipe_to
from deepfocus.train.roles import ROLES, examples
from deepfocus.train.store import Maker, build, load
from deepfocus.weights.card import Card, read_card

WIDE = "wide-train"
SHAPE_ROLES = ("major", "minor", "angle")


@dataclass(frozen=True)
class Step:
    """One network trained on one kind of data, in a process of its own."""

    role: str
    stage: str  # 'truth' or 'predicted'
    recipe_path: Path
    out: Path

    @property
    def exported(self) -> Path:
        """Folder of the exported weights of this stage."""
        return self.out / "weights" / self.stage


def train(recipe_path: Path, out: Path, *, workers: Workers) -> Path:
    """Train by a recipe file; return the folder of the finished weights, `out/weights/final`."""
    recipe_path, out = Path(recipe_path).resolve(), Path(out).resolve()
    plan = load_plan(recipe_path)
    _make_truth(plan, out, workers)
    _side_by_side([Step(role, "truth", recipe_path, out) for role in ROLES], workers)
    for roles, maker in (
        (("deep_gru",), PredictedBoxes),
        (SHAPE_ROLES, PredictedImages),
        (("flux",), PredictedImages),
    ):
        again = [role for role in roles if plan.roles[role].predicted]
        if again:
            weights = _assemble(out, "so-far")
            name = f"predicted-{'-'.join(again)}"
            _make_predicted(plan, out, workers, maker(_sky(plan), weights), name)
            _side_by_side([Step(role, name, recipe_path, out) for role in again], workers)
    return _assemble(out, "final")


def run_step(step: Step) -> Card:
    """Train and export one network, unless that is done."""
    card_path = step.exported / f"{step.role}.json"
    if card_path.exists():
        return read_card(card_path)
    plan = load_plan(step.recipe_path)
    role = plan.roles[step.role]
    first = step.stage == "truth"
    recipe = role.truth if first else role.predicted
    assert recipe is not None, f"{step.role} has no recipe for {step.stage}"
    torch.manual_seed(recipe.seed)
    if first:
        model = build_network(role.network)
    else:
        model, _ = load_exported(step.out / "weights" / "truth", step.role)
    crop = plan.data.crop_px
    folder = "images" if step.role == "blobs_finder" else step.stage
    learned = [f"{folder}-train"]
    if step.role == "deep_gru" and plan.data.wide_cubes:
        learned.append(WIDE)
    made = step.out / "examples"
    training = examples(step.role, load(*(made / name for name in learned)), crop_px=crop)
    validation = examples(step.role, load(made / f"{folder}-validation"), crop_px=crop)
    result = fit(
        model,
        lambda epoch: training.batches(
            recipe.batch, rng=np.random.default_rng([recipe.seed, epoch])
        ),
        lambda: validation.centred(recipe.batch),
        recipe=recipe,
        folder=step.out / "training" / step.stage / step.role,
    )
    card = Card(
        role=step.role,
        normalisation=normalisation_to(ROLES[step.role].normalisation),
        recipe={"stage": step.stage} | recipe_to(recipe),
        epochs=len(result.history),
        validation_curve=[epoch.validation_loss for epoch in result.history],
        commit=_commit(),
        data_seeds=_seeds(plan, step),
        scores={"validation_loss": result.best.validation_loss, "best_epoch": result.best.epoch},
    )
    return export(result.model, role.network, card, step.exported)


def _make_truth(plan: Plan, out: Path, workers: Workers) -> None:
    data, sky = plan.data, _sky(plan)
    for name, split, number, maker in (
        ("images-train", "train", data.images, BlobMaker(sky)),
        ("images-validation", "validation", data.validation_images, BlobMaker(sky)),
        ("truth-train", "train", data.cubes, TruthMaker(sky)),
        ("truth-validation", "validation", data.validation_cubes, TruthMaker(sky)),
    ):
        build(maker, plan.base.seeds(split, number), out / "examples" / name, workers=workers)
    if data.wide_cubes:
        wide = shipped_set("wide")
        spectra = SpectraMaker(SkySettings(wide, data.thermal_every))
        seeds = wide.seeds("train", data.wide_cubes)
        build(spectra, seeds, out / "examples" / WIDE, workers=workers)


def _make_predicted(plan: Plan, out: Path, workers: Workers, maker: Maker, name: str) -> None:
    data = plan.data
    for split, number in (("train", data.predicted_cubes), ("validation", data.validation_cubes)):
        folder = out / "examples" / f"{name}-{split}"
        build(maker, plan.base.seeds(split, number), folder, workers=workers)


def _side_by_side(steps: Sequence[Step], workers: Workers) -> None:
    for _ in workers.run(run_step, steps):
        pass


def _assemble(out: Path, name: str) -> Path:
    """Copy the latest export of every role into one folder."""
    target = out / "weights" / name
    target.mkdir(parents=True, exist_ok=True)
    stages = [p for p in (out / "weights").iterdir() if p.name.startswith("predicted")]
    for role in ROLES:
        source = next((p for p in stages if (p / f"{role}.json").exists()), None)
        for path in (source or out / "weights" / "truth").glob(f"{role}.*"):
            (target / path.name).write_bytes(path.read_bytes())
    return target


def _sky(plan: Plan) -> SkySettings:
    return SkySettings(plan.base, plan.data.thermal_every)


def _seeds(plan: Plan, step: Step) -> dict[str, list[int]]:
    """First seed and number of each kind of data a step learns from."""
    data = plan.data
    images = step.role == "blobs_finder"
    first = step.stage == "truth"
    number = data.images if images else data.cubes if first else data.predicted_cubes
    held_out = data.validation_images if images else data.validation_cubes
    wide = {"wide": [shipped_set("wide").split.train[0], data.wide_cubes]}
    return {
        "train": [plan.base.split.train[0], number],
        "validation": [plan.base.split.validation[0], held_out],
        **(wide if step.role == "deep_gru" and data.wide_cubes else {}),
    }


def _commit() -> str:
    """The revision of the code, where it runs from a git checkout; else empty."""
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
