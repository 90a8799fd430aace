"""Tables in plain text: columns apart by blanks, their names in a line that begins with '#'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class TextTable:
    """The cells of a table.

    names : of its columns
    cells : (row, column) texts
    head : the lines of its comments, without their '#'
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    head: tuple[str, ...]

    def texts(self, name: str) -> list[str]:
        """The cells of a column."""
        number = self.names.index(name)
        return [row[number] for row in self.cells]


def read_text_table(
    path: Path, *, of: str, names_in: Callable[[list[str]], bool], separators: str = " "
) -> TextTable:
    """Read a table in text.

    of : the program, for errors
    names_in : tells from its words whether a line of comment has the names of the columns
    separators : characters that count as blanks

    Raises `DeepFocusError` if it cannot be read, names no columns, or has a row of other length.
    """
    blanks = str.maketrans(dict.fromkeys(separators, " "))
    lines = text_of(path, of=of).splitlines()
    head = tuple(line.lstrip()[1:] for line in lines if line.lstrip().startswith("#"))
    named = [words for line in head if names_in(words := line.translate(blanks).split())]
    if not named:
        raise no_list(path, of, "no line that begins with '#' names its columns")
    names = tuple(named[0])
    cells = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = tuple(line.translate(blanks).split())
        if len(row) != len(names):
            raise no_list(path, of, f"line {number} has {len(row)} columns, not {len(names)}")
        cells.append(row)
    return TextTable(names, tuple(cells), head)


def text_of(path: Path, *, of: str) -> str:
    """The text of a file. Raises `DeepFocusError` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise no_list(path, of, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise no_list(path, of, "it is no text") from error


def numbers_in(table: TextTable, name: str, *, path: Path, of: str) -> np.ndarray:
    """(row,) numbers of a column; NaN if there is no such column. Raises `DeepFocusError`."""
    if name not in table.names:
        return np.full(len(table.cells), np.nan)
    try:
        return np.array(table.texts(name), float)
    except ValueError as error:
        raise no_list(path, of, f"column '{name}' has other than numbers: {error}") from error


def no_list(path: Path, of: str, why: str) -> DeepFocusError:
    """The error for a file that is no list of a program."""
    return DeepFocusError(
        f"{path} cannot be read as a list of {of}: {why}",
        wanted=f"a file that {of} wrote",
        remedy="check its path, and the format that you gave",
    )
