"""A hash of content: what changes it, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.io import content_hash as hashing
from deepfocus.io.content_hash import content_hash, content_line


@pytest.fixture(params=[1 << 31, 1000], ids=["small", "large"])
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as small or as large."""
    monkeypatch.setattr(hashing, "LARGE_BYTES", request.param)
    monkeypatch.setattr(hashing, "AT_ONCE", 512)
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


def test_a_copy_is_the_same(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b"
    copy.write_bytes(file.read_bytes())
    assert content_hash([file]) == content_hash([copy]) != ""


@pytest.mark.parametrize("change", ["longer", "shorter", "first", "last", "all"])
def test_changes_are_seen(file: Path, change: str) -> None:
    before, content = content_hash([file]), bytearray(file.read_bytes())
    match change:
        case "longer":
            content += b"\0"
        case "shorter":
            del content[-1]
        case "first":
            content[0] ^= 1
        case "last":
            content[-1] ^= 1
        case _:
            content = bytearray(each ^ 1 for each in content)
    file.write_bytes(content)
    assert content_hash([file]) != before


def test_a_file_that_is_gone_has_none(tmp_path: Path) -> None:
    assert content_hash([tmp_path / "none"]) == ""


def test_the_line_says_whether_all_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "LARGE_BYTES", 1000)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(1000))
    large.write_bytes(bytes(1001))
    assert content_line([small]) == f"content: {content_hash([small])}"
    for files in ([large], [small, large]):
        assert content_line(files) == f"content of parts: {content_hash(files)}"
    assert content_line([tmp_path / "none"]) == "content: "
