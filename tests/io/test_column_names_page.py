"""docs/column-names.md states the columns that the code maps, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepfocus.core.catalogue import BASE_COLUMNS, NAMES
from deepfocus.io.foreign.formats import FORMATS, Format
from deepfocus.io.foreign.links import Link, names_there

PAGE = Path(__file__).parents[2] / "docs" / "column-names.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.compile(r"^```python\n(.+?)^```", re.MULTILINE | re.DOTALL)


def cell(form: Format, ours: str) -> str:
    """What a program calls a column, and its error behind it."""
    names, errors = names_there(form.links, ours), names_there(form.links, f"{ours}_err")
    said = [", ".join(f"`{name}`" for name in each) for each in (names, errors) if each]
    return " ± ".join(said)


def names_table() -> list[str]:
    heads = ["column", "unit", *(form.program for form in FORMATS.values())]
    rows = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for column in BASE_COLUMNS:
        cells = [cell(form, column.name) for form in FORMATS.values()]
        if any(cells):
            name = f"`{column.name}`" + (" ±" if column.measured else "")
            rows.append(f"| {name} | {column.unit or ''} | {' | '.join(cells)} |")
    return rows


def links_table(name: str) -> list[str]:
    """A program's own columns."""
    rows = ["| there | unit there | here | |", "|---|---|---|---|"]
    merged: dict[tuple[str, str, str], list[str]] = {}
    for link in FORMATS[name].links:
        merged.setdefault((link.theirs, link.unit, link.said), []).append(link.ours)
    for (theirs, unit, said), ours in merged.items():
        in_words = "as its header says" if unit == "header" else unit
        here = ", ".join(f"`{each}`" for each in ours)
        rows.append(f"| `{theirs}` | {in_words} | {here} | {said} |")
    return rows


def all_tables() -> list[list[str]]:
    return [names_table(), *(links_table(name) for name in FORMATS)]


@pytest.mark.parametrize("table", all_tables(), ids=["all", *FORMATS])
def test_the_page_states_the_tables_of_the_code(table: list[str]) -> None:
    lines = TEXT.splitlines()
    expected = "\n".join(table)
    assert expected in TEXT, f"docs/column-names.md should have:\n{expected}"
    start = next(at for at in range(len(lines)) if lines[at : at + len(table)] == table)
    assert not "".join(lines[start + len(table) : start + len(table) + 1]), "a row too many"


@pytest.mark.parametrize("name", FORMATS)
def test_every_link_leads_to_a_column(name: str) -> None:
    links: tuple[Link, ...] = FORMATS[name].links
    assert {link.ours for link in links} <= set(NAMES)
    assert f'format="{name}"' in TEXT


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in CODE.findall(TEXT):
        if 'format="casa"' in block:
            pytest.importorskip("casacore", reason="component lists need python-casacore")
        exec(compile(block, str(PAGE), "exec"), names)
