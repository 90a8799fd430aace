"""A table with two faces: numbers for machines, as ECSV, and cells for people, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astropy.table import MaskedColumn, Table

from deepfocus import __version__
from deepfocus.core.files import whole_file
from deepfocus.evaluation.text_table import text_table

Row = Mapping[str, Any]
"""Numbers and texts of one row, by column of the machine-readable table."""


@dataclass(frozen=True)
class ReportTable:
    """name : of its files; shown : what each column for people shows of a row, by its heading

    units : of the columns for machines, where they have one
    """

    name: str
    title: str
    caption: str
    shown: Mapping[str, Callable[[Row], str]]
    rows: Sequence[Row]
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def header(self) -> tuple[str, ...]:
        """The headings for people."""
        return tuple(self.shown)

    @property
    def cells(self) -> list[list[str]]:
        """The cells for people."""
        return [[show(row) for show in self.shown.values()] for row in self.rows]

    def markdown(self) -> str:
        """Title, table and caption."""
        return f"## {self.title}\n\n{text_table(self.header, self.cells)}\n\n{self.caption}\n"

    def table(self) -> Table:
        """For machines."""
        names = tuple(dict.fromkeys(name for row in self.rows for name in row))
        units = {name: unit for name, unit in self.units.items() if name in names}
        table = Table({name: self._column(name) for name in names}, units=units)
        table.meta = {"title": self.title, "caption": self.caption, "version": __version__}
        return table

    def _column(self, name: str) -> list[Any] | MaskedColumn:
        """The values; where a row has none, nothing."""
        has = [name in row for row in self.rows]
        if all(has):
            return [row[name] for row in self.rows]
        filling = next(row[name] for row in self.rows if name in row)
        values = [row.get(name, filling) for row in self.rows]
        return MaskedColumn(values, mask=[not each for each in has])

    def write(self, folder: Path) -> None:
        """Write NAME.md and NAME.ecsv."""
        with whole_file(folder / f"{self.name}.md") as path:
            path.write_text(self.markdown(), encoding="utf-8")
        with whole_file(folder / f"{self.name}.ecsv") as path:
            self.table().write(path, format="ascii.ecsv", overwrite=True)
