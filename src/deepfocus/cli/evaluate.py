"""`deepfocus evaluate`: catalogues against the truth, and the records of a benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import FOUND, STORE, TRUTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deepfocus.core.catalogue import Catalogue
    from deepfocus.evaluation.records import Records


@click.command()
@click.argument(
    "places",
    metavar="CATALOGUE TRUTH | RECORDS...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the numbers here."
)
@click.option(
    "--report",
    "report",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write tables, figures and a page of them into this folder.",
)
def evaluate(places: tuple[Path, ...], json_file: Path | None, report: Path | None) -> None:
    """Score a catalogue against the truth, or what a benchmark has recorded.

    Matches one-to-one in three dimensions: centres closer than half of the FWHM that the true
    source has in the cube (beam and size in quadrature), channels closer than half of the line
    FWHM. The meta of the truth says how wide the beam is; without, it counts as 6 px. Matches
    also by the paper's rule. A simulated truth has the limits of each source: then completeness
    is also given against the SNR of an ideal observer, and errors in units of the Cramer-Rao
    bound. Given two folders, scores every NAME.catalogue.ecsv against NAME.truth.ecsv and pools
    the counts. The truth of many cubes may also be a simulated NAME.zarr.

    RECORDS are output folders of deepfocus benchmark, one for each set. All finders in them are
    scored.

    --report writes DIR/index.html, which opens offline, with the paper's Tables 4 and 5 and its
    figures, completeness, errors against their limits, stated errors and probabilities, and where
    each missed source was lost; beside it, the same as files in DIR/tables and DIR/figures.

    Example: deepfocus evaluate found/cube.catalogue.ecsv cube.truth.ecsv

    Example: deepfocus evaluate compared/paper compared/faint --report judged
    """
    from deepfocus.evaluation.records import is_records

    if report is not None:
        _check_report(report)
    if any(is_records(place) for place in places) or len(places) != 2:
        _evaluate_records(places, json_file, report)
    else:
        _evaluate_pairs(*places, json_file, report)


def _evaluate_pairs(
    catalogue: Path, truth: Path, json_file: Path | None, report: Path | None
) -> None:
    from deepfocus.evaluation.records import of_pairs
    from deepfocus.evaluation.score import pool

    named = _pairs(catalogue, truth)
    pairs = list(named.values())
    for note in _notes([true for _, true in pairs]):
        click.echo(f"deepfocus: note: {note}", err=True)
    result = pool(pairs)
    _write_json(result.as_dict(), json_file)
    click.echo(result.table())
    if report is not None:
        label = catalogue.resolve().name.removesuffix(FOUND)
        name = truth.resolve().name.removesuffix(TRUTH).removesuffix(STORE)
        _write_report([of_pairs(pairs, list(named), name=name, label=label)], report)


def _evaluate_records(folders: Sequence[Path], json_file: Path | None, report: Path | None) -> None:
    from deepfocus.evaluation.comparison import compare
    from deepfocus.evaluation.records import read_records, refuse_unlike

    records = [read_records(folder) for folder in folders]
    refuse_unlike(records)
    for note in (note for each in records for note in each.notes):
        click.echo(f"deepfocus: note: {note}", err=True)
    compared = [compare(each.campaign, name=each.name) for each in records]
    _write_json({each.name: each.as_dict() for each in compared}, json_file)
    click.echo("\n\n".join(each.summary() for each in compared))
    if report is not None:
        _write_report(records, report)


def _write_json(numbers: Mapping[str, Any], json_file: Path | None) -> None:
    from deepfocus.core.files import whole_file

    if json_file is not None:
        with whole_file(json_file) as temporary:
            temporary.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def _check_report(folder: Path) -> None:
    """Raise `DeepFocusError` if the folder cannot be written, or has what is no evaluation."""
    from deepfocus.jobs.claim import CLAIM, check_output

    check_output(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CLAIM).exists():
        raise DeepFocusError(
            f"{folder} has other files in it",
            wanted="a new or empty folder, or one with an earlier evaluation",
            remedy="choose another --report",
        )


def _write_report(records: Sequence[Records], folder: Path) -> None:
    from deepfocus.evaluation.assessment import assess
    from deepfocus.jobs.claim import claim
    from deepfocus.report.evaluation_folder import write_evaluation

    contents = {each.name: list(each.campaign.found) for each in records}
    claim(folder, {"evaluation": contents}, holds="an evaluation")
    assessments = [assess(each) for each in records]
    page = write_evaluation(records, assessments, folder)
    click.echo(f"\n{page}")


def _notes(truths: Sequence[Catalogue]) -> Iterator[str]:
    """What the truths lack for matching."""
    import numpy as np

    from deepfocus.core.catalogue import numbered
    from deepfocus.evaluation.match import UNKNOWN_BEAM_PX

    unmatchable = sum(
        int(np.sum(~(true["line_fwhm_chan"] > 0)))  # counts NaN too
        for true in truths
    )
    if unmatchable:
        yield (
            f"{numbered(unmatchable, 'true source')} without line_fwhm_chan: "
            "nothing can match them in frequency"
        )
    beamless = sum(not true.meta.get("beam_px") for true in truths)
    if beamless:
        yield (
            f"{numbered(beamless, 'truth')} without beam_px in the meta: "
            f"matched as with a beam of {UNKNOWN_BEAM_PX:g} px"
        )


def _pairs(found: Path, truth: Path) -> dict[str, tuple[Catalogue, Catalogue]]:
    """Found and true sources, by the name of their cube."""
    from deepfocus.io.catalogues import read_catalogue

    if truth.suffix == STORE:
        return _pairs_of_store(found, truth)
    if found.is_dir() != truth.is_dir():
        folder, file = (found, truth) if found.is_dir() else (truth, found)
        raise DeepFocusError(
            f"{folder} is a folder and {file} is not",
            wanted="two catalogues or two folders of them",
            remedy=f"name the catalogue in {folder}, or give two folders",
        )
    if not found.is_dir():
        name = truth.name.removesuffix(TRUTH)
        return {name: (read_catalogue(found), read_catalogue(truth))}
    # from both folders, so that a cube without a catalogue is not silently left out
    names = {path.name.removesuffix(FOUND) for path in found.glob(f"*{FOUND}")}
    names |= {path.name.removesuffix(TRUTH) for path in truth.glob(f"*{TRUTH}")}
    if not names:
        raise DeepFocusError(
            f"{found} contains no catalogue and {truth} no truth",
            wanted=f"files NAME{FOUND} and NAME{TRUTH}",
            remedy="check the folders",
        )
    return {
        name: (read_catalogue(found / f"{name}{FOUND}"), read_catalogue(truth / f"{name}{TRUTH}"))
        for name in sorted(names)
    }


def _pairs_of_store(found: Path, truth: Path) -> dict[str, tuple[Catalogue, Catalogue]]:
    """Pairs of every finished seed of a store, so that none is silently left out."""
    from deepfocus.io.catalogues import read_catalogue
    from deepfocus.io.set_store import open_store
    from deepfocus.io.stored_cube import stored_truth

    store = open_store(truth)
    return {
        str(seed): (read_catalogue(found / f"{seed}{FOUND}"), stored_truth(store, seed))
        for seed in sorted(store.finished())
    }
