"""Named cubes with known sources, on which a campaign runs finders.

They come from a simulated set, from sources injected into cubes, from a folder, or from a store.
A worker makes or reads each cube when it needs it; a campaign keeps no cubes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u

from deepfocus.core.catalogue import Catalogue, stacked
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE, TRUTH
from deepfocus.core.rest_frequency import rest_hertz
from deepfocus.core.settings import load_table, settings_from, settings_to
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.content_hash import content_hash
from deepfocus.io.cube_files import files_of_cube
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides
from deepfocus.io.set_store import open_store
from deepfocus.io.stored_cube import stored_cube, stored_truth
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.dataset import provenance_of
from deepfocus.simulation.inject import inject
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.sets import SHIPPED, AnySet, load_set, set_from
from deepfocus.simulation.settings import Seeds
from deepfocus.simulation.stored_set import settings_of_store

Labelled = tuple[Cube, Catalogue]
"""A cube and the truth about it."""

INJECTION_STREAM = 3
"""Random stream of a seed's injected sources; the first three are the simulation's."""


@dataclass(frozen=True)
class Scenes:
    """Cubes with their truth, made on demand.

    name : of the whole set, in words
    keys : names of the cubes, also used as file names
    make : gives the cube of a key and its truth; picklable, since it is sent to workers
    made_with : what determines the cubes, in plain values
    content : tells the cube of a key from another of the same name; None where `made_with` does
    """

    name: str
    keys: tuple[str, ...]
    make: Callable[[str], Labelled]
    made_with: Mapping[str, Any]
    content: Callable[[str], str] | None = None


@dataclass(frozen=True)
class InjectedCube:
    """One cube, into which each seed injects new sources.

    cube : its FITS file, relative to the settings file or else to the current folder
    rest_frequency : in place of the header's, such as "230.538 GHz"
    split : first seed and number of each split
    """

    cube: str
    injection: Injection = field(default_factory=Injection)
    rest_frequency: u.Quantity | None = None
    split: Seeds = field(default_factory=Seeds)


def load_scenes(path: Path, *, split: str, number: int | None) -> Scenes:
    """The first `number` cubes of a split, or all, of whatever `path` names.

    path : a shipped set; the TOML file of a simulated set (which may have a table [injection]) or
        of an `InjectedCube`; a folder of NAME.fits with NAME.truth.ecsv; or a store. A folder has
        no splits: its cubes are taken in order of name.

    Raises `DeepFocusError` if `path` is none of these or has too few cubes.
    """
    path = Path(path)
    if path.suffix == STORE:
        return of_store(path, split=split, number=number)
    if path.is_dir():
        return of_folder(path, number=number)
    name = f"{path.stem}, {split}"
    if not path.exists() and str(path) in SHIPPED:
        shipped = load_set(path)
        return of_set(shipped, shipped.seeds(split, number), name=name)
    table = load_table(path)
    if "cube" in table:
        injected = settings_from(table, InjectedCube, source=str(path))
        seeds = injected.split.of(split, number)
        return of_injected_cube(injected, seeds, beside=path.parent, name=name)
    if "injection" in table:
        source = f"[injection] of {path}"
        injection = settings_from(table.pop("injection"), Injection, source=source)
        base = set_from(table, source=str(path))
        return of_injected_set(base, injection, base.seeds(split, number), name=name)
    settings = load_set(path)
    return of_set(settings, settings.seeds(split, number), name=name)


def of_set(settings: AnySet, seeds: Sequence[int], *, name: str) -> Scenes:
    """Simulated cubes."""
    return Scenes(
        name=name,
        keys=_keys(seeds),
        make=partial(_simulated, settings),
        made_with=_without_split(provenance_of(settings)),
    )


def of_injected_set(
    settings: AnySet, injection: Injection, seeds: Sequence[int], *, name: str
) -> Scenes:
    """Simulated cubes, each with injected sources in addition to its own."""
    return Scenes(
        name=name,
        keys=_keys(seeds),
        make=partial(_simulated_and_injected, settings, injection),
        made_with=_without_split(provenance_of(settings)) | {"injection": settings_to(injection)},
    )


def of_injected_cube(
    injected: InjectedCube, seeds: Sequence[int], *, beside: Path = Path(), name: str
) -> Scenes:
    """One cube with new injected sources for each seed. Its own sources are not in the truth.

    Raises `DeepFocusError` if the cube does not exist.
    """
    near = beside / injected.cube
    path = (near if near.exists() else Path(injected.cube)).absolute()
    if not path.exists():
        raise DeepFocusError(
            f"{injected.cube} does not exist", wanted="the FITS cube", remedy="check cube = ..."
        )
    plain = settings_to(injected)
    del plain["split"]
    return Scenes(
        name=name,
        keys=_keys(seeds),
        make=partial(_injected, path, rest_hertz(injected.rest_frequency), injected.injection),
        made_with=plain | {"cube": str(path), "content": content_hash(files_of_cube(path))},
    )


def of_folder(folder: Path, *, number: int | None = None) -> Scenes:
    """The cubes NAME.fits of a folder with their NAME.truth.ecsv, in order of name."""
    folder = Path(folder).absolute()
    names = sorted(path.name.removesuffix(TRUTH) for path in folder.glob(f"*{TRUTH}"))
    if not names:
        raise DeepFocusError(
            f"{folder} contains no truth",
            wanted=f"NAME.fits and NAME{TRUTH}",
            remedy="simulate a set into it, or give a set's settings",
        )
    return Scenes(
        name=folder.name,
        keys=_first(names, number, where=str(folder)),
        make=partial(_read, folder),
        made_with={"folder": str(folder)},
        content=partial(_content, folder),
    )


def of_store(path: Path, *, split: str, number: int | None = None) -> Scenes:
    """The finished rows of one split of a store, by seed."""
    path = Path(path).absolute()
    store, settings = open_store(path), settings_of_store(path)
    finished = store.finished()
    names = _keys([seed for seed in settings.seeds(split) if seed in finished])
    return Scenes(
        name=f"{path.stem}, {split}",
        keys=_first(names, number, where=f"{split} in {path}"),
        make=partial(_stored, path),
        made_with=_without_split(provenance_of(settings)) | {"cubes": store.attributes["cubes"]},
    )


def _simulated(settings: AnySet, key: str) -> Labelled:
    made = simulate(settings, int(key))
    return made.cube, made.truth


def _simulated_and_injected(settings: AnySet, injection: Injection, key: str) -> Labelled:
    cube, truth = _simulated(settings, key)
    injected = inject(cube, injection, _injection_seed(key))
    together = stacked([truth, injected.truth])
    return injected.cube, together.with_columns(id=np.arange(1, len(together) + 1))


def _injected(path: Path, rest_hz: float | None, injection: Injection, key: str) -> Labelled:
    injected = inject(_cube_at(path, rest_hz), injection, int(key))
    return injected.cube, injected.truth


@lru_cache(maxsize=1)
def _cube_at(path: Path, rest_hz: float | None) -> Cube:
    return read_cube(path, Overrides(rest_hz=rest_hz))


def _read(folder: Path, key: str) -> Labelled:
    return read_cube(folder / f"{key}.fits"), read_catalogue(folder / f"{key}{TRUTH}")


def _content(folder: Path, key: str) -> str:
    return content_hash([*files_of_cube(folder / f"{key}.fits"), folder / f"{key}{TRUTH}"])


def _stored(path: Path, key: str) -> Labelled:
    store = open_store(path)
    return stored_cube(store, int(key)), stored_truth(store, int(key))


def _injection_seed(key: str) -> int:
    """A seed whose random stream differs from those that made the cube."""
    return int(np.random.SeedSequence([int(key), INJECTION_STREAM]).generate_state(1)[0])


def _keys(seeds: Sequence[int]) -> tuple[str, ...]:
    return tuple(str(seed) for seed in seeds)


def _first(names: Sequence[str], number: int | None, *, where: str) -> tuple[str, ...]:
    if number is not None and number > len(names):
        raise DeepFocusError(
            f"{number} cubes of {where}",
            wanted=f"at most {len(names)}",
            remedy="simulate more, or ask for fewer",
        )
    return tuple(names[:number])


def _without_split(made_with: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the seeds: they decide which cubes exist, not what is in them."""
    settings = {name: part for name, part in made_with["settings"].items() if name != "split"}
    return {**made_with, "settings": settings}
