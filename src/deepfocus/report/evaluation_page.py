"""The page of an evaluation: tables and figures of all sets, self-contained, opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from deepfocus import __version__
from deepfocus.core.catalogue import numbered
from deepfocus.evaluation.report_table import ReportTable

TEMPLATE = "evaluation.html.j2"
LONG = 60
"""Rows from which a table is folded."""


@dataclass(frozen=True)
class Picture:
    """A figure on the page. name : of its files; png : data URI"""

    name: str
    title: str
    png: str
    says: str
    paper: str = ""


@dataclass(frozen=True)
class SetSection:
    """All that the page has of one set.

    lead : how many cubes and sources; tables : by name, without that of the set
    of_paper, further : figures; provenance : what its cubes and finders are made with, as text
    """

    name: str
    lead: str
    notes: tuple[str, ...]
    tables: Sequence[ReportTable]
    of_paper: Sequence[Picture]
    further: Sequence[Picture]
    provenance: str

    def tables_of(self, *kinds: str) -> list[ReportTable]:
        """Those of these kinds that the set has, such as table-4."""
        named = {table.name.removeprefix(f"{self.name}."): table for table in self.tables}
        return [named[kind] for kind in kinds if kind in named]


def evaluation_page(standings: ReportTable, sections: Sequence[SetSection]) -> str:
    """The page as HTML.

    standings : every finder on every set
    """
    environment = Environment(
        loader=PackageLoader("deepfocus.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=f"Evaluation: {', '.join(section.name for section in sections)}",
        lead=f"{numbered(len(sections), 'set')} of cubes with known sources",
        standings=standings,
        sections=sections,
        long=LONG,
        version=__version__,
    )
