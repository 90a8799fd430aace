"""SoFiA-2 as the paper ran it, and with each setting put right: what its 22% becomes.

    python benchmarks/sofia_settings.py --cubes 10 --out compared/sofia

runs a ladder on validation cubes of the set `paper`: the paper's settings, then one more setting
put right at each rung, then each alone; and some rungs on cleaned cubes of the same sources. All
search the central 256 px, as the paper did. Records stay in the folder, so a stopped run resumes
and a larger --cubes extends it; `rungs.jsonl` has a line for each rung and number of cubes, and
the last lines are printed as a table. Needs the program `sofia` on the PATH.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.campaign import Campaign, Found, run_campaign
from deepfocus.evaluation.counts import Counts, finite_or_none
from deepfocus.evaluation.match import MIN_IOU, match, match_paper_rule, reach_chan, reach_px
from deepfocus.evaluation.overlap import centre_distance, channel_distance, range_iou
from deepfocus.evaluation.scenes import of_set
from deepfocus.evaluation.text_table import interval, number, text_table
from deepfocus.finders.sofia.finder import Sofia
from deepfocus.finders.sofia.judging import PositiveAlone, Reliability
from deepfocus.finders.sofia.region import CentralSquare
from deepfocus.simulation.sets import paper_settings
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.view import Cleaned

PAPER: Mapping[str, str] = {
    # section 5.1: "spatial and frequency kernel sizes of [3, 5, 7, 9, 11]"
    "scfind.kernelsXY": "3, 5, 7, 9, 11",
    "scfind.kernelsZ": "3, 5, 7, 9, 11",
    # it prints 0.5, with which SoFiA stops (`threshold_of`); SoFiA's default is 5
    "scfind.threshold": "5.0",
    # not mentioned: SoFiA's defaults
    "contsub.enable": "false",
    "scaleNoise.enable": "false",
    "scaleNoise.scfind": "false",
    "linker.minSizeXY": "5",
    "linker.minSizeZ": "5",
    "dilation.enable": "false",
}
"""SoFiA's parameters in the paper, where they differ from those that the finder gives it."""
POSITIVE = PositiveAlone(min_snr=4.0)
# the beam of the set is 8.2 px
WIDE_ON_SKY = (("scfind.kernelsXY", "0, 8, 16"),)
WIDE_IN_FREQUENCY = (("scfind.kernelsZ", "0, 3, 7, 15, 31"),)
RELIABILITY = Reliability(min_snr=2.0, min_snr_alone=2.0)
"""The paper's `reliability.minSNR`; where reliabilities cannot be measured, that has to do."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "continuum": ("contsub.enable",),
    "noise": ("scaleNoise.enable", "scaleNoise.scfind"),
    "kernels on the sky": ("scfind.kernelsXY",),
    "kernels in frequency": ("scfind.kernelsZ",),
    "judging": (),
    "sizes": ("linker.minSizeXY", "linker.minSizeZ"),
    "masks": ("dilation.enable",),
}
"""What is put right, in this order: parameters that are left to the finder's own defaults."""
JUDGED = "judging"
"""The step that takes `POSITIVE` in place of `RELIABILITY`, which these cubes do not allow."""


@dataclass(frozen=True)
class Rung:
    """One way to run SoFiA-2.

    label : names the folder of its records; steps : what is put right
    changes : parameters in place of the paper's; cleaned : on cleaned cubes
    """

    label: str
    steps: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    cleaned: bool = False

    @property
    def finder(self) -> Sofia:
        """The finder with these settings."""
        right = {name for step in self.steps for name in STEPS[step]}
        kept = {name: value for name, value in PAPER.items() if name not in right}
        given = {**kept, **dict(self.changes)}
        further = tuple(f"{name}={value}" for name, value in given.items())
        finder = Sofia(region=CentralSquare(), further=further)
        return replace(finder, judge=POSITIVE if JUDGED in self.steps else RELIABILITY)


def threshold_of(sigma: float) -> tuple[tuple[str, str], ...]:
    """A change."""
    return (("scfind.threshold", f"{sigma:g}"),)


