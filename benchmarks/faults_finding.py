"""What each fault of the data does to finding: the same cubes with and without it.

    python benchmarks/faults_finding.py --out RECORDS
    python benchmarks/faults_finding.py --out RECORDS --cubes 4 --finders deepfocus blobcat

Every fault alone, at three strengths (`FAULTS`), on validation seeds of small dirty cubes. A seed
has the same sources and noise with and without the fault, so differences are paired: cubes are
drawn anew together, and a flux is compared with that of the same source in the cube without.

    RECORDS/CASE/      a campaign's records: the same command goes on where it stopped
    RECORDS/rows.jsonl a line for each case and finder
    RECORDS/table.md   the same as Markdown, finder by finder, and all of them beside each other

One thread, one process. The first cube of all cases comes first, then the second: a run that was
stopped has the same cubes in all cases.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from astropy.stats import mad_std
from measuring import ONE_THREAD, machine

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.files import whole_file
from deepfocus.evaluation.campaign import Found, read_campaign, recorded, run_campaign
from deepfocus.evaluation.counts import CONFIDENCE, Counts
from deepfocus.evaluation.match import match
from deepfocus.evaluation.pulls import pull_values
from deepfocus.evaluation.scenes import Scenes, of_set
from deepfocus.evaluation.text_table import text_table
from deepfocus.finders.kinds import finder_from
from deepfocus.simulation.sets import set_from

FINDERS = ("deepfocus", "slim", "blobcat")
CUBES = 12
DRAWS, DRAWN_WITH = 1000, 20221
"""Of the bootstrap over cubes, and its seed."""

BASE: Mapping[str, Any] = {
    "observation": {
        "configuration": "C-3", "ra": "60 deg", "dec": "-35 deg", "total_time": "2400 s",
        "integration": "20 s", "first_frequency": "229.36 GHz", "channel_width": "10 MHz",
        "channels": 128, "cell": "0.1 arcsec", "size": 128,
    },
    "population": {
        "kind": "corrected", "sources": [2, 5], "point_fraction": 0.25, "disc_fraction": 0.25,
        "fwhm_px": [3.0, 15.0], "axis_ratio": [0.4, 1.0], "line_fwhm_chan": [3.0, 20.0],
        "line_margin_chan": 8.0, "field_fraction": 0.8, "with_continuum": 0.5,
        "line_amplitude": [1.0, 10.0], "ideal_snr": [8.0, 200.0],
    },
    "noise": {"kind": "thermal", "pwv": "0.8 mm"},
    "split": {"validation": [2000000, 1000]},
}  # fmt: skip
"""A set of dirty cubes: each takes a second or two of every finder."""

GRADES = ("weak", "moderate", "strong")
REFERENCED = {"kind": "referenced", "cycle": "120 s"}
MISSING = {
    "5": [3, 11, 19, 27, 35],
    "10": [3, 7, 11, 15, 19, 23, 27, 31, 35, 39],
    "20": list(range(1, 40, 2)),
}
"""Antennas of 43."""
KNOWN = "flagged antennas, known"

Strengths = tuple[tuple[str, Mapping[str, Any]], ...]
FAULTS: Mapping[str, Strengths] = {
    "phases": tuple(
        (
            f"{rms} deg",
            {"gains": {"phase_rms": f"{rms} deg", "amplitude_rms": 0, "calibration": REFERENCED}},
        )
        for rms in (15, 30, 60)
    ),
    "amplitudes": tuple(
        (f"{share:.0%}", {"gains": {"phase_rms": "0 deg", "amplitude_rms": share}})
        for share in (0.03, 0.05, 0.10)
    ),
    "pointing": tuple(
        (f"{rms} arcsec", {"pointing": {"rms": f"{rms} arcsec"}}) for rms in (0.6, 2, 4)
    ),
    "bandpass ripple": tuple(
        (f"{share:.0%}", {"bandpass": {"amplitude": share, "period_chan": 20.0}})
        for share in (0.02, 0.05, 0.10)
    ),
    "Hanning smoothing": tuple(
        (f"{n} averaged", {"smoothing": {"averaged": n}}) for n in (1, 2, 4)
    ),
    "continuum subtracted": (
        ("order 0, all channels", {"continuum": {"order": 0}}),
        ("order 1, all channels", {"continuum": {"order": 1}}),
        ("order 1, lower two thirds", {"continuum": {"order": 1, "fit": [[0, 84]]}}),
    ),
    KNOWN: tuple((f"{n} of 43", {"flagged_antennas": {"numbers": MISSING[n]}}) for n in MISSING),
    "flagged antennas, unknown": tuple(
        (
            f"{n} of 43",
            {"flagged_antennas": {"numbers": MISSING[n]}, "stated": {"kind": "whole_array"}},
        )
        for n in MISSING
    ),
    "blank channels": tuple(
        (f"{n} of 128", {"flagged_channels": {"number": n}}) for n in (6, 13, 26)
    ),
    "channels with twice the noise": tuple(
        (f"{n} of 128", {"flagged_channels": {"number": n, "share": 0.75}}) for n in (6, 13, 26)
    ),
    "beam stated too wide": tuple(
        (f"x {factor:g}", {"stated": {"kind": "scaled", "factor": factor}})
        for factor in (1.03, 1.1, 1.3)
    ),
    "beam stated too narrow": tuple(
        (f"x {factor:g}", {"stated": {"kind": "scaled", "factor": factor}})
        for factor in (0.97, 0.9, 0.77)
    ),
}
"""By the fault, three strengths in words with their table `[faults]`."""


@dataclass(frozen=True)
class Case:
    """A fault at a strength. against : name of the case with the same truth, but without it."""

    fault: str
    grade: str
    strength: str
    faults: Mapping[str, Any]
    against: str

    @property
    def name(self) -> str:
        """Of its folder."""
        return "-".join([*self.fault.replace(",", "").split(), *self.grade.split()])


NONE = Case("none", "", "", {}, "none")


def cases() -> tuple[Case, ...]:
    """None first. Without some of its antennas an array has sources of its own sensitivity."""
    made = [NONE]
    for fault, strengths in FAULTS.items():
        for grade, (strength, table) in zip(GRADES, strengths, strict=True):
            missing = "stated" in table and "flagged_antennas" in table
            against = Case(KNOWN, grade, "", {}, "").name if missing else NONE.name
            made.append(Case(fault, grade, strength, table, against))
    return tuple(made)


def run(
    base: Mapping[str, Any],
    chosen: Sequence[Case],
    finders: Sequence[str],
    cubes: int,
    out: Path,
) -> None:
    """Search every cube of every case that has no record yet, cube by cube."""
    ready = {label: finder_from({"kind": label}) for label in finders}
    scenes = {case.name: scenes_of(base, case, cubes) for case in chosen}
    for number in range(cubes):
        for case in chosen:
            whole, folder = scenes[case.name], out / case.name
            key = whole.keys[number]
            # reading records again takes as long as a quick finder
            left = {
                label: each for label, each in ready.items() if key not in recorded(folder, label)
            }
            if left:
                run_campaign(replace(whole, keys=(key,)), left, folder=folder)
        print(f"{number + 1} of {cubes} cubes", flush=True)


def scenes_of(base: Mapping[str, Any], case: Case, cubes: int) -> Scenes:
    """Validation cubes of a case, each made once for all finders."""
    settings = set_from({**base, "faults": dict(case.faults)}, source=case.name)
    scenes = of_set(settings, settings.seeds("validation", cubes), name=case.name)
    return replace(scenes, make=lru_cache(maxsize=1)(scenes.make))


@dataclass(frozen=True, eq=False)
class CubeResult:
    """One finder on one cube.

    flux : (true,) found over true line flux, NaN where nothing was found
    flux_pulls, place_pulls : (n,) where errors are stated; the latter of x and of y
    """

    counts: Counts
    flux: np.ndarray
    flux_pulls: np.ndarray
    place_pulls: np.ndarray


def result_of(found: Catalogue, truth: Catalogue) -> CubeResult:
    """What was found, against the truth."""
    pairs = match(found, truth)
    true, measured = pairs.truth_matched, pairs.found_matched
    flux = np.full(len(pairs.truth), np.nan)
    flux[pairs.true_row] = measured["line_flux"] / true["line_flux"]
    pulls = pull_values(true, measured)
    places = np.concatenate([pulls["x"], pulls["y"]])
    return CubeResult(pairs.counts, flux, pulls["line flux"], places)


@dataclass(frozen=True)
class Row:
    """One finder in one case; each difference to the case without the fault has 95% intervals.

    found, true : sources; false : accepted candidates that are none, a cube
    flux : median of found over true flux; flux_changed : median ratio to the same source's flux
        without the fault
    coverage, width : of the pulls of flux, and of those of x and y: share within 1, and scatter
    """

    fault: str
    grade: str
    strength: str
    finder: str
    cubes: int
    true: int
    found: int
    completeness: float
    completeness_95: tuple[float, float]
    completeness_more: tuple[float, float, float]
    false: float
    false_more: tuple[float, float, float]
    flux: float
    flux_changed: tuple[float, float, float]
    flux_coverage: float
    flux_width: float
    place_coverage: float
    place_width: float
    refused: int = 0


def row_of(
    case: Case, finder: str, with_it: Sequence[CubeResult], without: Sequence[CubeResult]
) -> Row:
    """The numbers of a case; cubes in the same order with and without the fault."""
    counts = sum((each.counts for each in with_it), Counts())
    flux_pulls = np.concatenate([each.flux_pulls for each in with_it])
    place_pulls = np.concatenate([each.place_pulls for each in with_it])
    drawn = np.random.default_rng(DRAWN_WITH).integers(len(with_it), size=(DRAWS, len(with_it)))
    hits, misses, false = (
        np.array([[getattr(each.counts, what) for each in those] for those in (with_it, without)])
        for what in ("tp", "fn", "fp")
    )
    changed = [a.flux / b.flux for a, b in zip(with_it, without, strict=True)]
    return Row(
        case.fault,
        case.grade,
        case.strength,
        finder,
        cubes=len(with_it),
        true=counts.n_true,
        found=counts.tp,
        completeness=counts.recall,
        completeness_95=counts.recall_interval(),
        completeness_more=_with_interval(
            _recall_more(hits, misses, np.arange(len(with_it))),
            _recall_more(hits, misses, drawn),
        ),
        false=counts.fp / len(with_it),
        false_more=_with_interval(
            np.mean(false[0] - false[1]), (false[0] - false[1])[drawn].mean(axis=1)
        ),
        flux=_median(np.concatenate([each.flux for each in with_it])),
        flux_changed=_with_interval(
            _median(np.concatenate(changed)),
            np.array([_median(np.concatenate([changed[i] for i in each])) for each in drawn]),
        ),
        flux_coverage=_coverage(flux_pulls),
        flux_width=_width(flux_pulls),
        place_coverage=_coverage(place_pulls),
        place_width=_width(place_pulls),
    )


def _recall_more(hits: np.ndarray, misses: np.ndarray, cubes: np.ndarray) -> np.ndarray:
    """Recall with a fault less that without, of cubes (..., n); NaN where nothing is true."""
    tp, fn = hits[:, cubes].sum(axis=-1), misses[:, cubes].sum(axis=-1)
    there = np.maximum(tp + fn, 1)
    more: np.ndarray = np.where(tp[0] + fn[0] > 0, tp[0] / there[0] - tp[1] / there[1], np.nan)
    return more


def _with_interval(value: float | np.ndarray, draws: np.ndarray) -> tuple[float, float, float]:
    """A value and the percentiles of its draws that are known."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float(value), float("nan"), float("nan")
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(value), float(low), float(high)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _coverage(pulls: np.ndarray) -> float:
    return float(np.mean(np.abs(pulls) < 1)) if len(pulls) else float("nan")


