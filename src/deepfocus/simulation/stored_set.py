"""A resumable data set in one store: cube, truth and derived training arrays of every seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus import __version__
from deepfocus.core.arrays import NamedArrays
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.set_store import Record, SetStore, create_store, disk_bytes, open_store, sweep
from deepfocus.io.stored_cube import (
    OF_A_KIND,
    VARIANT,
    Packing,
    common_of,
    level_of,
    truth_array,
)
from deepfocus.jobs.claim import refuse_other
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import IN_TURN, Workers
from deepfocus.simulation.cube import Simulated, blank_cube, simulate
from deepfocus.simulation.dataset import FREE, provenance_of
from deepfocus.simulation.sets import AnySet, MixedSet, set_from

Derived = tuple[NamedArrays, NamedArrays]


@dataclass(frozen=True)
class Recipe:
    """What to store for each seed; picklable, since it is sent to workers.

    derive : makes arrays of the cube, and arrays of its sources in the order of the truth
    """

    settings: AnySet
    packing: Packing
    derive: Callable[[Simulated], Derived]

    def record(self, seed: int) -> Record:
        """Simulate a seed and make its record."""
        return self.record_of(simulate(self.settings, seed))

    def record_of(self, made: Simulated) -> Record:
        """The record of a simulated cube."""
        of_cube, of_sources = self.derive(made)
        noise = np.asarray(level_of(made.cube))
        kind = {}
        if isinstance(self.settings, MixedSet):
            kind[VARIANT] = np.asarray(self.settings.index_of(int(made.cube.meta["seed"])))
        return Record(
            of_cube={**self.packing.pack(made.cube), "noise_jy_beam": noise, **kind, **of_cube},
            of_sources={"truth": truth_array(made.truth), **of_sources},
        )


@dataclass(frozen=True)
class StoredSet:
    """One store, with a row per seed made by a recipe."""

    recipe: Recipe
    path: Path

    def write(
        self, seeds: Sequence[int], *, workers: Workers = IN_TURN, report: Report = silent
    ) -> SetStore:
        """Write the missing `seeds` into the store, which is created or extended.

        A stopped run resumes. The same seed gives the same digest on any number of workers.
        `report(done, total, name)` is called after each. Raises `DeepFocusError` if the path
        contains a set with other settings, packing or version.
        """
        sweep(self.path)
        store = _claimed(self.recipe, self.path, seeds[0]).extend(seeds)
        finished = store.finished()
        missing = [seed for seed in seeds if seed not in finished]
        tally = Tally(len(seeds), len(seeds) - len(missing), report)
        while missing:
            too_small = {}
            for seed, sources in workers.run(partial(_write_one, self.recipe, self.path), missing):
                if sources > store.source_rows:
                    too_small[seed] = sources
                    continue
                tally.count(str(seed))
            # workers skip a seed with more sources than fit; it is remade after making room
            store = store.make_room(max(too_small.values(), default=0))
            missing = sorted(too_small)
        return store

    def check(self, seeds: Sequence[int], *, report: Report = silent) -> list[int]:
        """Remake `seeds`; return those whose stored arrays or digests differ or are damaged.

        Raises `DeepFocusError` if one of them is not finished, or if an array that all seeds
        share differs.
        """
        store = _same(self.recipe, open_store(self.path))
        finished = store.finished()
        differing = []
        for done, seed in enumerate(seeds, start=1):
            if seed not in finished:
                raise DeepFocusError(
                    f"{self.path} has no finished cube of seed {seed}",
                    wanted="a finished row for every seed that is checked",
                    remedy="finish the set first, without --check",
                )
            made = simulate(self.recipe.settings, seed)
            if done == 1 and not store.holds(self._common(seed, made.cube)[0]):
                raise DeepFocusError(
                    f"{self.path}: beams or frequencies, which all cubes share, differ",
                    wanted="those made by these settings",
                    remedy="simulate into a new store",
                )
            digests = {finished[seed], self.recipe.record_of(made).digest()}
            try:
                digests.add(store.read(seed).digest())
            except DeepFocusError:
                digests.add(b"damaged")
            if len(digests) > 1:
                differing.append(seed)
            report(done, len(seeds), str(seed))
        return differing

    def _common(self, seed: int, cube: Cube) -> tuple[NamedArrays, dict[str, Any]]:
        settings = self.recipe.settings
        index = settings.index_of(seed) if isinstance(settings, MixedSet) else None
        return common_of(cube, variant=index)

    def again(self, seeds: Sequence[int]) -> str:
        """How to remake these cubes."""
        rows = " ".join(str(open_store(self.path).row_of(seed)) for seed in seeds)
        return f"remove {self.path}/sha256/c/ROW for ROW in {rows}, and simulate again"

    def summary(self) -> str:
        """Size on disk, number of rows and content hash of the store."""
        store, size = open_store(self.path), disk_bytes(self.path) / 1e9
        return f": {size:.3g} GB, {len(store.seeds)} rows, content {store.content_hash()}"


def settings_of_store(path: Path) -> AnySet:
    """The settings that a store was made with."""
    return set_from(dict(open_store(path).attributes["settings"]), source=str(path))


def rows_of_store(path: Path, seeds: Sequence[int]) -> tuple[SetStore, list[int]]:
    """A store and the rows of those seeds. Raises `DeepFocusError` if one is not finished."""
    store = open_store(path)
    finished = store.finished()
    missing = [seed for seed in seeds if seed not in finished]
    if missing:
        raise DeepFocusError(
            f"{path} has no finished row for {len(missing)} of {len(seeds)} seeds, such as "
            f"{missing[0]}",
            wanted="a finished row for each",
            remedy="simulate them into the store (--split, --number), or ask for fewer",
        )
    return store, [store.row_of(seed) for seed in seeds]


def _write_one(recipe: Recipe, path: Path, seed: int) -> tuple[int, int]:
    """Write one row if its sources fit; return the seed and its number of sources."""
    store, record = open_store(path, "r+"), recipe.record(seed)
    if record.sources <= store.source_rows:
        store.write(seed, record)
    return seed, record.sources


def _claimed(recipe: Recipe, path: Path, first: int) -> SetStore:
    """The store at `path`, created if missing; the record of the first seed sets its layout."""
    if (path / "zarr.json").exists():
        return _same(recipe, open_store(path, "r+"))
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DeepFocusError(
            f"{path} exists but is not a store",
            wanted="a new name, or a store of the same set",
            remedy="choose another --out",
        )
    made = simulate(recipe.settings, first)
    common, attributes = _common_to_all(recipe.settings, made.cube)
    return create_store(
        path,
        recipe.record_of(made),
        common=common,
        attributes={**_provenance(recipe), **attributes},
    )


def _common_to_all(settings: AnySet, cube: Cube) -> tuple[NamedArrays, dict[str, Any]]:
    """What all cubes share; of a mixed set, what those of each variant share.

    Raises `DeepFocusError` if the variants' cubes differ in shape.
    """
    if not isinstance(settings, MixedSet):
        return common_of(cube)
    arrays: dict[str, np.ndarray] = {}
    kinds = []
    for index, variant in enumerate(settings.variants):
        blank = blank_cube(variant)
        if blank.data.shape != cube.data.shape:
            raise DeepFocusError(
                f"variants whose cubes have {blank.data.shape} and {cube.data.shape} voxels",
                wanted="cubes of one shape, which one store needs",
                remedy="give --out a folder for FITS files, or set size and channels",
            )
        own, attributes = common_of(blank, variant=index)
        arrays |= own
        kinds.append({name: attributes.pop(name) for name in OF_A_KIND})
    return arrays, attributes | {"kinds": kinds}


def _same(recipe: Recipe, store: SetStore) -> SetStore:
    """The store. Raises `DeepFocusError` if its settings, packing or version differ."""
    wanted = _provenance(recipe)
    has = {name: store.attributes.get(name) for name in wanted}
    refuse_other(has, wanted, where=str(store.path), holds="a set", free=FREE)
    return store


def _provenance(recipe: Recipe) -> dict[str, object]:
    return {
        **provenance_of(recipe.settings),
        "cubes": recipe.packing.name,
        "version": __version__,
    }
