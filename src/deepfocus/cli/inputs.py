"""The inputs of `detect`: FITS cubes, and stores of simulated sets, which contain many cubes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE

if TYPE_CHECKING:
    from deepfocus.core.cube import Cube
    from deepfocus.io.set_store import SetStore


@dataclass(frozen=True)
class Input:
    """A cube that has not been read yet.

    name : of its output; origin : where it comes from, in words; read : raises `DeepFocusError`
    """

    name: str
    origin: str
    read: Callable[[], Cube]


def inputs(files: Sequence[Path], *, rest_hz: float | None) -> list[Input]:
    """Every cube of the inputs, in order; for a store, every finished seed.

    Raises `DeepFocusError` if two inputs would write the same output, or a store cannot be read.
    """
    found: dict[str, Input] = {}
    for path in files:
        for one in _of_store(path, rest_hz) if path.suffix == STORE else _of_file(path, rest_hz):
            if one.name in found:
                raise DeepFocusError(
                    f"{found[one.name].origin} and {one.origin} would both be written as "
                    f"{one.name}",
                    wanted="inputs of different names",
                    remedy="rename one, or detect them in two runs with different --out",
                )
            found[one.name] = one
    return list(found.values())


def _of_file(path: Path, rest_hz: float | None) -> Iterator[Input]:
    from deepfocus.io.product_names import base_name

    def read() -> Cube:
        from deepfocus.io.fits_cube import read_cube

        return read_cube(path, rest_hz=rest_hz)

    yield Input(base_name(path), str(path), read)


def _of_store(path: Path, rest_hz: float | None) -> Iterator[Input]:
    from deepfocus.io.fits_cube import MIN_CHANNELS
    from deepfocus.io.set_store import open_store
    from deepfocus.io.stored_cube import channels_of

    store = open_store(path)
    channels = channels_of(store)
    if store.attributes["cubes"] == "none" or channels < MIN_CHANNELS:
        kept = "no cubes" if channels >= MIN_CHANNELS else f"cubes of {channels} channels"
        raise DeepFocusError(
            f"{path} contains {kept}",
            wanted=f"cubes of at least {MIN_CHANNELS} channels",
            remedy="simulate a set with such cubes, not with --cubes none",
        )
    for seed in sorted(store.finished()):
        read = partial(_stored, store, seed, rest_hz)
        yield Input(str(seed), f"seed {seed} of {path}", read)


def _stored(store: SetStore, seed: int, rest_hz: float | None) -> Cube:
    from deepfocus.io.stored_cube import stored_cube

    cube = stored_cube(store, seed)
    if rest_hz is None:
        return cube
    return replace(cube, grid=replace(cube.grid, rest_hz=rest_hz))
