"""Files are written whole or not at all, and errors name the obstacle."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file, whole_folder, writing


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="it is a folder"), whole_file(tmp_path):
        raise AssertionError("not reached")
    assert not list(tmp_path.parent.glob(f".{tmp_path.name}*"))


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fill() -> None:
        with whole_file(target) as temporary:
            temporary.write_text("ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DeepFocusError, match="No space"):
        fill()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"


@pytest.mark.parametrize("letter", ["x", "星"])
def test_a_name_as_long_as_names_can_be(tmp_path: Path, letter: str) -> None:
    room = (255 - len(".txt")) // len(os.fsencode(letter))
    target = tmp_path / f"{letter * room}.txt"
    with whole_file(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    with (
        pytest.raises(DeepFocusError, match="File name too long"),
        whole_file(tmp_path / f"{letter * 256}.txt"),
    ):
        raise AssertionError("not reached")


def test_a_full_disk_that_a_library_says_in_its_own_words(tmp_path: Path) -> None:
    def fill() -> None:
        with whole_file(tmp_path / "a.txt"):
            try:
                raise OSError(errno.ENOSPC, "No space left on device")
            except OSError as error:
                raise OSError("it did not work") from error

    with pytest.raises(DeepFocusError, match=r"a\.txt: No space left on device; wanted room"):
        fill()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_whatever_the_system_says_is_passed_on(number: int) -> None:
    with pytest.raises(DeepFocusError, match=os.strerror(number)), writing(Path("a")):
        raise OSError(number, os.strerror(number))


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "new" / "a.cl") as aside:
        aside.mkdir()
        (aside / "table.dat").write_text("all of it")
        assert not (tmp_path / "new" / "a.cl").exists()
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["a.cl"]
    with (
        pytest.raises(DeepFocusError, match="it exists already"),
        whole_folder(tmp_path / "new" / "a.cl"),
    ):
        pass
    assert (tmp_path / "new" / "a.cl" / "table.dat").read_text() == "all of it"


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_folder(tmp_path / "a.cl") as aside:
            aside.mkdir()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert not list(tmp_path.iterdir())
