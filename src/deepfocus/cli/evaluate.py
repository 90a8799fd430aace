"""`deepfocus evaluate`: catalogues against the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import FOUND, STORE, TRUTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepfocus.core.catalogue import Catalogue


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the numbers here."
)
def evaluate(catalogue: Path, truth: Path, json_file: Path | None) -> None:
    """Score a catalogue against the truth.

    Matches one-to-one in three dimensions: centres closer than half of the FWHM that the true
    source has in the cube (beam and size in quadrature), channels closer than half of the line
    FWHM. The meta of the truth says how wide the beam is; without, it counts as 6 px. Matches
    also by the paper's rule. A simulated truth has the limits of each source: then completeness
    is also given against the SNR of an ideal observer, and errors in units of the Cramer-Rao
    bound. Given two folders, scores every NAME.catalogue.ecsv against NAME.truth.ecsv and pools
    the counts. The truth of many cubes may also be a simulated NAME.zarr.

    Example: deepfocus evaluate found/cube.catalogue.ecsv cube.truth.ecsv
    """
    from deepfocus.core.files import whole_file
    from deepfocus.evaluation.score import pool

    pairs = _pairs(catalogue, truth)
    for note in _notes([true for _, true in pairs]):
        click.echo(f"deepfocus: note: {note}", err=True)
    result = pool(pairs)
    if json_file is not None:
        with whole_file(json_file) as temporary:
            text = json.dumps(result.as_dict(), indent=2) + "\n"
            temporary.write_text(text, encoding="utf-8")
    click.echo(result.table())


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


def _pairs(found: Path, truth: Path) -> list[tuple[Catalogue, Catalogue]]:
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
        return [(read_catalogue(found), read_catalogue(truth))]
    # from both folders, so that a cube without a catalogue is not silently left out
    names = {path.name.removesuffix(FOUND) for path in found.glob(f"*{FOUND}")}
    names |= {path.name.removesuffix(TRUTH) for path in truth.glob(f"*{TRUTH}")}
    if not names:
        raise DeepFocusError(
            f"{found} contains no catalogue and {truth} no truth",
            wanted=f"files NAME{FOUND} and NAME{TRUTH}",
            remedy="check the folders",
        )
    return [
        (read_catalogue(found / f"{name}{FOUND}"), read_catalogue(truth / f"{name}{TRUTH}"))
        for name in sorted(names)
    ]


def _pairs_of_store(found: Path, truth: Path) -> list[tuple[Catalogue, Catalogue]]:
    """Pairs of every finished seed of a store, so that none is silently left out."""
    from deepfocus.io.catalogues import read_catalogue
    from deepfocus.io.set_store import open_store
    from deepfocus.io.stored_cube import stored_truth

    store = open_store(truth)
    return [
        (read_catalogue(found / f"{seed}{FOUND}"), stored_truth(store, seed))
        for seed in sorted(store.finished())
    ]
