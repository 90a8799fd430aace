"""A workspace on disk gives what one in memory gives, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfocus.core import workspace
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import channel_blocks, slices_of
from deepfocus.core.workspace import InMemory, OnDisk

SHAPE = (150, 40, 70)


def cube() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)


@st.composite
def keys(draw: st.DrawFn) -> tuple[int | slice, ...]:
    """Integers and slices as numpy takes them, some outside and some empty."""
    key: list[int | slice] = []
    for n in SHAPE[: draw(st.integers(1, 3))]:
        if draw(st.booleans()):
            key.append(draw(st.integers(-n, n - 1)))
        else:
            ends = st.none() | st.integers(-n - 5, n + 5)
            key.append(slice(draw(ends), draw(ends), draw(st.none() | st.integers(1, 40))))
    return tuple(key)


@given(key=keys())
def test_slices_are_those_of_numpy(key: tuple[int | slice, ...]) -> None:
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    parts, integers = slices_of(key, SHAPE)
    block = values[parts]
    np.testing.assert_array_equal(
        block[tuple(0 if i in integers else slice(None) for i in range(3))], values[key]
    )


@pytest.mark.parametrize("key", [150, (0, -41), (0, 0, 0, 0), "a", slice(None, None, -1)])
def test_other_indices_are_refused(tmp_path: Path, key: object) -> None:
    with pytest.raises(IndexError):
        OnDisk(tmp_path, 1000).copy(cube())[key]


@given(key=keys())
@settings(max_examples=50)
def test_spectra_on_disk_are_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, key: tuple[int | slice, ...]
) -> None:
    given_values = cube()
    given_values[64:96, :32, :32] = 0.0  # a chunk that is not written
    spectra = OnDisk(tmp_path_factory.mktemp("scratch"), 1000).spectra(SHAPE, 32)
    for block in channel_blocks(SHAPE, 70 * SHAPE[1] * SHAPE[2], multiple=32):
        spectra[block] = given_values[block]
    np.testing.assert_array_equal(spectra[key], given_values[key])


@given(read=keys(), written=st.lists(keys(), max_size=4))
@settings(max_examples=50)
def test_a_copy_on_disk_changes_as_one_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    read: tuple[int | slice, ...],
    written: list[tuple[int | slice, ...]],
) -> None:
    original = cube()
    expected, copy = (
        place.copy(original)
        for place in (InMemory(), OnDisk(tmp_path_factory.mktemp("scratch"), 1000))
    )
    for i, key in enumerate(written):
        expected[key] = i * np.ones_like(expected[key])
        copy[key] = i * np.ones_like(copy[key])
        expected[key] += original[key]
        copy[key] += original[key]
    np.testing.assert_array_equal(copy[read], expected[read])
    np.testing.assert_array_equal(original, cube())


def test_planes_and_the_whole(tmp_path: Path) -> None:
    copy = OnDisk(tmp_path, 1000).copy(cube())
    np.testing.assert_array_equal(np.stack(list(copy)), cube())
    np.testing.assert_array_equal(np.asarray(copy), cube())
    assert len(copy) == SHAPE[0]


def test_what_is_not_changed_takes_no_room(tmp_path: Path) -> None:
    copy = OnDisk(tmp_path, 1000).copy(np.broadcast_to(np.float32(1), (500, 256, 256)))
    copy[7, 3:5, 100:110] = 2.0
    assert copy[7, 3, 100] == 2.0
    opened = Path("/proc/self/fd")
    if not opened.exists():
        pytest.skip("needs /proc, to see what a file without a name takes")
    mine = [each for each in opened.iterdir() if str(tmp_path) in _target(each)]
    assert mine
    assert all(os.fstat(int(each.name)).st_blocks * 512 < 1 << 20 for each in mine)
    assert copy[7, 4, 105] == 2.0
    assert copy[8, 4, 105] == 1.0


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # that of the listing itself
        return ""


def test_files_have_no_name(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, 1000)
    spectra, copy = place.spectra(SHAPE, 64), place.copy(cube())
    spectra[0:64] = cube()[0:64]
    copy[0] = 0.0
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="scratch"):
        OnDisk(tmp_path / "none", 1000).copy(cube())


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    copy = OnDisk(tmp_path, 1000).copy(cube())
    monkeypatch.setattr(workspace.os, "pwrite", full)
    with pytest.raises(DeepFocusError, match="room"):
        copy[0] = 1.0


@given(
    shape=st.tuples(st.integers(1, 300), st.integers(1, 20), st.integers(1, 20)),
    at_once=st.integers(1, 40_000),
    multiple=st.sampled_from([1, 64]),
)
def test_blocks_cover_all_channels_once(
    shape: tuple[int, int, int], at_once: int, multiple: int
) -> None:
    blocks = list(channel_blocks(shape, at_once, multiple=multiple))
    assert [k for block in blocks for k in range(block.start, block.stop)] == list(range(shape[0]))
    assert all(block.start % multiple == 0 for block in blocks)
    most = max(block.stop - block.start for block in blocks)
    assert most <= max(multiple, at_once // (shape[1] * shape[2]))
