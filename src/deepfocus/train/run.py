"""The training of all six networks, in the order of section 4.5.

First all on the truth, side by side; then Deep GRU on the boxes that Blobs Finder finds, the
shape networks on what both find, and the flux network on the masks that all of them make. Every
step writes what it has, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.settings import parts_to, settings_to
from deepfocus.finders.slim.finder import Slim
from deepfocus.jobs.claim import claim
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import Workers
from deepfocus.nets.build import build as build_network
from deepfocus.simulation.settings import shipped_set
from deepfocus.train.batches import examples
from deepfocus.train.domain import domain_of, joined
from deepfocus.train.export import export, load_exported
from deepfocus.train.loop import Batches, fit
from deepfocus.train.plan import Plan, find_recipe, load_plan
from deepfocus.train.predicted_examples import PredictedBoxes, PredictedImages
from deepfocus.train.roles import ROLES
from deepfocus.train.shards import Maker, build, load
from deepfocus.train.simulated_examples import (
    ImageOfSeed,
    SkySettings,
    SourcesOfSeed,
    SpectraOfSeed,
)
from deepfocus.train.store_arrays import stored_images, stored_sources
from deepfocus.weights.card import Card, read_card
from deepfocus.weights.domain import Domain

TRUTH = "truth"
WIDE = "wide-train"
SHAPE_ROLES = ("major", "minor", "angle")
LIMITS = ("epochs", "max_minutes")
"""What of a recipe may differ from that with which a folder was begun: it prolongs a training."""


@dataclass(frozen=True)
class Step:
    """One network trained on one kind of data, in a process of its own."""

    role: str
    stage: str  # 'truth', or that of a training on predictions
    recipe: Path
    out: Path

    @property
    def exported(self) -> Path:
        """Folder of the exported weights of this stage."""
        return self.out / "weights" / self.stage


def train(recipe: Path, out: Path, *, workers: Workers, report: Report = silent) -> Path:
    """Train by a recipe file; return the folder of the finished weights, `out/weights/final`.

    Raises `DeepFocusError` for a bad recipe, or where `out` holds another training.
    """
    recipe, out = find_recipe(recipe).resolve(), Path(out).resolve()
    plan = load_plan(recipe)
    claim(out, _provenance(plan), holds="networks", free=LIMITS)
    run = _Run(plan, recipe, out, workers, Tally(_steps(plan), 0, report))
    if plan.store is None:
        run.simulate_truth()
    run.side_by_side(list(ROLES), TRUTH)
    for roles, maker in (
        (("deep_gru",), PredictedBoxes),
        (SHAPE_ROLES, PredictedImages),
        (("flux",), PredictedImages),
    ):
        again = [role for role in roles if plan.roles[role].predicted]
        if again:
            stage = f"predicted-{'-'.join(again)}"
            finder = Slim(weights=str(_assemble(out, "so-far")))
            run.make(maker(_sky(plan), finder), stage, plan.data.predicted_cubes)
            run.side_by_side(again, stage)
    return _assemble(out, "final")


def _provenance(plan: Plan) -> dict[str, object]:
    return {
        "data": settings_to(plan.data),
        "set": settings_to(plan.base),
        "networks": {role: parts_to(each) for role, each in plan.roles.items()},
    }


def _steps(plan: Plan) -> int:
    """Trainings in all."""
    return len(plan.roles) + sum(each.predicted is not None for each in plan.roles.values())


@dataclass(frozen=True)
class _Run:
    """A plan on its way."""

    plan: Plan
    recipe: Path
    out: Path
    workers: Workers
    tally: Tally

    def simulate_truth(self) -> None:
        """Examples around the truth, of both splits."""
        data, sky = self.plan.data, _sky(self.plan)
        self.make(ImageOfSeed(sky), "images", data.images, data.validation_images)
        self.make(SourcesOfSeed(sky), TRUTH, data.cubes, data.validation_cubes)
        if data.wide_cubes:
            wide = shipped_set("wide")
            spectra = SpectraOfSeed(SkySettings(wide, data.thermal_every))
            seeds = wide.seeds("train", data.wide_cubes)
            build(spectra, seeds, self.out / "examples" / WIDE, workers=self.workers)

    def make(self, maker: Maker, name: str, number: int, held_out: int | None = None) -> None:
        """Examples of `number` training seeds, and of the validation's."""
        held_out = self.plan.data.validation_cubes if held_out is None else held_out
        for split, count in (("train", number), ("validation", held_out)):
            seeds = self.plan.base.seeds(split, count)
            build(maker, seeds, self.out / "examples" / f"{name}-{split}", workers=self.workers)

    def side_by_side(self, roles: Sequence[str], stage: str) -> None:
        """Train some networks on one kind of data."""
        steps = [Step(role, stage, self.recipe, self.out) for role in roles]
        for card in self.workers.run(run_step, steps):
            self.tally.count(f"{card.role}, {stage}")


