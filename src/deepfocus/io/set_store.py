"""A simulated set in one Zarr store: one row per seed, written by many workers at once.

The first axis of each array is the seed. Arrays of sources have the source as their second axis;
entries beyond a cube's sources contain the fill value, and `sources` counts the true ones. A row's
digest, in `sha256`, is written last, so a seed with a digest is finished even if the process died
while writing the next one. No two seeds share a file.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import OLD_S, room_needed, sweep_temporary

FORMAT = "deepfocus set 1"
SOURCES_A_CHUNK = 8
CHUNK_BYTES = 16 * 2**20
SEED, SOURCES, DIGEST = "seed", "sources", "sha256"
DAMAGE = (RuntimeError, ValueError, KeyError, OSError)
"""What Zarr raises if files are damaged or missing; RuntimeError comes from Blosc."""
NO_SEED = -1
"""Seed of a row that was added but got no seed, because the process was killed in between."""


@dataclass(frozen=True)
class Record:
    """Everything that is stored for one seed.

    of_cube : arrays of any shape, one of each per cube
    of_sources : arrays of one length, whose first axis is the cube's sources
    """

    of_cube: NamedArrays
    of_sources: NamedArrays

    @property
    def sources(self) -> int:
        lengths = {len(values) for values in self.of_sources.values()}
        if len(lengths) > 1:
            raise ValueError(f"arrays of {sorted(lengths)} sources in one record")
        return lengths.pop() if lengths else 0

    def digest(self) -> bytes:
        """SHA-256 of names, types, shapes and bytes of all arrays."""
        total = hashlib.sha256()
        for name, values in sorted({**self.of_cube, **self.of_sources}.items()):
            plain = np.ascontiguousarray(values)
            total.update(f"{name} {plain.dtype.str} {plain.shape} ".encode())
            total.update(plain.reshape(-1).view(np.uint8).data)
        return total.digest()


@dataclass(frozen=True, eq=False)
class SetStore:
    """An open store. Opening is cheap, so every worker opens its own."""

    path: Path
    group: Any

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The set's provenance and layout, as plain values."""
        return dict(self.group.attrs)

    @cached_property
    def _rows(self) -> dict[int, int]:
        with _readable(self.path / SEED):
            seeds = self.group[SEED][:]
        return {int(seed): row for row, seed in enumerate(seeds) if seed != NO_SEED}

    @property
    def seeds(self) -> list[int]:
        """Seeds that have a row, in the order of the requests."""
        return list(self._rows)

    def row_of(self, seed: int) -> int:
        """Row of a seed. Raises `DeepFocusError` if the store does not have it."""
        if seed not in self._rows:
            raise DeepFocusError(
                f"{self.path} has no seed {seed}",
                wanted=f"one of its {len(self._rows)} seeds",
                remedy="see the store's array 'seed'",
            )
        return self._rows[seed]

    @property
    def source_rows(self) -> int:
        """Number of sources per cube for which there is room."""
        return int(self.group.attrs["source_rows"])

    def array(self, name: str) -> Any:
        """One Zarr array, for slicing."""
        return self.group[name]

    def finished(self) -> dict[int, bytes]:
        """Seed -> digest of every finished row."""
        digests = self._digests()
        return {
            seed: digests[row] for seed, row in self._rows.items() if any(digests.get(row, b""))
        }

    def _digests(self) -> dict[int, bytes]:
        """Row -> digest, of rows whose digest can be read."""
        array, written = self.group[DIGEST], self._rows_with(DIGEST)
        # an unwritten row has no file, and asking for 100,000 of them takes 20 s
        if 2 * len(written) > array.shape[0]:
            with suppress(*DAMAGE):
                return dict(enumerate(map(bytes, array[:])))
        digests = {}
        for row in written:
            with suppress(*DAMAGE):  # the row then counts as unfinished and is made again
                digests[row] = bytes(array[row])
        return digests

    def _rows_with(self, name: str) -> list[int]:
        """Rows of an array that have a file."""
        try:
            with os.scandir(self.path / name / "c") as entries:
                rows = sorted(int(entry.name) for entry in entries if entry.name.isdecimal())
        except FileNotFoundError:  # no row is written yet
            return []
        return [row for row in rows if row < self.group[name].shape[0]]

    def content_hash(self) -> str:
        """SHA-256 of the finished seeds and their digests, independent of their order."""
        total = hashlib.sha256()
        for seed, digest in sorted(self.finished().items()):
            total.update(f"{seed} {digest.hex()}\n".encode())
        return total.hexdigest()

    def write(self, seed: int, record: Record) -> None:
        """Write a row, its digest last. The row must have room for the record's sources."""
        row, count = self.row_of(seed), record.sources
        with room_needed(self.path):
            self.group[DIGEST][row] = 0
            for name, values in record.of_cube.items():
                self.group[name][row] = values
            for name, values in record.of_sources.items():
                array = self.group[name]
                # whole rows: Zarr would merge a part with the existing data, which may be damaged
                padded = np.full(array.shape[1:], array.fill_value, array.dtype)
                padded[:count] = values
                array[row] = padded
            self.group[SOURCES][row] = count
            self.group[DIGEST][row] = np.frombuffer(record.digest(), np.uint8)

    def read(self, seed: int) -> Record:
        """The record of a seed. Raises `DeepFocusError` if it cannot be read."""
        row = self.row_of(seed)
        of_cube, of_sources = (self.group.attrs[kind] for kind in ("of_cube", "of_sources"))
        with _readable(self.path):
            count = int(self.group[SOURCES][row])
            return Record(
                of_cube={name: np.asarray(self.group[name][row]) for name in of_cube},
                of_sources={name: self.group[name][row, :count] for name in of_sources},
            )

    def holds(self, common: NamedArrays) -> bool:
        """Whether the arrays that all seeds share equal these."""
        with suppress(DeepFocusError), _readable(self.path):
            return all(np.array_equal(self.group[name][:], common[name]) for name in common)
        return False

    def extend(self, seeds: Sequence[int]) -> SetStore:
        """The store with rows for these seeds too; existing seeds keep their rows."""
        if all(seed in self._rows for seed in seeds):
            return self
        with _alone(self.path), room_needed(self.path):
            now = open_store(self.path, "r+")  # another process may have extended it
            new = [seed for seed in seeds if seed not in now._rows]
            before = now.group[SEED].shape[0]
            arrays = (*now.group.attrs["of_cube"], *now.group.attrs["of_sources"], SOURCES, DIGEST)
            for name in (*arrays, SEED):
                _resize(now.group[name], 0, before + len(new))
            # seeds are written last: only rows that have one count
            now.group[SEED][before:] = new
        return open_store(self.path, "r+")

    def make_room(self, sources: int) -> SetStore:
        """The store with room for that many sources per cube; nothing is rewritten."""
        rows = -(-sources // SOURCES_A_CHUNK) * SOURCES_A_CHUNK
        if rows <= self.source_rows:
            return self
        with _alone(self.path), room_needed(self.path):
            now = open_store(self.path, "r+")
            if rows > now.source_rows:
                for name in now.group.attrs["of_sources"]:
                    _resize(now.group[name], 1, rows)
                now.group.attrs["source_rows"] = rows
        return open_store(self.path, "r+")


def open_store(path: Path, mode: str = "r") -> SetStore:
    """Open a store, "r" to read, "r+" to write.

    Raises `DeepFocusError` if there is none, or if zarr is not installed.
    """
    zarr, path = _zarr(), Path(path)
    try:
        group = zarr.open_group(path, mode=mode)
        known = group.attrs.get("format") == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise DeepFocusError(
            f"{path} is not a set that deepfocus wrote",
            wanted=f"a Zarr store of format '{FORMAT}'",
            remedy="make one with: deepfocus simulate SET.toml --out NAME.zarr",
        )
    return SetStore(path, group)


def create_store(
    path: Path, example: Record, *, common: NamedArrays, attributes: Mapping[str, Any]
) -> SetStore:
    """Create an empty store whose rows have the layout of `example`.

    common : arrays that all seeds share, such as the dirty beam; written immediately
    attributes : provenance, in JSON types; the attributes of the format are added
    """
    zarr, path = _zarr(), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with room_needed(path), _scratch(path) as aside:
        _fill(zarr.open_group(aside, mode="w-"), example, common, attributes)
        try:
            aside.rename(path)
        except OSError as error:
            # another process was faster, and its store is used
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    return open_store(path, "r+")


@contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """A path of the same name in a hidden folder next to `path`, which is removed at the end."""
    folder = Path(mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield folder / path.name
    finally:
        # after an interrupt, Zarr's threads may still write for a moment
        for _ in range(50):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.1)


def _fill(group: Any, example: Record, common: NamedArrays, attributes: Mapping[str, Any]) -> None:
    """Create the arrays, without rows, and the attributes that describe them."""
    for name, values in common.items():
        group.create_array(name, data=np.ascontiguousarray(values), compressors=_compressor())
    for name, values in example.of_cube.items():
        values = np.asarray(values)
        _create(group, name, shape=values.shape, dtype=values.dtype, chunk=_chunk(values))
    for name, values in example.of_sources.items():
        inner = values.shape[1:]
        _create(
            group,
            name,
            shape=(SOURCES_A_CHUNK, *inner),
            dtype=values.dtype,
            chunk=(SOURCES_A_CHUNK, *inner),
        )
    _create(group, SOURCES, shape=(), dtype=np.dtype("i4"), chunk=())
    _create(group, DIGEST, shape=(32,), dtype=np.dtype("u1"), chunk=(32,))
    group.create_array(SEED, shape=(0,), dtype="i8", chunks=(4096,), fill_value=NO_SEED)
    group.attrs.update(
        {
            **attributes,
            "of_cube": list(example.of_cube),
            "of_sources": list(example.of_sources),
            "source_rows": SOURCES_A_CHUNK,
            "format": FORMAT,
        }
    )


def sweep(path: Path) -> None:
    """Remove what killed writers left behind, in the store and next to it."""
    path = Path(path)
    sweep_temporary(path, "*.partial")
    for folder in path.absolute().parent.glob(f".{glob.escape(path.name)}.*"):
        with suppress(OSError):
            if folder.is_dir() and folder.stat().st_mtime < time.time() - OLD_S:
                shutil.rmtree(folder)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn errors about damaged or missing files into a `DeepFocusError`."""
    try:
        yield
    except DAMAGE as error:
        raise DeepFocusError(
            f"cannot read {path}: {error}",
            wanted="files as they were written",
            remedy="restore it from a copy, or make the set again under another name",
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from resizing the store meanwhile, if the file system can lock."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    # lock the folder itself: a lock file in it would not belong in a Zarr hierarchy
    lock = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def disk_bytes(path: Path) -> int:
    """Total size of a store's files."""
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


def _create(
    group: Any, name: str, *, shape: tuple[int, ...], dtype: np.dtype, chunk: tuple[int, ...]
) -> None:
    """Create an array with no rows yet; a row is one file, however many chunks it has."""
    split = tuple(-(-whole // part) * part for whole, part in zip(shape, chunk, strict=True))
    group.create_array(
        name,
        shape=(0, *shape),
        dtype=dtype,
        chunks=(1, *chunk),
        shards=(1, *split) if split != chunk else None,
        compressors=_compressor(),
        fill_value=np.nan if dtype.kind == "f" else 0,
    )


def _chunk(values: np.ndarray) -> tuple[int, ...]:
    """As many whole planes as fit in `CHUNK_BYTES`."""
    if values.ndim < 3:
        return values.shape
    planes = max(1, min(len(values), CHUNK_BYTES // max(1, values[0].nbytes)))
    return planes, *values.shape[1:]


def _compressor() -> Any:
    from zarr.codecs import BloscCodec

    return [BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")]


def _resize(array: Any, axis: int, length: int) -> None:
    if array.shape[axis] < length:
        array.resize((*array.shape[:axis], length, *array.shape[axis + 1 :]))


def _zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise DeepFocusError(
            "zarr is not installed",
            wanted="the package that reads and writes .zarr stores",
            remedy='pip install "deepfocus-alma[store]", or write FITS files into a folder',
        ) from None
    return zarr
