"""Files are written whole or not at all, and errors name the obstacle."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file


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
