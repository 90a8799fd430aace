"""Write an evaluation into a folder: tables, figures, and the page that has them all.

FOLDER/index.html
FOLDER/tables/NAME.ecsv, NAME.md      finders, then SET.table-4 and so on
FOLDER/figures/NAME.png, NAME.pdf     SET.figure-2 and so on
FOLDER/settings.json                  which sets and finders
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deepfocus.core.catalogue import numbered
from deepfocus.core.files import whole_file
from deepfocus.evaluation.assessment import Assessment
from deepfocus.evaluation.assessment_tables import tables_of_set
from deepfocus.evaluation.detection_tables import standings_table
from deepfocus.evaluation.records import Records
from deepfocus.report.evaluation_figures import Drawn, further_figures, paper_figures
from deepfocus.report.evaluation_page import Picture, SetSection, evaluation_page
from deepfocus.report.figures import save_figure
from deepfocus.report.inline_png import figure_png

PAGE = "index.html"
KINDS = ("png", "pdf")
PAGE_DPI = 80
"""Of the figures on the page: those beside it are finer."""


def write_evaluation(
    records: Sequence[Records], assessments: Sequence[Assessment], folder: Path
) -> Path:
    """Write everything; return the path of the page, which is written last.

    records : of which `assessments` were made, in the same order
    """
    standings = standings_table(assessments)
    standings.write(folder / "tables")
    sections = [
        _section(made_with, assessment, folder)
        for made_with, assessment in zip(records, assessments, strict=True)
    ]
    page = folder / PAGE
    with whole_file(page) as temporary:
        # names of files may hold what is no character
        text = evaluation_page(standings, sections)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return page


def _section(records: Records, assessment: Assessment, folder: Path) -> SetSection:
    tables = tables_of_set(assessment)
    for table in tables:
        table.write(folder / "tables")
    cubes = numbered(assessment.cubes, "cube")
    return SetSection(
        name=assessment.name,
        lead=f"{cubes}, {numbered(assessment.true, 'true source')}",
        notes=assessment.notes,
        tables=tables,
        of_paper=list(_saved(paper_figures(assessment), folder / "figures")),
        further=list(_saved(further_figures(assessment), folder / "figures")),
        provenance=json.dumps({"cubes": records.scenes, "finders": records.finders}, indent=1),
    )


def _saved(figures: Iterable[Drawn], folder: Path) -> Iterator[Picture]:
    """Each is drawn when it is its turn, so that only one is in memory."""
    for drawn in figures:
        # the layout is found once, not once for each format
        drawn.figure.draw_without_rendering()
        drawn.figure.set_layout_engine("none")
        for kind in KINDS:
            save_figure(drawn.figure, folder / f"{drawn.name}.{kind}")
        png = figure_png(drawn.figure, PAGE_DPI)
        yield Picture(drawn.name, drawn.title, png, drawn.says, drawn.paper)
