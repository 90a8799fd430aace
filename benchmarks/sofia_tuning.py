"""Which settings of SoFiA-2 are best on all six sets together, by trial.

    python benchmarks/sofia_tuning.py --cubes 20 --out compared/sofia-tuning

searches validation cubes of each set with each threshold and linking radius, and judges what was
linked anew with each reliability and signal-to-noise ratio, which needs no further run. Each trial
is a line of `trials.jsonl`: counts of each set, and F1 of all together. Prints the best trials and
that of the finder's defaults. Records stay in the folder, so a stopped run resumes. Needs the
program `sofia` on the PATH.
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
from deepfocus.finders.sofia.finder import ReadySofia, Sofia
from deepfocus.finders.sofia.program import Program
from deepfocus.simulation.sets import shipped_set

SETS = ("paper", "varied", "faint", "blends", "galaxies", "empty")
THRESHOLDS = (3.0, 3.5, 4.0, 5.0)
RADII = (1, 2)
LEAST_SNR = 3.0
"""What is searched for; judging may ask for more."""
MIN_RELIABILITIES = (0.0, 0.5, 0.9, 0.99)
MIN_SNRS = (3.0, 4.0, 5.0, 6.0)
MIN_SNRS_ALONE = (3.0, 4.0, 5.0, 6.0, 8.0)
NOT_RUN = Program("", "")


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


def searches(thresholds: Sequence[float], radii: Sequence[int]) -> Iterator[Sofia]:
    """The settings that decide what SoFiA links."""
    for radius, threshold in product(radii, thresholds):
        linker = (f"linker.radiusXY={radius}", f"linker.radiusZ={radius}") if radius > 1 else ()
        yield Sofia(threshold=threshold, min_snr=LEAST_SNR, further=linker)


def judges(search: Sofia) -> Iterator[Sofia]:
    """The same with each way to judge."""
    for reliability, snr, alone in product(MIN_RELIABILITIES, MIN_SNRS, MIN_SNRS_ALONE):
        yield replace(search, min_reliability=reliability, min_snr=snr, min_snr_alone=alone)


def label_of(search: Sofia) -> str:
    """Names the folder of its records."""
    return "threshold {:g}{}".format(search.threshold, ", linked within 2" * bool(search.further))


def judged(found: Found, judge: Sofia) -> Catalogue:
    """What SoFiA linked, judged by other settings."""
    linked = found.snapshots.get("linked", found.catalogue)
    ready, reliability = ReadySofia(judge, NOT_RUN), found.catalogue["probability"]
    measured = bool(np.isfinite(reliability).any())
    return ready.judged(linked, reliability) if measured else ready.by_snr(linked)


def counts_of(campaign: Campaign, label: str, judge: Sofia) -> Counts:
    """One-to-one, over all cubes of a campaign."""
    found = campaign.found[label]
    each = (match(judged(found[key], judge), campaign.truths[key]).counts for key in found)
    return sum(each, Counts())


def trials(search: Sofia, sets: Sequence[str], *, cubes: int, folder: Path) -> Iterator[Trial]:
    """Search all cubes of all sets, and judge what was linked in every way."""
    label = label_of(search)
    campaigns = {}
    for name in sets:
        settings = shipped_set(name)
        scenes = of_set(settings, settings.seeds("validation", cubes), name=name)
        campaigns[name] = run_campaign(scenes, {label: search}, folder=folder / name)
    for judge in judges(search):
        counts = {name: counts_of(each, label, judge) for name, each in campaigns.items()}
        yield Trial(judge, counts)


HEADER = (
    *("threshold", "radius", "reliability", "SNR", "SNR alone"),
    *("TP", "FP", "FN", "precision", "recall", "F1"),
)


def cells(trial: Trial) -> list[str]:
    """A row of the table."""
    of, all_ = trial.settings, trial.pooled
    radius = of.further[0].partition("=")[2] if of.further else "1"
    settings = (of.threshold, radius, of.min_reliability, of.min_snr, of.min_snr_alone)
    return [
        *(str(value) for value in settings),
        *(str(count) for count in (all_.tp, all_.fp, all_.fn)),
        interval(all_.precision, all_.precision_interval()),
        interval(all_.recall, all_.recall_interval()),
        number(all_.f1),
    ]


def main() -> None:
    """Try, and print the best."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cubes", type=int, default=20)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--sets", nargs="+", default=SETS)
    options.add_argument("--thresholds", nargs="+", type=float, default=THRESHOLDS)
    options.add_argument("--radii", nargs="+", type=int, default=RADII)
    asked = options.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    made: list[Trial] = []
    for search in searches(asked.thresholds, asked.radii):
        these = list(trials(search, asked.sets, cubes=asked.cubes, folder=asked.out))
        with (asked.out / "trials.jsonl").open("a", encoding="utf-8") as log:
            log.writelines(json.dumps(trial.as_dict()) + "\n" for trial in these)
        made += these
        print(cells(max(these, key=lambda trial: trial.pooled.f1)), flush=True)
    made.sort(key=lambda trial: -trial.pooled.f1)
    defaults = [trial for trial in made if trial.settings == Sofia()]
    print("\n" + text_table(HEADER, [cells(trial) for trial in (*made[:10], *defaults)]))
    for name in asked.sets:
        print(f"{name}: {made[0].counts[name]}; defaults: {[t.counts[name] for t in defaults]}")


if __name__ == "__main__":
    main()
