"""The page of an evaluation opens offline, says what tables say, and escapes what it is given."""

from __future__ import annotations

import re

import numpy as np
import pytest
from parsed_page import Page

import deepfocus as df
from deepfocus.evaluation.report_cells import text_of
from deepfocus.evaluation.report_table import ReportTable
from deepfocus.report.evaluation_page import LONG, Picture, SetSection, evaluation_page

HOSTILE = "\"'><script>alert(1)</script>&amp;{{ 7 * 7 }}"
PNG = "data:image/png;base64,AAAA"


def table(name: str, rows: int = 2) -> ReportTable:
    return ReportTable(
        name=name,
        title=f"Title of {name}",
        caption=f"Caption of {name}",
        shown={"one": text_of("one"), "other": text_of("other")},
        rows=[{"one": f"{name} {i}", "other": 7} for i in range(rows)],
    )


def section(name: str = "faint", rows: int = 2) -> SetSection:
    tables = [table(f"{name}.{kind}", rows) for kind in ("table-4", "losses")]
    return SetSection(
        name=name,
        lead="2 cubes, 4 true sources",
        notes=(f"a note on {name}",),
        tables=tables,
        of_paper=[Picture(f"{name}.figure-2", "Figure 2", PNG, "ours", "the paper's")],
        further=[Picture(f"{name}.lost", "Lost", PNG, "where")],
        provenance=f"made with {name}",
    )


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(evaluation_page(table("finders"), [section(), section("paper", rows=LONG + 1)]))


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    for each in page.elements:
        for name in ("src", "href", "xlink:href", "action", "srcset", "data"):
            link = each.attributes.get(name, "#")
            assert link.startswith(("#", "data:image/png;base64,")), link
    assert {each.tag for each in page.elements}.isdisjoint({"link", "iframe", "object", "base"})
    assert not re.search(r"url\(|@import|://", page.html)
    (policy,) = [each for each in page.all("meta") if "http-equiv" in each.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'; img-src data:;")


def test_links_lead_somewhere(page: Page) -> None:
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    wanted = {a.attributes["href"].removeprefix("#") for a in page.all("a")}
    wanted |= {e.attributes["aria-labelledby"] for e in page.all("section")}
    assert wanted <= set(ids)


def test_each_set_has_its_tables_figures_and_notes(page: Page) -> None:
    for i, name in enumerate(("faint", "paper"), start=1):
        text = page.at(f"set-{i}").text
        for words in ("2 cubes, 4 true sources", f"a note on {name}", f"made with {name}",
                      f"Caption of {name}.table-4", f"{name}.losses 1", "ours", "the paper's",
                      f"figures/{name}.figure-2.png", f"tables/{name}.table-4.ecsv"):  # fmt: skip
            assert words in text
    assert "finders 1" in page.at("standings").text


def test_long_tables_are_folded(page: Page) -> None:
    summaries = [each.text for each in page.all("summary")]
    assert summaries.count(f"{LONG + 1} rows") == 2
    assert "2 rows" not in summaries


def test_everything_has_a_name_for_those_who_cannot_see_it(page: Page) -> None:
    assert all(each.attributes["alt"] for each in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.attributes["scope"] in ("col", "row") for each in page.all("th"))
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch("h[1-6]", each.tag)]
    assert max(np.diff(levels)) <= 1
    assert page.all("footer")[0].text.startswith(f"Made by deepfocus {df.__version__}")


def test_text_is_text() -> None:
    hostile = section(HOSTILE)
    read = Page(evaluation_page(table(HOSTILE), [hostile]))
    assert len(read.all("script")) == 1
    assert read.all("h1")[0].text == f"Evaluation: {HOSTILE}"
    assert read.all("pre")[0].text == f"made with {HOSTILE}"
    assert HOSTILE in read.at("set-1").text
