"""What `deepfocus benchmark` left in a folder, read again: truths, catalogues, steps, settings.

Cubes that not every finder has searched are left out, since finders are compared on the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, numbered
from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluation.campaign import Campaign, Cost, Found, read_campaign, recorded
from deepfocus.finders.kinds import finder_kinds
from deepfocus.jobs.claim import CLAIM, refuse_other

FROM = "folders that deepfocus benchmark SET --out RECORDS has filled"
NOT_MEASURED = Cost(cpu_s=np.nan, wall_s=np.nan, peak_bytes=np.nan)


@dataclass(frozen=True, eq=False)
class Records:
    """One set of cubes, and what finders made of it.

    name : of the set, which names its figures and tables
    scenes : what determines the cubes, in plain values; empty if that is not known
    finders : what determines the results of each finder, by its label; empty where not known
    notes : what was left out, one sentence each
    """

    name: str
    campaign: Campaign
    scenes: Mapping[str, Any]
    finders: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = ()


def is_records(folder: Path) -> bool:
    """Whether a benchmark has written into this folder."""
    return all((folder / name).exists() for name in (CLAIM, "truth", "found"))


def read_records(folder: Path) -> Records:
    """The records of a folder. Raises `DeepFocusError` if it has none that can be compared."""
    if not is_records(folder):
        raise DeepFocusError(
            f"{folder} has no records",
            wanted=FROM,
            remedy=f"check the folder, or make them: deepfocus benchmark SET --out {folder}",
        )
    found = (path.parent.name for path in (folder / "found").glob(f"*/{CLAIM}"))
    labels = sorted(found, key=_as_listed)
    keys = {label: recorded(folder, label) for label in labels}
    labels = [label for label in labels if keys[label]]
    common = frozenset.intersection(*(keys[label] for label in labels)) if labels else frozenset()
    if not common:
        raise DeepFocusError(
            f"{folder} has no cube that all of its finders have searched",
            wanted="at least one",
            remedy="run the same benchmark again, which goes on where it stopped",
        )
    return Records(
        name=folder.resolve().name,
        campaign=read_campaign(folder, keys=sorted(common, key=_in_order), labels=labels),
        scenes=_settings(folder).get("scenes", {}),
        finders={label: _settings(folder / "found" / label) for label in labels},
        notes=_left_out(folder, common, {label: keys[label] for label in labels}),
    )


def of_pairs(
    pairs: Sequence[tuple[Catalogue, Catalogue]], keys: Sequence[str], *, name: str, label: str
) -> Records:
    """Catalogues and truths, each pair of one cube, as records of one finder without its steps."""
    found = {key: Found(each, {}, NOT_MEASURED) for key, (each, _) in zip(keys, pairs, strict=True)}
    truths = {key: truth for key, (_, truth) in zip(keys, pairs, strict=True)}
    return Records(name, Campaign(truths=truths, found={label: found}), {}, {label: {}})


def refuse_unlike(records: Iterable[Records]) -> None:
    """Raise `DeepFocusError` if sets share a name, or a label means different finders in them."""
    names: set[str] = set()
    first: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for each in records:
        if each.name in names:
            raise DeepFocusError(
                f"two sets are called {each.name}",
                wanted="folders of different names, since these name the figures",
                remedy="rename one, or give it once",
            )
        names.add(each.name)
        for label, made_with in each.finders.items():
            other, known = first.setdefault(label, (each.name, made_with))
            what = f"records of another '{label}' than {other}"
            refuse_other(known, made_with, where=each.name, holds=what)


def _left_out(
    folder: Path, common: frozenset[str], keys: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    more = [f"{label} {len(done)}" for label, done in keys.items() if len(done) > len(common)]
    if not more:
        return ()
    cubes = numbered(len(common), "cube")
    return (f"{folder.name}: {cubes} that all finders have searched; searched: {', '.join(more)}",)


def _settings(folder: Path) -> Mapping[str, Any]:
    path = folder / CLAIM
    try:
        settings: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DeepFocusError(
            f"{path} is damaged",
            wanted="the file as it was written",
            remedy="run the benchmark anew",
        ) from error
    return settings


def _as_listed(label: str) -> tuple[int, str]:
    """Finders in the order in which `deepfocus finders` lists them, then others by name."""
    kinds = finder_kinds()
    return (kinds.index(label) if label in kinds else len(kinds), label)


def _in_order(key: str) -> tuple[int, str]:
    """Seeds by number, before names."""
    return (int(key), "") if key.isdecimal() else (1 << 62, key)
