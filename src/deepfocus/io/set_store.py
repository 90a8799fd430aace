"""A simulated set in one Zarr store: one row a seed, written by many workers at once.

Arrays of a cube have the seed as their first axis. Arrays of sources have the seed first and the
source second; rows beyond a cube's sources hold the fill value, and `sources` counts the true
ones. A row's digest, in `sha256`, is written last: a seed with a digest is finished, whatever
happened to the process that was writing the next one. No two seeds share a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import sweep_temporary

Arrays = Mapping[str, np.ndarray]

FORMAT = "deepfocus set 1"
SOURCES_A_CHUNK = 8
CHUNK_BYTES = 16 * 2**20
SEED, SOURCES, DIGEST = "seed", "sources", "sha256"
NO_SEED = -1
"""In a row that was made but never given a seed: the process was killed between the two."""


@dataclass(frozen=True)
class Record:
    """All that is kept of one seed.

    of_cube : arrays of any shape, one of each a cube
    of_sources : arrays whose first axis counts the cube's sources; all of the same length
    """

    of_cube: Arrays
    of_sources: Arrays

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
    """An open store. Opening is cheap; every worker opens it for itself."""

    path: Path
    group: Any

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What the set was made of, as plain values."""
        return dict(self.group.attrs)

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {int(seed): row for row, seed in enumerate(self.group[SEED][:]) if seed != NO_SEED}

    @property
    def seeds(self) -> list[int]:
        """Seeds that have a row, in the order in which they were asked for."""
        return list(self._rows)

    def row_of(self, seed: int) -> int:
        """Row of a seed. Raises `DeepFocusError` where the store does not have it."""
        if seed not in self._rows:
            raise DeepFocusError(
                f"{self.path} has no seed {seed}",
                wanted=f"one of its {len(self._rows)} seeds",
                remedy="see the store's array 'seed'",
            )
        return self._rows[seed]

    @property
    def source_rows(self) -> int:
        """Sources a cube for which there is room."""
        return int(self.group.attrs["source_rows"])

    def array(self, name: str) -> Any:
        """One Zarr array, for slicing."""
        return self.group[name]

    def finished(self) -> dict[int, bytes]:
        """Seed -> digest of every finished row."""
        digests = self.group[DIGEST][:]
        return {seed: bytes(digests[row]) for seed, row in self._rows.items() if digests[row].any()}

    def content_hash(self) -> str:
        """SHA-256 over the finished seeds and their digests, whatever their order."""
        total = hashlib.sha256()
        for seed, digest in sorted(self.finished().items()):
            total.update(f"{seed} {digest.hex()}\n".encode())
        return total.hexdigest()

    def write(self, seed: int, record: Record) -> None:
        """Write a row, its digest last. The row must have room for the record's sources."""
        row, count = self.row_of(seed), record.sources
        self.group[DIGEST][row] = 0
        for name, values in record.of_cube.items():
            self.group[name][row] = values
        for name, values in record.of_sources.items():
            if count:
                self.group[name][row, :count] = values
        self.group[SOURCES][row] = count
        self.group[DIGEST][row] = np.frombuffer(record.digest(), np.uint8)

    def read(self, seed: int) -> Record:
        """What was written of a seed."""
        row = self.row_of(seed)
        count = int(self.group[SOURCES][row])
        of_cube, of_sources = (self.group.attrs[kind] for kind in ("of_cube", "of_sources"))
        return Record(
            of_cube={name: np.asarray(self.group[name][row]) for name in of_cube},
            of_sources={name: self.group[name][row, :count] for name in of_sources},
        )

    def extend(self, seeds: Sequence[int]) -> SetStore:
        """The store with rows for these seeds too; those it has keep theirs."""
        new = [seed for seed in seeds if seed not in self._rows]
        if not new:
            return self
        before = self.group[SEED].shape[0]
        arrays = (*self.group.attrs["of_cube"], *self.group.attrs["of_sources"], SOURCES, DIGEST)
        for name in (*arrays, SEED):
            _resize(self.group[name], 0, before + len(new))
        # the seeds come last: only rows that have one count
        self.group[SEED][before:] = new
        return SetStore(self.path, self.group)

    def make_room(self, sources: int) -> None:
        """Room for that many sources a cube: nothing is written anew."""
        rows = -(-sources // SOURCES_A_CHUNK) * SOURCES_A_CHUNK
        if rows <= self.source_rows:
            return
        for name in self.group.attrs["of_sources"]:
            _resize(self.group[name], 1, rows)
        self.group.attrs["source_rows"] = rows


def open_store(path: Path, mode: str = "r") -> SetStore:
    """Open a store, "r" to read, "r+" to write.

    Raises `DeepFocusError` where there is none, or zarr is not installed.
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
    path: Path, example: Record, *, common: Arrays, attributes: Mapping[str, Any]
) -> SetStore:
    """An empty store whose rows look like `example`.

    common : arrays that all seeds share, such as the dirty beam; written at once
    attributes : provenance, as JSON can say it; those that name the format are added
    """
    zarr, path = _zarr(), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        aside = Path(scratch) / path.name
        _fill(zarr.open_group(aside, mode="w-"), example, common, attributes)
        aside.rename(path)
    return open_store(path, "r+")


def _fill(group: Any, example: Record, common: Arrays, attributes: Mapping[str, Any]) -> None:
    """Arrays without rows, and the attributes that say what they are."""
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
    """Remove what killed writers left behind."""
    sweep_temporary(Path(path), "*.partial")


def disk_bytes(path: Path) -> int:
    """Size of all files of a store."""
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


def _create(
    group: Any, name: str, *, shape: tuple[int, ...], dtype: np.dtype, chunk: tuple[int, ...]
) -> None:
    """An array with no rows yet; a row is one file, however many chunks it has."""
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
    """Whole planes, as many as make up `CHUNK_BYTES`."""
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
