"""The report opens offline, says what the catalogue says, and bears what is not known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from parsed_page import Page

import deepfocus as df
from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.core.grid import tangent_grid
from deepfocus.core.voxels import ReadByParts
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection
from deepfocus.report import page as page_module
from deepfocus.report.page import report_page, write_report

HOSTILE = "\"'><script>alert(1)</script>&amp;{{ 7 * 7 }}"
SETTINGS = '# content: 1234\n[finder]\nkind = "deepfocus"\n'
SIZE, CHANNELS = 48, 20


@pytest.fixture(scope="module")
def made() -> Cube:
    """Sources in a small dirty cube, searched as they are by default.

    With a PSF as wide as the cube, as CASA's are: some peaks may be sidelobes.
    """
    whole = df.simulate({"observation": {"size": 96, "channels": 24}}, seed=2)
    return replace(whole.cube, psf=whole.scene.telescope.psf)


@pytest.fixture(scope="module")
def found(made: Cube) -> Detection:
    return df.detect(made)


@pytest.fixture(scope="module")
def page(made: Cube, found: Detection) -> Page:
    return page_of(made, found)


@pytest.fixture
def bare(rng: np.random.Generator) -> Cube:
    """Noise of which no beam is known."""
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=SIZE,
        cell_arcsec=0.1,
        freq_hz=229e9 + 1e7 * np.arange(CHANNELS),
    )
    return Cube(rng.normal(size=grid.shape).astype(np.float32), grid)


def page_of(cube: Cube, detection: Detection, name: str = "cube") -> Page:
    return Page(report_page(cube, detection, name=name, settings=SETTINGS))


def some_sources(number: int, **columns: object) -> Catalogue:
    x = np.linspace(5, SIZE - 5, number)
    known = {"x": x, "y": x, "channel": np.full(number, 9.0), "line_flux": 1.0 + np.arange(number)}
    return catalogue(**{**known, **columns})


def panels(rng: np.random.Generator, found: Catalogue, channels: int) -> tuple[SpectrumPanel, ...]:
    measured = Trace("spectrum", rng.normal(size=channels), "Jy/beam")
    return tuple(SpectrumPanel(int(i), measured) for i in found["id"])


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    for each in page.elements:
        for name in ("src", "href", "xlink:href", "action", "srcset", "data"):
            link = each.attributes.get(name, "#")
            assert link.startswith(("#", "data:image/png;base64,")), link
    assert {each.tag for each in page.elements}.isdisjoint({"link", "iframe", "object", "base"})
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert "://" not in page.html
    (policy,) = [each for each in page.all("meta") if "http-equiv" in each.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'; img-src data:;")


def test_links_and_references_lead_somewhere(page: Page) -> None:
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    wanted = {a.attributes["href"].removeprefix("#") for a in page.all("a")}
    for each in page.elements:
        wanted |= {
            each.attributes[name] for name in ("aria-labelledby", "for") if name in each.attributes
        }
    assert wanted <= set(ids)


def test_each_accepted_source_has_a_row_and_a_section(page: Page, found: Detection) -> None:
    accepted = found.catalogue.accepted
    assert len(accepted)
    for number, warning in zip(accepted["id"], accepted["warning"], strict=True):
        section = page.at(f"source-{number}")
        assert f"Source {number}" in section.text
        assert warning in section.text
    rows = [a.text for a in page.all("a") if a.attributes["href"].startswith("#source-")]
    assert rows == [str(each) for each in accepted["id"]]


def test_numbers_carry_their_uncertainty(page: Page, found: Detection) -> None:
    row = found.catalogue.accepted.rows[0]
    section = page.at(f"source-{row['id']}").text
    for column, unit, factor in (
        ("line_flux", "Jy km/s", 1.0),
        ("frequency", "GHz", 1e-9),
        ("line_fwhm", "km/s", 1.0),
        ("pa", "deg", 1.0),
    ):
        (value, digits, error) = next(
            each
            for each in re.findall(rf"(-?\d+(?:\.(\d+))?)\((\d+)\) {unit}", section)
            if abs(float(each[0]) - factor * row[column]) <= factor * row[f"{column}_err"]
        )
        stated = int(error) * 10.0 ** -len(digits)
        assert stated == pytest.approx(factor * row[f"{column}_err"], rel=0.15), value
        assert f"{unit} ± {stated:.{len(digits)}f}" in section


def test_what_was_rejected_says_why(page: Page, found: Detection) -> None:
    rejected = found.catalogue.where(found.catalogue["flag"] != 0)
    assert len(rejected)
    assert page.all("details")
    for reason in rejected["reason"]:
        assert reason in page.at("rejected").text


def test_everything_has_a_name_for_those_who_cannot_see_it(page: Page) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    assert "3 sources" in page.all("title")[0].text
    assert all(each.attributes["alt"] for each in page.all("img"))
    for each in page.all("svg"):
        named = each.attributes.get("role") == "img" and each.attributes["aria-label"]
        assert named or each.attributes.get("aria-hidden") == "true"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.attributes["scope"] in ("col", "row") for each in page.all("th"))
    assert [len(page.all(tag)) for tag in ("main", "header", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch("h[1-6]", each.tag)]
    assert max(np.diff(levels)) <= 1


def test_pictures_are_of_every_source_that_the_finder_shows(page: Page, found: Detection) -> None:
    accepted = set(found.catalogue.accepted["id"].tolist())
    shown = [each for each in found.evidence if getattr(each, "source_id", None) in accepted]
    cutouts = [each for each in shown if isinstance(each, CutoutPanel)]
    lazy = [each.attributes["alt"] for each in page.all("img") if "loading" in each.attributes]
    # beside them, moments 0 to 2 of each source
    moments = [each for each in lazy if each.startswith("Moment")]
    assert len(moments) == 3 * len(accepted)
    assert len(lazy) == len(cutouts) + len(moments)
    plots = [each for each in page.all("svg") if each.attributes.get("role") == "img"]
    spectra, cuts, noise = len(shown) - len(cutouts), len(accepted), 1
    assert len(plots) == spectra + cuts + noise


def test_a_moving_source_is_cut_along_its_motion(bare: Cube) -> None:
    """With velocity on its axis, and its limits where the line is."""
    grid = replace(bare.grid, rest_hz=229.1e9)
    channel = np.arange(CHANNELS)[:, None, None]
    y, x = np.indices((SIZE, SIZE))[:, None]
    along = 0.5 * (channel - 10)
    line = np.exp(-((channel - 10) ** 2) / 18 - ((x - 24 + along) ** 2 + (y - 24) ** 2) / 8)
    cube = replace(bare, data=(100 * line).astype(np.float32), grid=grid)
    found = catalogue(
        x=[24.0], y=[24.0], channel=[10.0], line_fwhm_chan=[7.0], kinematic_pa=[90.0],
        fwhm_x_px=[3.0], fwhm_y_px=[5.0], pa=[90.0],
    )  # fmt: skip
    section = page_of(cube, Detection(found)).at("source-1").text
    assert "Moment 1, velocity; blue to red: " in section
    assert "Position-velocity cut along its velocity gradient" in section
    assert "Velocity, LSRK (km/s)" in section
    assert "towards position angle 90 deg" in section
    low, high = re.search(r"blue to red: (\S+) to (\S+) km/s", section).groups()  # type: ignore[union-attr]
    ends = grid.velocity_kms(np.array([0.0, CHANNELS - 1.0]))
    assert min(ends) < float(low) < float(grid.velocity_kms(10.0)) < float(high) < max(ends)


def test_text_of_files_is_text(made: Cube, found: Detection) -> None:
    named = replace(made, meta={**made.meta, "notes": (HOSTILE,), "psf": HOSTILE})
    warned = found.catalogue.with_columns(warning=HOSTILE, reason=HOSTILE)
    panel = ImagePanel(HOSTILE, made.array[0], f"${HOSTILE}$")
    hostile = replace(found, catalogue=warned, notes=(HOSTILE,), evidence=(panel, *found.evidence))
    read = Page(report_page(named, hostile, name=HOSTILE, settings=HOSTILE))
    assert len(read.all("script")) == 1
    assert read.all("h1")[0].text == HOSTILE
    assert read.all("pre")[0].text == HOSTILE
    assert HOSTILE in read.all("title")[0].text


def test_a_page_is_the_same_each_time(page: Page, made: Cube, found: Detection) -> None:
    assert page_of(made, found).html == page.html


def test_settings_companions_and_notes_are_told(made: Cube, found: Detection) -> None:
    meta = {**made.meta, "psf": "x.psf.fits", "notes": ("a note on reading",)}
    read = page_of(replace(made, meta=meta), replace(found, notes=("a note on searching",)))
    assert "x.psf.fits" in read.at("provenance").text
    assert SETTINGS.strip() in read.at("provenance").text
    assert df.__version__ in read.at("provenance").text
    for note in ("a note on reading", "a note on searching"):
        assert note in read.at("cube").text


def test_a_catalogue_without_a_source_says_so(bare: Cube) -> None:
    read = page_of(bare, Detection(catalogue()))
    assert "No source was accepted." in read.at("sources").text
    assert "No candidate was rejected." in read.at("rejected").text
    assert "no image of the field" in read.at("field").text
    assert "0 sources" in read.all("title")[0].text


def test_an_image_of_one_channel(bare: Cube, rng: np.random.Generator) -> None:
    one = replace(bare, data=bare.array[:1], grid=bare.grid.of_channels(slice(0, 1)))
    found = some_sources(2, line_fwhm_limit=[30.0, 40.0], line_fwhm_limit_chan=[1.0, 1.0])
    images = (ImagePanel("Image", one.array[0], "Jy/beam"), *panels(rng, found, 1))
    read = page_of(one, Detection(found, evidence=images))
    assert len(read.all("circle")) == 2
    assert "< 30 km/s" in read.at("source-1").text


def test_without_a_beam_noise_is_not_known_and_the_page_says_why(bare: Cube) -> None:
    blank = ImagePanel("Nothing", np.full((SIZE, SIZE), np.nan), "")
    read = page_of(bare, Detection(some_sources(2), evidence=(blank,)))
    assert "not known" in read.at("noise").text
    assert "noise was not measured" in read.at("cube").text


def test_a_cube_that_is_read_by_parts_is_not_read_again(bare: Cube) -> None:
    class Unreadable(ReadByParts):
        shape = (CHANNELS, SIZE, SIZE)

        def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
            raise AssertionError("it was read")

    read = page_of(replace(bare, data=Unreadable()), Detection(some_sources(1)))
    assert "not measured" in read.at("cube").text
    assert "deepfocus cutouts" in read.at("each").text


def test_nominal_frequencies_and_unknown_places_are_not_shown(
    bare: Cube, rng: np.random.Generator
) -> None:
    sky = bare.grid.sky.deepcopy()
    sky.wcs.ctype = ["LINEAR", "LINEAR"]
    grid = replace(bare.grid, sky=sky, nominal=True, rest_hz=229.1e9)
    found = some_sources(2)
    image = ImagePanel("Image", bare.array[0], "Jy/beam", limits=(0.0, 1.0))
    evidence = (image, *panels(rng, found, CHANNELS))
    read = page_of(replace(bare, grid=grid), Detection(found, evidence=evidence))
    headings = [each.text for each in read.all("button")]
    assert "x px" in headings
    assert not any("RA" in each or "GHz" in each for each in headings)
    assert "Velocity, LSRK (km/s)" in read.at("source-1").text


def test_of_too_many_sources_the_brightest_are_drawn(
    bare: Cube, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MOST_PICTURES", 3)
    monkeypatch.setattr(page_module, "MOST_REJECTED", 2)
    flags = [0] * 6 + [int(Flag.SIDELOBE)] * 4
    found = some_sources(10, flag=flags, snr_peak=np.arange(10.0)).with_reasons()
    evidence = panels(rng, found, CHANNELS)
    read = page_of(bare, Detection(found, evidence=evidence))
    labels = [each.attributes.get("aria-label", "") for each in read.all("svg")]
    for what in ("Spectrum of source", "Cut through source"):
        drawn = [label.split(".")[0][-1] for label in labels if label.startswith(what)]
        assert drawn == ["4", "5", "6"]
    assert "3 brightest of 6 sources" in read.at("each").text
    assert all(read.at(f"source-{number}") for number in range(1, 7))
    assert "4: sidelobe of a brighter source" in read.at("rejected").text
    assert "2 more are in the catalogue" in read.at("rejected").text


def test_the_longer_axis_is_the_major_one(bare: Cube) -> None:
    found = some_sources(
        1, fwhm_x=[0.2], fwhm_x_err=[0.01], fwhm_y=[0.7], fwhm_y_err=[0.03], pa=[120.0]
    )
    text = page_of(bare, Detection(found)).at("source-1").text
    assert "Major FWHM0.700(30) arcsec" in text
    assert "Minor FWHM0.200(10) arcsec" in text


def test_it_is_written_whole_or_not_at_all(bare: Cube, tmp_path: Path) -> None:
    path = tmp_path / "a.report.html"
    odd = b"not utf-8 \xff".decode("utf-8", "surrogateescape")
    noted = Detection(catalogue(), notes=(odd,))
    assert write_report(bare, noted, path, name="a", settings="") == path
    assert r"not utf-8 \udcff" in path.read_text(encoding="utf-8")
    path.unlink()
    broken = Detection(catalogue(), evidence=(ImagePanel("", np.zeros(3), ""),))
    with pytest.raises(ValueError, match="unpack"):
        write_report(bare, broken, path, name="a", settings="")
    assert not list(tmp_path.iterdir())
