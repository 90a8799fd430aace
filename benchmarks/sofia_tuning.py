"""Which settings of SoFiA-2 are best on all six sets together, by trial.

    python benchmarks/sofia_tuning.py --cubes 20 --out compared/sofia-tuning

searches validation cubes of each set with each threshold, choice of kernels and way to link, and
judges what was linked anew with each reliability and signal-to-noise ratio, which needs no further
run. Each trial is a line of `trials.jsonl`: counts of each set, and F1 of all together. Prints the
best trial of each search. Records stay in the folder, so a stopped run resumes. Needs the program
`sofia` on the PATH.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.settings import settings_to
from deepfocus.evaluation.campaign import Campaign, Found, run_campaign
from deepfocus.evaluation.counts import Counts, finite_or_none
from deepfocus.evaluation.match import match
from deepfocus.evaluation.scenes import of_set
from deepfocus.evaluation.text_table import interval, number, text_table
from deepfocus.finders.sofia.finder import Sofia
from deepfocus.finders.sofia.judging import Judge, PositiveAlone, Reliability
from deepfocus.simulation.sets import shipped_set

SETS = ("paper", "varied", "faint", "blends", "galaxies", "empty")
THRESHOLDS = (3.0, 3.5, 4.0, 5.0)
KERNELS: Mapping[str, tuple[tuple[float, ...], tuple[int, ...]]] = {
    "wide": ((0.0, 1.0, 2.0), (0, 3, 7, 15, 31)),
    "narrow": ((0.0, 0.5, 1.0), (0, 3, 7, 15)),
}
"""In beams and channels."""
LINKING: Mapping[str, tuple[Judge, tuple[str, ...]]] = {
    "both signs": (Reliability(), ()),
    "both signs, within 2": (Reliability(), ("linker.radiusXY=2", "linker.radiusZ=2")),
    "positive": (PositiveAlone(min_snr=3.0), ()),
}
"""With reliabilities from the negative ones, or without; all from a signal-to-noise of 3."""
MIN_RELIABILITIES = (0.0, 0.5, 0.9, 0.99)
MIN_SNRS = (3.0, 4.0, 5.0, 6.0)
MIN_SNRS_ALONE = (3.0, 4.0, 5.0, 6.0, 8.0)


@dataclass(frozen=True)
class Trial:
    """Settings, and what they give on each set."""

    settings: Sofia
    counts: Mapping[str, Counts]

    @property
    def pooled(self) -> Counts:
        """Of all sets together."""
        return sum(self.counts.values(), Counts())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "settings": settings_to(self.settings),
            "f1": finite_or_none(self.pooled.f1),
            "pooled": self.pooled.as_dict(),
            **{name: counts.as_dict() for name, counts in self.counts.items()},
        }


def searches() -> Iterator[tuple[str, Sofia]]:
    """The settings that decide what SoFiA links, each with its name."""
    for kernels, linking, threshold in product(KERNELS, LINKING, THRESHOLDS):
        on_sky, in_frequency = KERNELS[kernels]
        judge, further = LINKING[linking]
        yield (
            f"{kernels}, {linking}, {threshold:g}",
            Sofia(
                kernels_beams=on_sky,
                kernels_chan=in_frequency,
                threshold=threshold,
                judge=judge,
                further=further,
            ),
        )


def judges(like: Judge) -> Iterator[Judge]:
    """Every way to judge that needs no other search."""
    if isinstance(like, PositiveAlone):
        yield from map(PositiveAlone, MIN_SNRS_ALONE)
        return
    for reliability, snr, alone in product(MIN_RELIABILITIES, MIN_SNRS, MIN_SNRS_ALONE):
        yield replace(like, min_reliability=reliability, min_snr=snr, min_snr_alone=alone)


def judged(found: Found, judge: Judge) -> Catalogue:
    """What SoFiA linked, judged in another way."""
    linked = found.snapshots.get("linked", found.catalogue)
    reliability = found.catalogue["probability"]
    believed = bool(np.isfinite(reliability).any())
    return judge.judged(linked, reliability if believed else None)


def counts_of(campaign: Campaign, label: str, judge: Judge) -> Counts:
    """One-to-one, over all cubes of a campaign."""
    found = campaign.found[label]
    each = (match(judged(found[key], judge), campaign.truths[key]).counts for key in found)
    return sum(each, Counts())


def trials(
    label: str, search: Sofia, sets: Sequence[str], *, cubes: int, folder: Path
) -> list[Trial]:
    """Search all cubes of all sets, and judge what was linked in every way."""
    campaigns = {}
    for name in sets:
        settings = shipped_set(name)
        scenes = of_set(settings, settings.seeds("validation", cubes), name=name)
        campaigns[name] = run_campaign(scenes, {label: search}, folder=folder / name)
    made = []
    for judge in judges(search.judge):
        counts = {name: counts_of(each, label, judge) for name, each in campaigns.items()}
        made.append(Trial(replace(search, judge=judge), counts))
    with (folder / "trials.jsonl").open("a", encoding="utf-8") as log:
        log.writelines(json.dumps({"search": label, **each.as_dict()}) + "\n" for each in made)
    return made


HEADER = ("search", "accepted", "TP", "FP", "precision", "recall", "F1")


def cells(label: str, trial: Trial, sets: Sequence[str]) -> list[str]:
    """A row of the table, with found / false of each set."""
    together = trial.pooled
    return [
        label,
        in_words(trial.settings.judge),
        *(str(count) for count in (together.tp, together.fp)),
        interval(together.precision, together.precision_interval()),
        interval(together.recall, together.recall_interval()),
        number(together.f1),
        *(f"{trial.counts[name].tp} / {trial.counts[name].fp}" for name in sets),
    ]


def in_words(judge: Judge) -> str:
    """What is accepted."""
    if isinstance(judge, PositiveAlone):
        return f"SNR {judge.min_snr:g}"
    return (
        f"reliability {judge.min_reliability:g} and SNR {judge.min_snr:g}, "
        f"or SNR {judge.min_snr_alone:g}"
    )


def main() -> None:
    """Try, and print the best way to judge of each search, and the defaults."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cubes", type=int, default=20)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--sets", nargs="+", default=SETS)
    options.add_argument("--searches", nargs="+", help="names of searches; default: all")
    asked = options.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for label, search in searches():
        if asked.searches and label not in asked.searches:
            continue
        made = trials(label, search, asked.sets, cubes=asked.cubes, folder=asked.out)
        best = max(made, key=lambda trial: trial.pooled.f1)
        shown = [best, *(trial for trial in made if trial.settings == Sofia())]
        rows += [cells(label, trial, asked.sets) for trial in shown]
        print(text_table((*HEADER, *asked.sets), rows[-len(shown) :]), flush=True)
    print("\n" + text_table((*HEADER, *asked.sets), rows))


if __name__ == "__main__":
    main()
