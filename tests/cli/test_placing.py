"""Finished files are moved all or none, and the one that marks them is never there without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.cli.placing import place

NAMES = ("first", "second", "mark")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Files that were made, and a folder with those of before."""
    made, out = tmp_path / "made", tmp_path / "out"
    for folder in (made, out):
        folder.mkdir()
        for name in NAMES:
            (folder / name).write_text(folder.name)
    (out / "stale").write_text("out")
    return made, out


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_what_was_there_is_replaced_and_what_is_stale_goes(folders: tuple[Path, Path]) -> None:
    made, out = folders
    place(made, out, NAMES, ["stale", "never there"])
    assert texts(out) == dict.fromkeys(NAMES, "made")


@pytest.mark.parametrize("fails_at", range(7))
def test_on_an_error_all_is_as_before(
    folders: tuple[Path, Path], fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, out = folders
    before, moved, original = texts(out), 0, Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal moved
        moved += 1
        if moved == fails_at + 1:
            raise OSError("no")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="no"):
        place(made, out, NAMES, ["stale"])
    assert texts(out) == before


def test_no_mark_while_files_are_moved(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, out = folders
    seen: list[dict[str, str]] = []
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        seen.append(texts(out))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    place(made, out, NAMES)
    # where a kill may leave it: as it was, or without the mark
    assert all("mark" not in each for each in seen[1:])
