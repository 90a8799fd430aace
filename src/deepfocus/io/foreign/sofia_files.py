"""SoFiA-2's two forms of a catalogue, XML and plain text: numbers by column, and their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from deepfocus.core.sofia_table import SofiaTable, read_xml
from deepfocus.io.foreign.texts import no_list, text_of

SOFIA = "SoFiA-2"
XML = (".xml", ".vot")
WHOLE = ("id", "x_min", "x_max", "y_min", "y_max", "z_min", "z_max", "flag")
"""Columns of whole numbers."""
WIDTH = 26
"""Of a column in text: the longest number has 24 characters."""


@dataclass(frozen=True)
class Cells:
    """A catalogue as texts: names and units of the columns, `id` first, and (row, column) cells."""

    names: Sequence[str]
    units: Sequence[str]
    rows: Sequence[Sequence[str]]


def read_table(path: Path) -> SofiaTable:
    """Read the catalogue, XML or text by its suffix. Raises `DeepFocusError` if it is none."""
    return _read_xml(path) if path.suffix.lower() in XML else _read_text(path)


def write_table(cells: Cells, path: Path) -> None:
    """Write the catalogue, XML or text by its suffix."""
    text = _xml_of if path.suffix.lower() in XML else _text_of
    path.write_text(text(cells), encoding="utf-8")


def _read_xml(path: Path) -> SofiaTable:
    text_of(path, of=SOFIA)
    try:
        return read_xml(path)
    except (ElementTree.ParseError, KeyError, IndexError, ValueError, TypeError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise no_list(path, SOFIA, why) from error


def _read_text(path: Path) -> SofiaTable:
    """Cells are flush right; a name of a source may have blanks in it, and units may be missing."""
    lines = text_of(path, of=SOFIA).splitlines()
    heads = [
        number
        for number, line in enumerate(lines)
        if line.startswith("#") and {"x", "y", "z"} <= set(line[1:].split())
    ]
    if not heads:
        raise no_list(path, SOFIA, "no line that begins with '#' names its columns")
    named = lines[heads[0]]
    ends: list[int] = []
    names = named[1:].split()
    for name in names:
        start = named.index(f" {name}", ends[-1] if ends else 0)
        ends.append(start + 1 + len(name))
    below = lines[heads[0] + 1].ljust(ends[-1]) if heads[0] + 1 < len(lines) else ""
    cells = [below[start:end].strip(" -#") for start, end in zip([0, *ends], ends, strict=False)]
    numeric = names[1:] if names[0] == "name" else names
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()[-len(numeric) :]
        if len(words) != len(numeric):
            raise no_list(path, SOFIA, f"line {number} has {len(words)} of {len(numeric)} numbers")
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise no_list(path, SOFIA, f"line {number}: {error}") from error
    array = np.array(rows, float).reshape(len(rows), len(numeric))
    return SofiaTable(
        {name: array[:, index] for index, name in enumerate(numeric)},
        dict(zip(names, cells, strict=True)),
    )


def _text_of(cells: Cells) -> str:
    """Column number, name and unit above the numbers, all flush right."""
    numbers = [str(number) for number in range(2, len(cells.names) + 2)]
    lines = (
        *("# SoFiA source catalogue", "# Creator: DeepFocus", "#", "# Header rows:"),
        *("#   1 = column number", "#   2 = parameter name", "#   3 = parameter unit", "#"),
        "#" + _flush_right("1", numbers),
        "#" + _flush_right("name", cells.names),
        "#" + _flush_right("-", [unit or "-" for unit in cells.units]),
        "",
        *(" " + _flush_right(f'"{_name(row[0])}"', row) for row in cells.rows),
    )
    return "\n".join(lines) + "\n"


def _flush_right(first: str, cells: Sequence[str]) -> str:
    return first.rjust(2 * WIDTH) + "".join(cell.rjust(WIDTH) for cell in cells)


def _xml_of(cells: Cells) -> str:
    fields = "".join(
        f'<FIELD datatype="{"long" if name in WHOLE else "double"}" name="{name}" unit="{unit}"/>\n'
        for name, unit in zip(cells.names, cells.units, strict=True)
    )
    rows = "".join(
        "<TR>" + "".join(f"<TD>{cell}</TD>" for cell in (_name(row[0]), *row)) + "</TR>\n"
        for row in cells.rows
    )
    return (
        '<?xml version="1.0" ?>\n'
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE>\n'
        "<DESCRIPTION>Source catalogue of DeepFocus, with the columns of SoFiA-2</DESCRIPTION>\n"
        '<TABLE ID="SoFiA_source_catalogue" name="SoFiA source catalogue">\n'
        '<FIELD arraysize="32" datatype="char" name="name" unit="" ucd="meta.id"/>\n'
        f"{fields}<DATA>\n<TABLEDATA>\n{rows}</TABLEDATA>\n</DATA>\n"
        "</TABLE>\n</RESOURCE>\n</VOTABLE>\n"
    )


def _name(identity: str) -> str:
    return f"DeepFocus-{int(identity):04d}"
