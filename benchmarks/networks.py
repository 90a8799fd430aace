"""What the six networks would add to `deepfocus`, from the records of a benchmark of both.

    deepfocus benchmark varied --finder deepfocus --finder slim --out compared/varied
    python benchmarks/networks.py compared/*

Proposing: what `slim` accepts and `deepfocus` has not found is added to its catalogue. Vetting:
what `deepfocus` accepts and `slim` has not even as a rejected candidate is taken out of it. Each
line says what that changes in the sources found and the false ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from deepfocus.core.catalogue import Catalogue, stacked
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match
from deepfocus.io.catalogues import read_catalogue

HEADER = "| set | cubes | alone: found / false | + proposed | - not confirmed |"


def main() -> None:
    """A Markdown table, one line a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of deepfocus benchmark")
    print(f"{HEADER}\n|---|---:|---:|---:|---:|")
    for folder in parser.parse_args().folders:
        cubes = list(records(folder))
        changes = [changed(*cube) for cube in cubes]
        alone, proposed, vetted = (
            sum((each[kind] for each in changes), Counts(0, 0, 0)) for kind in range(3)
        )
        print(
            f"| {folder.name} | {len(cubes)} | {alone.tp} / {alone.fp} "
            f"| {difference(proposed, alone)} | {difference(vetted, alone)} |"
        )


def records(folder: Path) -> Iterator[tuple[Catalogue, Catalogue, Catalogue]]:
    """Of each cube: the truth, what deepfocus found, and what slim did."""
    for path in sorted((folder / "truth").glob("*.ecsv")):
        found = (folder / "found" / name / path.name for name in ("deepfocus", "slim"))
        ours, theirs = (read_catalogue(each) for each in found)
        yield read_catalogue(path), ours, theirs


def changed(truth: Catalogue, ours: Catalogue, theirs: Catalogue) -> tuple[Counts, Counts, Counts]:
    """Counts of ours alone, with what they propose, and without what they do not know."""
    accepted = ours.accepted.with_meta(beam_px=truth.meta["beam_px"])
    both = match(theirs, accepted)
    new = both.found.where(both.spurious)
    candidates = match(theirs, accepted, accepted_only=False)
    known = candidates.truth.where(candidates.detected)
    return (
        match(accepted, truth).counts,
        match(stacked([accepted, new]), truth).counts,
        match(known, truth).counts,
    )


def difference(one: Counts, other: Counts) -> str:
    """Found and false ones more or less."""
    return f"{one.tp - other.tp:+d} / {one.fp - other.fp:+d}"


if __name__ == "__main__":
    main()
