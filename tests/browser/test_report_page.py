"""The report as a browser opens it: sorted, filtered, folded out, on a phone, and by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from chromium import Browser, NoBrowser, chromium

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import Source
from deepfocus.finders.deepfocus.finder import ReadyDeepFocus
from deepfocus.finders.finder import Detection
from deepfocus.forward.response import response_of
from deepfocus.report.page import write_report
from deepfocus.simulation.inject import render

DRIVER = which("chromedriver")
AXE = Path(__file__).with_name("axe") / "axe.min.js"
pytestmark = pytest.mark.skipif(
    DRIVER is None, reason="Chromium is not installed (tests/browser/install.sh)"
)
MANY = 5000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert DRIVER is not None
    try:
        with chromium(DRIVER) as session:
            yield session
    except NoBrowser as error:
        pytest.skip(str(error))


def sky(*sources: Source) -> Cube:
    grid = tangent_grid(
        ra_deg=10,
        dec_deg=-20,
        size=96,
        cell_arcsec=0.1,
        freq_hz=230e9 + 1e7 * np.arange(40),
        rest_hz=230.2e9,
    )
    data = np.random.default_rng(2).normal(0, 1e-3, grid.shape).astype(np.float32)
    cube = Cube(data, grid, beam=Beam(0.6, 0.5, 20.0))
    return cube.with_data(data + render(list(sources), response_of(cube)))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sources, one of them near the edge."""
    cube = sky(
        Source(30, 40, 0, 0, 0, 12, 4, 0.02),
        Source(60, 70, 5, 5, 0, 20, 6, 0.03),
        Source(4, 50, 0, 0, 0, 30, 5, 0.05),
    )
    detection = ReadyDeepFocus().find(cube)
    path = tmp_path_factory.mktemp("report") / "sky.report.html"
    return write_report(cube, detection, path, name="sky", settings="# settings")


def column(browser: Browser, number: int) -> list[str]:
    rows = "[...document.getElementById('source-table').tBodies[0].rows]"
    script = f"return {rows}.filter(r => !r.hidden).map(r => r.cells[{number}].textContent)"
    return [str(each) for each in browser.script(script)]


def test_it_asks_for_nothing_but_itself(browser: Browser, page: Path) -> None:
    assert browser.requests is not None
    browser.open(page)
    asked = [url for url in browser.requests if not url.startswith("data:")]
    assert asked == [page.as_uri()]
    assert browser.complaints == []


def test_the_table_sorts_and_filters(browser: Browser, page: Path) -> None:
    browser.open(page)
    headings = browser.script(
        "return [...document.querySelectorAll('#source-table thead th')].map(e => e.textContent)"
    )
    flux = next(i for i, text in enumerate(headings) if "flux" in text.lower())
    before = column(browser, flux)
    assert len(before) == 3
    button = f"#source-table thead th:nth-child({flux + 1}) button"
    browser.click(button)
    rising = column(browser, flux)
    browser.click(button)
    assert column(browser, flux) == rising[::-1]
    assert sorted(rising) == sorted(before)
    cells = f"[...document.querySelectorAll('#source-table tbody td:nth-child({flux + 1})')]"
    falling = browser.script(f"return {cells}.map(each => Number(each.dataset.order))")
    assert falling == sorted(falling, reverse=True)
    browser.type("#filter", "edge")
    assert len(column(browser, 0)) == 1
    assert browser.script("return document.getElementById('count').textContent") == "1 of 3"


def test_a_source_is_opened_from_the_table(browser: Browser, page: Path) -> None:
    browser.resize(1440, 900)
    browser.open(page)
    number = column(browser, 0)[1].strip()
    browser.click(f"#source-table a[href='#source-{number}']")
    place = f"document.getElementById('source-{number}')"
    top, svgs = browser.script(
        f"return [{place}.getBoundingClientRect().top, {place}.querySelectorAll('svg').length]"
    )
    assert -10 < top < 900
    assert svgs >= 1


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_is_wider_than_the_page(
    browser: Browser, page: Path, width: int, height: int
) -> None:
    browser.resize(width, height)
    browser.open(page)
    assert browser.script("return document.documentElement.scrollWidth") <= width


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there (tests/browser/install.sh)")
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, page: Path, colours: str) -> None:
    browser.resize(1440, 900)
    media = [{"name": "prefers-color-scheme", "value": colours}]
    browser.command("Emulation.setEmulatedMedia", features=media)
    browser.open(page)
    browser.script("for (const each of document.querySelectorAll('details')) each.open = true")
    browser.command("Page.setBypassCSP", enabled=True)
    browser.script(AXE.read_text(encoding="utf-8"))
    found = browser.wait_for("const done = arguments[0]; axe.run().then(r => done(r.violations))")
    serious = [
        (each["id"], [node["target"] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


def many() -> Catalogue:
    rng = np.random.default_rng(3)
    return catalogue(
        x=rng.uniform(0, 96, MANY),
        y=rng.uniform(0, 96, MANY),
        channel=rng.uniform(0, 40, MANY),
        line_fwhm=rng.uniform(10, 300, MANY),
        line_flux=rng.exponential(1.0, MANY),
        snr_focused=rng.uniform(5, 50, MANY),
    )


def test_a_field_of_five_thousand_sources_opens_and_sorts(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "many.report.html"
    write_report(sky(), Detection(many()), path, name="many", settings="")
    browser.open(path)
    assert len(column(browser, 0)) == MANY
    browser.click("#source-table thead th:nth-child(1) button")
    assert column(browser, 0)[0].strip() == str(MANY)
