"""Trains the networks of a recipe, in the order of section 4.5.

First all of them learn from the truth, in parallel. Then Deep GRU learns from the boxes that
Blobs Finder finds, the shape networks from what both find, and the flux network from the masks
that all of them make. Every step saves its results, so a stopped run resumes there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import parts_to, settings_to
from deepfocus.finders.slim.finder import Slim
from deepfocus.jobs.claim import claim
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import Workers
from deepfocus.nets.build import build as build_network
from deepfocus.simulation.sets import shipped_one
from deepfocus.train.batches import examples
from deepfocus.train.domain import domain_of, joined
from deepfocus.train.export import export, load_exported
from deepfocus.train.loop import Batches, fit
from deepfocus.train.machine import machine_of
from deepfocus.train.plan import Plan, find_recipe, load_plan
from deepfocus.train.predicted_examples import PredictedBoxes, PredictedImages
from deepfocus.train.roles import ROLES, sees_whole_image
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
"""Recipe fields that may differ when a folder is resumed, so that training can be extended."""


@dataclass(frozen=True)
class Step:
    """One network trained on one kind of data, in its own process."""

    role: str
    stage: str  # 'truth', or 'predicted-' and the roles trained in it
    recipe: Path
    out: Path
    device: str = "cpu"

    @property
    def exported(self) -> Path:
        """Folder of this stage's exported weights."""
        return self.out / "weights" / self.stage


def train(
    recipe: Path, out: Path, *, workers: Workers, report: Report = silent, device: str = "cpu"
) -> Path:
    """Train as a recipe file says; return the folder of the final weights, `out/weights/final`.

    device : 'auto', 'cpu' or 'cuda'; a run may be resumed on another

    Raises `DeepFocusError` if the recipe is invalid or `out` contains another training run.
    """
    recipe, out = find_recipe(recipe).resolve(), Path(out).resolve()
    plan = load_plan(recipe)
    device = machine_of(device).device
    claim(out, _provenance(plan), holds="networks", free=LIMITS)
    run = _Run(plan, recipe, out, workers, Tally(_steps(plan), 0, report), device)
    if plan.store is None:
        run.simulate_truth()
    run.side_by_side(list(plan.roles), TRUTH)
    for roles, maker in (
        (("deep_gru",), PredictedBoxes),
        (SHAPE_ROLES, PredictedImages),
        (("flux",), PredictedImages),
    ):
        again = [role for role in roles if role in plan.roles and plan.roles[role].predicted]
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
    """Total number of trainings."""
    return len(plan.roles) + sum(each.predicted is not None for each in plan.roles.values())


@dataclass(frozen=True)
class _Run:
    """A plan in progress."""

    plan: Plan
    recipe: Path
    out: Path
    workers: Workers
    tally: Tally
    device: str

    def simulate_truth(self) -> None:
        """Make examples around the true sources, for both splits."""
        data, sky = self.plan.data, _sky(self.plan)
        if self.plan.sees_images:
            self.make(ImageOfSeed(sky), "images", data.images, data.validation_images)
        if self.plan.sees_sources:
            self.make(SourcesOfSeed(sky), TRUTH, data.cubes, data.validation_cubes)
        if data.wide_cubes and "deep_gru" in self.plan.roles:
            wide = shipped_one("wide")
            spectra = SpectraOfSeed(SkySettings(wide, data.thermal_every, data.faulty_every))
            seeds = wide.seeds("train", data.wide_cubes)
            build(spectra, seeds, self.out / "examples" / WIDE, workers=self.workers)

    def make(self, maker: Maker, name: str, number: int, held_out: int | None = None) -> None:
        """Make examples from `number` training seeds, and from the validation seeds."""
        held_out = self.plan.data.validation_cubes if held_out is None else held_out
        for split, count in (("train", number), ("validation", held_out)):
            seeds = self.plan.base.seeds(split, count)
            build(maker, seeds, self.out / "examples" / f"{name}-{split}", workers=self.workers)

    def side_by_side(self, roles: Sequence[str], stage: str) -> None:
        """Train some networks in parallel on one kind of data."""
        steps = [Step(role, stage, self.recipe, self.out, self.device) for role in roles]
        for card in self.workers.run(run_step, steps):
            self.tally.count(f"{card.role}, {stage}")