def _width(pulls: np.ndarray) -> float:
    return float(mad_std(pulls)) if len(pulls) else float("nan")


def rows(chosen: Sequence[Case], finders: Sequence[str], out: Path) -> Iterator[Row]:
    """Of all cases, on the cubes that every finder has searched in all of them."""
    searched = (recorded(out / case.name, label) for case in chosen for label in finders)
    keys = sorted(frozenset.intersection(*searched))
    results = {}
    for case in chosen:
        campaign = read_campaign(out / case.name, keys=keys, labels=finders)
        for label in finders:
            found: Mapping[str, Found] = campaign.found[label]
            made = [result_of(found[key].catalogue, campaign.truths[key]) for key in keys]
            results[case.name, label] = made
            refused = sum(found[key].refused is not None for key in keys)
            yield replace(row_of(case, label, made, results[case.against, label]), refused=refused)


def write(every: Sequence[Row], out: Path) -> str:
    """The rows as JSON lines and as Markdown, which is returned."""
    with whole_file(out / "rows.jsonl") as path:
        lines = (json.dumps(_plain(asdict(each))) + "\n" for each in every)
        path.write_text("".join(lines), encoding="utf-8")
    labels = dict.fromkeys(each.finder for each in every)
    parts = [
        f"**{label}**\n\n{table([each for each in every if each.finder == label])}"
        for label in labels
    ]
    if len(labels) > 1:
        parts += [f"**all**\n\n{beside(every, cell)}" for cell in (_counted, _flux_kept)]
    markdown = "\n\n".join(parts) + "\n"
    with whole_file(out / "table.md") as path:
        path.write_text(markdown, encoding="utf-8")
    return markdown