def ladder() -> tuple[Rung, ...]:
    """The paper's settings, one more step at each rung, each step alone, and cleaned cubes."""
    steps = tuple(STEPS)
    climbed = (Rung(f"with {steps[i]}", steps[: i + 1]) for i in range(len(steps)))
    # the first rung with one step is that step alone
    alone = (Rung(f"{step} alone", (step,)) for step in steps[1:])
    return (
        Rung("paper"),
        *climbed,
        Rung("cleaned, paper", cleaned=True),
        Rung("cleaned, with continuum", steps[:1], cleaned=True),
        Rung("cleaned, all", steps, cleaned=True),
        *alone,
        Rung("all, threshold 4", steps, threshold_of(4.0)),
        Rung("all, kernels of 0 to 2 beams", steps, WIDE_ON_SKY),
        Rung("all, kernels to 31 channels", steps, WIDE_IN_FREQUENCY),
        Rung("threshold 4 alone", changes=threshold_of(4.0)),
        Rung("linked within 3 alone", changes=(("linker.radiusXY", "3"), ("linker.radiusZ", "3"))),
        Rung("threshold 0.5, as printed", changes=threshold_of(0.5)),
    )


FALSE = ("off_line", "sidelobes", "noise")
NEAR_CHAN = 5.0
"""A sidelobe has the channel of its line; a line of the set is 3 to 10 channels wide."""


@dataclass(frozen=True)
class Outcome:
    """What became of the sources of one cube, or of many.

    one_to_one : by `match`; paper_rule : in the image alone, every box that matches no source
        false, so that Table 4 adds up; near : the same without its limit on the boxes' overlap
    unjudged : by `match`, of all that SoFiA linked
    seen : true sources whose place and channel lie in the mask of an accepted one; merged : those
        of them whose mask holds another one too
    touched : true sources at which one is accepted or more, and pieces : so many
    off_line : accepted ones at the place of a true source, but not on its line
    sidelobes : those at no source's place, near the channel of a true line; noise : of no line
    unreliable : 1 for a cube whose reliabilities could not be measured; cpu_s : of all
    """

    cubes: int
    one_to_one: Counts
    paper_rule: Counts
    near: Counts
    unjudged: Counts
    seen: int
    merged: int
    touched: int
    pieces: int
    off_line: int
    sidelobes: int
    noise: int
    unreliable: int
    cpu_s: float

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(**{n: getattr(self, n) + getattr(other, n) for n in vars(self)})

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the ratios that the table shows."""
        plain = {
            name: value.as_dict() if isinstance(value, Counts) else value
            for name, value in vars(self).items()
        }
        return {**plain, "pieces_per_source": finite_or_none(_ratio(self.pieces, self.touched))}


def outcome(found: Found, truth: Catalogue) -> Outcome:
    """What became of the sources of one cube."""
    accepted = found.catalogue.accepted
    linked = found.snapshots.get("linked", accepted)
    in_mask = masks_over(accepted, truth)
    at = pieces_of(accepted, truth)
    return Outcome(
        cubes=1,
        one_to_one=match(accepted, truth).counts,
        paper_rule=as_in_table_4(accepted, truth),
        near=as_in_table_4(accepted, truth, min_iou=0.0),
        unjudged=match(linked, truth).counts,
        seen=int(in_mask.any(axis=0).sum()),
        merged=int(in_mask[in_mask.sum(axis=1) > 1].any(axis=0).sum()),
        touched=len(set(at[at >= 0].tolist())),
        pieces=int(np.sum(at >= 0)),
        **dict(zip(FALSE, kinds_of_false(accepted.where(at < 0), truth), strict=True)),
        unreliable=int(not np.isfinite(found.catalogue["probability"]).any()),
        cpu_s=found.cost.cpu_s,
    )


def as_in_table_4(found: Catalogue, truth: Catalogue, *, min_iou: float = MIN_IOU) -> Counts:
    """The paper's rule in the image; false are the found ones that match no source."""
    matches = match_paper_rule(found, truth, spectral=False, min_iou=min_iou)
    matched = len(set(matches.found_row.tolist()))
    return replace(matches.counts, fp=len(matches.found) - matched)


def masks_over(found: Catalogue, truth: Catalogue) -> np.ndarray:
    """(found, true) bool: the true place lies in the box of the found one, its channel in its."""
    inside = np.ones((len(found), len(truth)), bool)
    for axis in ("x", "y"):
        low, high = (found[f"box_{axis}{end}"][:, None] for end in (0, 1))
        inside &= (low <= truth[axis]) & (truth[axis] <= high)
    low, high = found["channel_lo"][:, None], found["channel_hi"][:, None]
    reached: np.ndarray = inside & (low <= truth["channel"]) & (truth["channel"] <= high)
    return reached


