"""The site of the docs has every page and every public name. `make docs` builds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import deepfocus as df

DOCS = Path(__file__).parents[1] / "docs"
API = (DOCS / "api" / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", df.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert re.search(rf"auto\w+:: (?:[\w.]+\.)?{name}$", API, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in dir(df.finders) if name[0].isupper()])
def test_every_finder_is_described(name: str) -> None:
    assert f".{name}\n" in API


def test_every_page_is_in_the_contents() -> None:
    contents = (DOCS / "contents.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^(?:.*<)?([\w/-]+)>?$", contents, re.MULTILINE))
    pages = {path.stem for path in DOCS.glob("*.md")} - {"contents"}
    assert pages <= listed
    assert "api/index" in listed