def run_step(step: Step) -> Card:
    """Train and export one network, unless already done."""
    plan = load_plan(step.recipe)
    role = plan.roles[step.role]
    first = step.stage == TRUTH
    recipe = role.truth if first else role.predicted
    assert recipe is not None, f"{step.role} has no recipe for {step.stage}"
    written = {"stage": step.stage} | parts_to(recipe)
    if card := _finished(step, written):
        return card
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
        machine=machine_of(step.device),
    )
    part = ROLES[step.role]
    card = Card(
        role=step.role,
        input=role.input,
        target=part.target,
        domain=_domain(plan, step.role),
        recipe=written,
        epochs=len(result.history),
        validation_curve=[epoch.validation_loss for epoch in result.history],
        commit=_commit(),
        data_seeds=_seeds(plan, step),
        scores={"validation_loss": result.best.validation_loss, "best_epoch": result.best.epoch},
    )
    return export(result.model, role.network, card, step.exported)


def _finished(step: Step, recipe: Mapping[str, object]) -> Card | None:
    """The card of a network that was trained by this recipe; None if it is to be trained on.

    Raises `DeepFocusError` if networks have learned from what it found before.
    """
    path = step.exported / f"{step.role}.json"
    card = read_card(path) if path.exists() else None
    if card is None or all(card.recipe.get(name) == recipe[name] for name in LIMITS):
        return card
    if step.stage == TRUTH and any((step.out / "weights").glob("predicted-*/*.json")):
        raise DeepFocusError(
            f"{step.out} has networks that learned from what {step.role} found after "
            f"{card.epochs} epochs",
            wanted="its recipe as it was",
            remedy="choose another --out to train it longer",
        )
    return None


def _batches(plan: Plan, step: Step, *, size: int, seed: int) -> Batches:
    """Training and validation batches of a step."""
    crop_px = plan.data.crop_px
    training = examples(step.role, _arrays(plan, step, "train"), crop_px=crop_px)
    validation = examples(step.role, _arrays(plan, step, "validation"), crop_px=crop_px)
    return Batches(
        training=lambda epoch: training.batches(size, rng=np.random.default_rng([seed, epoch])),
        validation=partial(validation.centred, size),
    )


def _arrays(plan: Plan, step: Step, split: str) -> NamedArrays:
    """The arrays that a step learns from, read from shards or a store."""
    images = sees_whole_image(step.role)
    if plan.store is not None and step.stage == TRUTH:
        stored = stored_images if images else stored_sources
        return stored(plan.store, plan.base.seeds(split, _number(plan, step, split)))
    folders = [f"{'images' if images else step.stage}-{split}"]
    if step.role == "deep_gru" and plan.data.wide_cubes and split == "train" and not plan.store:
        folders.append(WIDE)
    return load(*(step.out / "examples" / name for name in folders))


def _number(plan: Plan, step: Step, split: str) -> int:
    """Number of seeds of a split that a step learns from."""
    data, images = plan.data, sees_whole_image(step.role)
    if split == "validation":
        return data.validation_images if images else data.validation_cubes
    if images:
        return data.images
    return data.cubes if step.stage == TRUTH else data.predicted_cubes


def _domain(plan: Plan, role: str) -> Domain:
    """The domain that a network was trained on."""
    smallest = plan.data.crop_px
    domain = domain_of(plan.base, smallest_image_px=smallest)
    if role == "deep_gru" and plan.data.wide_cubes and not plan.store:
        return joined(domain, domain_of(shipped_one("wide"), smallest_image_px=smallest))
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
    return SkySettings(plan.base, plan.data.thermal_every, plan.data.faulty_every)


def _seeds(plan: Plan, step: Step) -> dict[str, list[int]]:
    """First seed and number of seeds for each kind of data that a step learns from."""
    wide = {"wide": [shipped_one("wide").split.train[0], plan.data.wide_cubes]}
    learns_wide = step.role == "deep_gru" and plan.data.wide_cubes and not plan.store
    return {
        "train": [plan.base.split.train[0], _number(plan, step, "train")],
        "validation": [plan.base.split.validation[0], _number(plan, step, "validation")],
        **(wide if learns_wide else {}),
    }


def _commit() -> str:
    """The git revision of the code, or empty outside of a checkout."""
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