def pieces_of(found: Catalogue, truth: Catalogue) -> np.ndarray:
    """(found,) the true source that each is a piece of, or -1.

    Its centre lies within the FWHM that the cube shows the source with, and their lines overlap;
    it belongs to the source of which that is the least.
    """
    if not len(found) or not len(truth):
        return np.full(len(found), -1)
    away = centre_distance(found, truth) / (2 * reach_px(truth))
    lines = (range_iou(found, truth) > 0) | (channel_distance(found, truth) < reach_chan(truth))
    away = np.where(lines & (away < 1), away, np.inf)
    nearest = np.argmin(away, axis=1)
    return np.where(np.isfinite(away.min(axis=1)), nearest, -1)


def kinds_of_false(found: Catalogue, truth: Catalogue) -> tuple[int, int, int]:
    """How many of those at no source are of each kind of `FALSE`."""
    place = (centre_distance(found, truth) < 2 * reach_px(truth)).any(axis=1)
    line = (channel_distance(found, truth) < NEAR_CHAN).any(axis=1)
    return int(np.sum(place)), int(np.sum(~place & line)), int(np.sum(~place & ~line))


def climb(
    rungs: Sequence[Rung], settings: SetSettings, *, cubes: int, folder: Path
) -> dict[str, Outcome]:
    """Run each rung on so many validation cubes of a set; a line of `rungs.jsonl` for each."""
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = {}
    for rung in rungs:
        campaign = searched(rung, settings, cubes=cubes, folder=folder)
        total = pooled(campaign, rung.label)
        outcomes[rung.label] = total
        line = {"rung": rung.label, "further": rung.finder.further, **total.as_dict()}
        with (folder / "rungs.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(text_row(rung.label, total), flush=True)
    return outcomes


def searched(rung: Rung, settings: SetSettings, *, cubes: int, folder: Path) -> Campaign:
    """The campaign of one rung, on dirty cubes, or on cleaned ones of the same sources."""
    kind = "cleaned" if rung.cleaned else "dirty"
    if rung.cleaned:
        settings = replace(settings, imaging=Cleaned())
    scenes = of_set(settings, settings.seeds("validation", cubes), name=kind)
    return run_campaign(scenes, {rung.label: rung.finder}, folder=folder / kind)


def pooled(campaign: Campaign, label: str) -> Outcome:
    """The outcomes of all cubes together."""
    first, *others = (
        outcome(found, campaign.truths[key]) for key, found in campaign.found[label].items()
    )
    return sum(others, first)


HEADER = (
    *("rung", "recall", "precision", "false / cube", "paper's rule: recall", "precision"),
    *(
        "within 3 px",
        "in a mask",
        "of these merged",
        "pieces / source",
        "without reliability",
        "CPU s / cube",
    ),
)


def cells(label: str, total: Outcome) -> list[str]:
    """A row of the table."""
    ours, papers = total.one_to_one, total.paper_rule
    return [
        label,
        interval(ours.recall, ours.recall_interval()),
        interval(ours.precision, ours.precision_interval()),
        number(ours.fp / total.cubes, digits=1),
        interval(papers.recall, papers.recall_interval()),
        interval(papers.precision, papers.precision_interval()),
        number(total.near.recall, digits=2),
        number(_ratio(total.seen, ours.n_true), digits=2),
        number(_ratio(total.merged, total.seen), digits=2),
        number(_ratio(total.pieces, total.touched), digits=2),
        f"{total.unreliable} of {total.cubes}",
        number(total.cpu_s / total.cubes, digits=1),
    ]


def text_row(label: str, total: Outcome) -> str:
    """A row while the ladder is climbed."""
    return "| " + " | ".join(cells(label, total)) + " |"


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def main() -> None:
    """Climb, and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cubes", type=int, default=10)
    options.add_argument("--out", type=Path, required=True)
    asked = options.parse_args()
    outcomes = climb(ladder(), paper_settings(), cubes=asked.cubes, folder=asked.out)
    print("\n" + text_table(HEADER, [cells(*each) for each in outcomes.items()]))


if __name__ == "__main__":
    main()