def table(every: Sequence[Row]) -> str:
    """The rows of one finder."""
    header = (
        "fault", "strength", "found", "more", "false a cube", "more",
        "flux", "over that without", "within an error: flux", "width",
        "place", "width",
    )  # fmt: skip
    return text_table(
        header,
        [
            [
                each.fault,
                each.strength,
                f"{each.found} of {each.true}",
                _change(each.completeness_more, "+.2f"),
                f"{each.false:.2f}",
                _change(each.false_more, "+.2f"),
                _cell(each.flux, ".3f"),
                _change(each.flux_changed, ".3f"),
                _cell(each.flux_coverage, ".0%"),
                _cell(each.flux_width, ".1f"),
                _cell(each.place_coverage, ".0%"),
                _cell(each.place_width, ".1f"),
            ]
            for each in every
        ],
    )


def beside(every: Sequence[Row], cell: Callable[[Row], str]) -> str:
    """A line for each case, with a cell of each finder."""
    labels = tuple(dict.fromkeys(each.finder for each in every))
    cases = tuple(dict.fromkeys((each.fault, each.strength, each.true) for each in every))
    cells = {(each.fault, each.strength, each.finder): cell(each) for each in every}
    lines = [
        [fault, strength, str(true), *(cells[fault, strength, label] for label in labels)]
        for fault, strength, true in cases
    ]
    return text_table(("fault", "strength", "of", *labels), lines)


def _counted(row: Row) -> str:
    """Found and false, in all cubes."""
    return f"{row.found} / {round(row.false * row.cubes)}"


def _flux_kept(row: Row) -> str:
    """Over that without the fault, of the same sources."""
    return _cell(row.flux_changed[0], ".2f")


def _change(values: Sequence[float], form: str) -> str:
    """With its interval, or without where all draws agree."""
    value, low, high = (_cell(each, form) for each in values)
    return value if value == low == high else f"{value} ({low} to {high})"


def _cell(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "-"


def _plain(values: Any) -> Any:
    """For JSON: NaN is None."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    if isinstance(values, tuple):
        return [_plain(value) for value in values]
    return None if isinstance(values, float) and not np.isfinite(values) else values


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--cubes", type=int, default=CUBES, help="of each case")
    options.add_argument("--finders", nargs="+", default=FINDERS)
    options.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    asked = options.parse_args(arguments)
    chosen = [case for case in cases() if case is NONE or case.fault in asked.faults]
    run(BASE, chosen, asked.finders, asked.cubes, asked.out)
    print(machine())
    print(write(tuple(rows(chosen, asked.finders, asked.out)), asked.out))


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