def run_step(step: Step) -> Card:
    """Train and export one network, unless that is done."""
    card_path = step.exported / f"{step.role}.json"
    if card_path.exists():
        return read_card(card_path)
    plan = load_plan(step.recipe)
    role = plan.roles[step.role]
    first = step.stage == TRUTH
    recipe = role.truth if first else role.predicted
    assert recipe is not None, f"{step.role} has no recipe for {step.stage}"
    torch.manual_seed(recipe.seed)
    if first:
        model = build_network(role.network)
    else:
        model, _ = load_exported(step.out / "weights" / TRUTH, step.role)
    result = fit(
        model,
        _batches(plan, step, size=recipe.batch, seed=recipe.seed),
        recipe=recipe,
        folder=step.out / "training" / step.stage / step.role,
    )
    part = ROLES[step.role]
    card = Card(
        role=step.role,
        input=part.input_of(role.network),
        target=part.target,
        domain=_domain(plan, step.role),
        recipe={"stage": step.stage} | parts_to(recipe),
        epochs=len(result.history),
        validation_curve=[epoch.validation_loss for epoch in result.history],
        commit=_commit(),
        data_seeds=_seeds(plan, step),
        scores={"validation_loss": result.best.validation_loss, "best_epoch": result.best.epoch},
    )
    return export(result.model, role.network, card, step.exported)


def _batches(plan: Plan, step: Step, *, size: int, seed: int) -> Batches:
    """The batches of a step, of the training and of the validation split."""
    crop_px = plan.data.crop_px
    training = examples(step.role, _arrays(plan, step, "train"), crop_px=crop_px)
    validation = examples(step.role, _arrays(plan, step, "validation"), crop_px=crop_px)
    return Batches(
        training=lambda epoch: training.batches(size, rng=np.random.default_rng([seed, epoch])),
        validation=partial(validation.centred, size),
    )


def _arrays(plan: Plan, step: Step, split: str) -> NamedArrays:
    """What a step learns from: shards, or what a store keeps."""
    images = step.role == "blobs_finder"
    if plan.store is not None and step.stage == TRUTH:
        stored = stored_images if images else stored_sources
        return stored(plan.store, plan.base.seeds(split, _number(plan, step, split)))
    folders = [f"{'images' if images else step.stage}-{split}"]
    if step.role == "deep_gru" and plan.data.wide_cubes and split == "train" and not plan.store:
        folders.append(WIDE)
    return load(*(step.out / "examples" / name for name in folders))


def _number(plan: Plan, step: Step, split: str) -> int:
    """Seeds of a split that a step learns from."""
    data, images = plan.data, step.role == "blobs_finder"
    if split == "validation":
        return data.validation_images if images else data.validation_cubes
    if images:
        return data.images
    return data.cubes if step.stage == TRUTH else data.predicted_cubes


def _domain(plan: Plan, role: str) -> Domain:
    """What a network saw."""
    smallest = plan.data.crop_px
    domain = domain_of(plan.base, smallest_image_px=smallest)
    if role == "deep_gru" and plan.data.wide_cubes and not plan.store:
        return joined(domain, domain_of(shipped_set("wide"), smallest_image_px=smallest))
    return domain


def _assemble(out: Path, name: str) -> Path:
    """Copy the latest export of every role into one folder."""
    target = out / "weights" / name
    target.mkdir(parents=True, exist_ok=True)
    stages = [p for p in (out / "weights").iterdir() if p.name.startswith("predicted")]
    for role in ROLES:
        source = next((p for p in stages if (p / f"{role}.json").exists()), None)
        for path in (source or out / "weights" / TRUTH).glob(f"{role}.*"):
            (target / path.name).write_bytes(path.read_bytes())
    return target


def _sky(plan: Plan) -> SkySettings:
    return SkySettings(plan.base, plan.data.thermal_every)


def _seeds(plan: Plan, step: Step) -> dict[str, list[int]]:
    """First seed and number of each kind of data a step learns from."""
    wide = {"wide": [shipped_set("wide").split.train[0], plan.data.wide_cubes]}
    learns_wide = step.role == "deep_gru" and plan.data.wide_cubes and not plan.store
    return {
        "train": [plan.base.split.train[0], _number(plan, step, "train")],
        "validation": [plan.base.split.validation[0], _number(plan, step, "validation")],
        **(wide if learns_wide else {}),
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
