"""Figures are written whole, show what they should, and bear catalogues with gaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection
from deepfocus.report.figures import brightest_of, detection_figure, residual_figure

SIZE, CHANNELS = 48, 20


@pytest.fixture
def cube() -> Cube:
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=SIZE,
        cell_arcsec=0.1,
        freq_hz=229e9 + 1e7 * np.arange(CHANNELS),
    )
    return Cube(np.zeros(grid.shape, np.float32), grid)


def two_sources() -> Catalogue:
    x, y, channel = np.array([20.0, 30.0]), np.array([18.0, 31.0]), np.array([8.0, 12.0])
    return catalogue(
        x=x,
        y=y,
        channel=channel,
        box_x0=x - 4,
        box_x1=x + 4,
        box_y0=y - 3,
        box_y1=y + 3,
        channel_lo=channel - 3,
        channel_hi=channel + 3,
        line_fwhm_chan=[3.0, 3.0],
        fwhm_x_px=[5.0, 6.0],
        fwhm_y_px=[4.0, 8.0],
        pa=[20.0, 130.0],
        line_flux=[1.0, 2.0],
    )


def detection(rng: np.random.Generator, found: Catalogue) -> Detection:
    """All kinds of panel, for every source."""
    fields = (
        ImagePanel("Integrated", rng.normal(size=(SIZE, SIZE)), "Jy/beam"),
        ImagePanel("Probability", rng.random((SIZE, SIZE)), "", limits=(0.0, 1.0)),
    )
    measured = Trace("dirty", rng.normal(size=CHANNELS), "Jy/beam")
    model = Trace("denoised", rng.random(CHANNELS), "")
    spectra = [SpectrumPanel(int(i), measured, model) for i in found["id"]]
    image = rng.normal(size=(16, 16))
    cutouts = [CutoutPanel(int(i), "focused", image, 12, 10, "Jy/beam") for i in found["id"]]
    return Detection(found, evidence=(*fields, *spectra, *cutouts))


def is_png(path: Path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


def test_detection_figure_is_written(cube: Cube, rng: np.random.Generator, tmp_path: Path) -> None:
    found = two_sources()
    path = detection_figure(cube, detection(rng, found), tmp_path / "a.png", truth=found)
    assert is_png(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_nothing_found_still_makes_a_figure(cube: Cube, tmp_path: Path) -> None:
    blank = np.full((SIZE, SIZE), np.nan)
    nothing = Detection(catalogue(), evidence=(ImagePanel("Integrated", blank, "Jy/beam"),))
    assert is_png(detection_figure(cube, nothing, tmp_path / "a.png"))


def test_unmeasured_source_still_makes_a_figure(
    cube: Cube, rng: np.random.Generator, tmp_path: Path
) -> None:
    found = catalogue(x=[20.0], y=[20.0])
    assert is_png(detection_figure(cube, detection(rng, found), tmp_path / "a.png"))


def test_a_finder_without_evidence_still_makes_a_figure(cube: Cube, tmp_path: Path) -> None:
    assert is_png(detection_figure(cube, Detection(two_sources()), tmp_path / "a.png"))


def test_one_image_and_one_curve_are_enough(
    cube: Cube, rng: np.random.Generator, tmp_path: Path
) -> None:
    found = two_sources()
    model = Trace("matched filter", 20 * rng.random(CHANNELS), "sigma")
    panels = (
        ImagePanel("Signal-to-noise", rng.normal(size=(SIZE, SIZE)), "sigma"),
        SpectrumPanel(1, Trace("spectrum", rng.normal(size=CHANNELS), "Jy/beam"), model),
        SpectrumPanel(2, Trace("spectrum", rng.normal(size=CHANNELS), "Jy/beam")),
    )
    path = tmp_path / "a.png"
    assert is_png(detection_figure(cube, Detection(found, evidence=panels), path))
    dim = Detection(found.with_columns(line_flux=[3.0, 2.0]), evidence=panels)
    assert is_png(detection_figure(cube, dim, path))


def test_the_brightest_source_is_shown() -> None:
    found = two_sources()
    assert brightest_of(found, among=[1, 2]) == 2
    assert brightest_of(found, among=[1]) == 1
    unmeasured = found.with_columns(line_flux=[np.nan, np.nan])
    assert brightest_of(unmeasured, among=[1, 2]) == 1
    assert brightest_of(catalogue(), among=[]) is None


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_spectra_of_few_channels_make_a_figure(
    cube: Cube, rng: np.random.Generator, tmp_path: Path, channels: int
) -> None:
    measured, model = (Trace(name, rng.random(channels), "Jy/beam") for name in ("mean", "model"))
    panels = (SpectrumPanel(1, measured, model), SpectrumPanel(2, measured))
    path = detection_figure(cube, Detection(two_sources(), evidence=panels), tmp_path / "a.png")
    assert is_png(path)


def test_all_boxes_of_an_elongated_field_are_shown(
    cube: Cube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepfocus.report import figures

    drawn = []
    monkeypatch.setattr(figures, "save_figure", lambda figure, path: drawn.append(figure) or path)
    found = two_sources().with_columns(box_x0=[3.0, 190.0], box_x1=[9.0, 197.0])
    strip = ImagePanel("Integrated", np.ones((SIZE, 200), np.float32), "Jy/beam")
    detection_figure(cube, Detection(found, evidence=(strip,)), tmp_path / "f.png")
    (axes,) = (each for each in drawn[0].axes if each.get_title() == "Integrated")
    low, high = axes.get_xlim()
    assert low <= 3.0 < 197.0 <= high


def test_failed_figure_leaves_nothing(cube: Cube, rng: np.random.Generator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nosuch"):
        detection_figure(cube, detection(rng, two_sources()), tmp_path / "a.nosuch")
    assert list(tmp_path.iterdir()) == []


def test_residual_figure_is_written(tmp_path: Path) -> None:
    truth = two_sources()
    found = truth.with_columns(x=truth["x"] + 0.3, pa=[25.0, np.nan])
    assert is_png(residual_figure(truth, found, tmp_path / "residuals.png"))
    assert is_png(residual_figure(catalogue(), catalogue(), tmp_path / "none.png"))


def test_an_image_one_pixel_high_makes_a_figure(cube: Cube, tmp_path: Path) -> None:
    found = catalogue(x=[5.0], y=[0.0], box_x0=[3.0], box_x1=[7.0], box_y0=[-1.0], box_y1=[1.0])
    row = np.linspace(0, 1, 40, dtype=np.float32)[None]
    one_row = Detection(found, evidence=(ImagePanel("Integrated", row, "Jy/beam"),))
    assert is_png(detection_figure(cube, one_row, tmp_path / "a.png"))


def test_pixels_are_drawn_as_long_as_they_are(
    cube: Cube, rng: np.random.Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepfocus.report import figures

    drawn = []
    monkeypatch.setattr(figures, "save_figure", lambda figure, path: drawn.append(figure) or path)
    sky = cube.grid.sky.deepcopy()
    sky.wcs.cdelt = [sky.wcs.cdelt[0], 2 * sky.wcs.cdelt[1]]
    oblong = replace(cube, grid=replace(cube.grid, sky=sky))
    for each in (cube, oblong):
        detection_figure(each, detection(rng, two_sources()), tmp_path / "f.png")
    square, tall = ([axes for axes in figure.axes if axes.images] for figure in drawn)
    assert {axes.get_aspect() for axes in square if axes.get_xlabel() == "x (px)"} == {1.0}
    assert {axes.get_aspect() for axes in tall if axes.get_xlabel() == "x (px)"} == {2.0}
    # 6 x 8 px of equal area at 130 deg on the sky; in pixels twice as high, it is flat
    (shape,) = (patch for axes in tall for patch in axes.patches if hasattr(patch, "angle")
                and type(patch).__name__ == "Ellipse")  # fmt: skip
    angle = np.deg2rad(130.0)
    along = np.array([-np.sin(angle), np.cos(angle)])
    across = np.array([along[1], -along[0]])
    on_sky = 64 * np.outer(along, along) + 36 * np.outer(across, across)
    per_pixel = np.diag([np.sqrt(2), 1 / np.sqrt(2)])
    minor, major = np.sqrt(np.linalg.eigvalsh(per_pixel @ on_sky @ per_pixel))
    assert (shape.width, shape.height) == pytest.approx((minor, major), rel=1e-3)
