"""The inputs of `detect`: FITS cubes, CASA images, and stores of simulated sets, of many cubes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading, State
    from deepfocus.cli.room import Room
    from deepfocus.core.cube import Cube


class Input(Protocol):
    """A cube that has not been read yet; it may be sent to another process."""

    @property
    def name(self) -> str:
        """Of its products."""
        ...

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        ...

    @property
    def lines(self) -> tuple[str, ...]:
        """What says whether it is the same as before, for a file of settings."""
        ...

    def shape(self) -> tuple[int, int, int]:
        """(chan, y, x), without its data. Raises `DeepFocusError` if it cannot be used."""
        ...

    def read(self) -> Cube:
        """Raises `DeepFocusError` if it cannot be used."""
        ...

    def with_room(self, room: Room) -> Input:
        """The same, for processes with so much room."""
        ...


@dataclass(frozen=True)
class FileInput:
    """A FITS file or a CASA image."""

    path: Path
    reading: Reading

    @property
    def name(self) -> str:
        """That of the file."""
        from deepfocus.io.product_names import base_name

        return base_name(self.path)

    @property
    def origin(self) -> str:
        """Its path."""
        return str(self.path)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """What tells its content, and that of the companions that may belong to it."""
        _ = self._state
        return (self.reading.content(self.path),)

    @cached_property
    def _state(self) -> State:
        """When it was looked at first."""
        return self.reading.state(self.path)

    def shape(self) -> tuple[int, int, int]:
        """From the header."""
        return self.reading.shape_of(self.path)

    def read(self) -> Cube:
        """As the user says. A file that changed since `lines` were made of it is refused."""
        return self.reading.of(self.path, since=self._state)

    def with_room(self, room: Room) -> FileInput:
        """Read by parts if it is too large for that."""
        return replace(self, reading=replace(self.reading, room=room))


@dataclass(frozen=True)
class StoredInput:
    """One seed of a store; of `reading`, its rest frequency counts. digest : of its arrays."""

    path: Path
    seed: int
    digest: str
    reading: Reading

    @property
    def name(self) -> str:
        """The seed."""
        return str(self.seed)

    @property
    def origin(self) -> str:
        """Seed and store."""
        return f"seed {self.seed} of {self.path}"

    @property
    def lines(self) -> tuple[str, ...]:
        """Its name, seed and digest: another set may have been made under the name of one."""
        return (f"store: {self.origin}, {self.digest}",)

    def shape(self) -> tuple[int, int, int]:
        """From the store's arrays."""
        return self.read().grid.shape

    def read(self) -> Cube:
        """With another rest frequency, if one was given."""
        from deepfocus.io.set_store import open_store
        from deepfocus.io.stored_cube import stored_cube

        cube = stored_cube(open_store(self.path), self.seed)
        if self.reading.overrides.rest_hz is None:
            return cube
        return replace(cube, grid=replace(cube.grid, rest_hz=self.reading.overrides.rest_hz))

    def with_room(self, room: Room) -> StoredInput:
        """The same: the cubes of sets fit in memory, where they were made."""
        return self


def inputs(files: Sequence[Path], reading: Reading) -> list[Input]:
    """Every cube of the inputs, in order; for a store, every finished seed.

    Raises `DeepFocusError` if two inputs would write the same output, a store cannot be read, or
    companions were named for several cubes.
    """
    found: dict[str, Input] = {}
    for path in files:
        for one in _of_store(path, reading) if path.suffix == STORE else [FileInput(path, reading)]:
            if one.name in found:
                raise DeepFocusError(
                    f"{found[one.name].origin} and {one.origin} would both be written as "
                    f"{one.name}",
                    wanted="inputs of different names",
                    remedy="rename one, or detect them in two runs with different --out",
                )
            found[one.name] = one
    if len(found) > 1 and (reading.psf or reading.primary_beam):
        raise DeepFocusError(
            f"--psf or --pb with {len(found)} cubes",
            wanted="one cube, to which they belong",
            remedy="search the cubes one by one, or rename the files as CASA does",
        )
    return list(found.values())


def _of_store(path: Path, reading: Reading) -> Iterator[StoredInput]:
    from deepfocus.io.set_store import open_store

    store = open_store(path)
    if store.attributes["cubes"] == "none":
        raise DeepFocusError(
            f"{path} contains no cubes",
            wanted="a set with its cubes",
            remedy="simulate a set with such cubes, not with --cubes none",
        )
    for seed, digest in sorted(store.finished().items()):
        yield StoredInput(path, seed, digest.hex(), reading)
