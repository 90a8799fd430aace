"""Results of long steps, kept in files for a run that is started again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.steps import KeptIn, MadeAnew

MADE: NamedArrays = {
    "peaks": np.empty((0, 9)),
    "map": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "blank": np.array([[True, False]]),
    "step": np.array(3),
}


class Counted:
    """Makes the arrays, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> NamedArrays:
        self.times += 1
        return MADE


def same(found: NamedArrays) -> bool:
    return found.keys() == MADE.keys() and all(
        found[name].dtype == each.dtype and np.array_equal(found[name], each)
        for name, each in MADE.items()
    )


def test_a_step_is_made_once(tmp_path: Path) -> None:
    make, folder = Counted(), tmp_path / "steps"
    for _ in range(3):
        assert same(KeptIn(folder).once("search-1", make))
    assert make.times == 1
    assert [each.name for each in folder.iterdir()] == ["search-1.npz"]


def test_steps_of_other_names_are_others(tmp_path: Path) -> None:
    make = Counted()
    KeptIn(tmp_path).once("search-1", make)
    KeptIn(tmp_path).once("search-2", make)
    assert make.times == 2


def test_nothing_is_kept_unless_asked_for() -> None:
    make = Counted()
    for _ in range(2):
        assert same(MadeAnew().once("search-1", make))
    assert make.times == 2


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), 7):
        data[at] ^= 0xFF
    path.write_bytes(bytes(data))


def of_an_object(path: Path) -> None:
    """What would run code of its own when it is read."""
    np.savez(path, peaks=np.array([{1: 2}], dtype=object))


@pytest.mark.parametrize("spoil", [cut, emptied, overwritten, of_an_object])
def test_a_file_that_is_damaged_is_made_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    make = Counted()
    KeptIn(tmp_path).once("search-1", make)
    spoil(tmp_path / "search-1.npz")
    assert same(KeptIn(tmp_path).once("search-1", make))
    assert make.times == 2
    assert same(KeptIn(tmp_path).once("search-1", make))
    assert make.times == 2


def test_a_step_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> NamedArrays:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        KeptIn(tmp_path / "steps").once("search-1", fail)
    assert not (tmp_path / "steps").exists()
