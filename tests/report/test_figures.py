"""Figures are written whole, show what they should, and bear catalogues with gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.report import figures
from deepfocus.report.figures import detection_figure, residual_figure

SIZE, CHANNELS = 48, 20


@dataclass(frozen=True)
class Evidence:
    """What a detection would leave behind."""

    catalogue: Catalogue
    integrated: np.ndarray
    probability_map: np.ndarray
    spectra: Mapping[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    focused: Mapping[int, np.ndarray] = field(default_factory=dict)


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


def evidence(rng: np.random.Generator, found: Catalogue) -> Evidence:
    spectrum = rng.normal(size=CHANNELS), rng.random(CHANNELS)
    return Evidence(
        found,
        rng.normal(size=(SIZE, SIZE)),
        rng.random((SIZE, SIZE)),
        spectra={int(i): spectrum for i in found["id"]},
        focused={int(i): rng.normal(size=(16, 16)) for i in found["id"]},
    )


def is_png(path: Path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


def test_detection_figure_is_written(cube: Cube, rng: np.random.Generator, tmp_path: Path) -> None:
    found = two_sources()
    path = detection_figure(cube, evidence(rng, found), tmp_path / "a.png", truth=found)
    assert is_png(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_nothing_found_still_makes_a_figure(cube: Cube, tmp_path: Path) -> None:
    blank = np.full((SIZE, SIZE), np.nan)
    nothing = Evidence(catalogue(), blank, np.zeros((SIZE, SIZE)))
    assert is_png(detection_figure(cube, nothing, tmp_path / "a.png"))


def test_unmeasured_source_still_makes_a_figure(
    cube: Cube, rng: np.random.Generator, tmp_path: Path
) -> None:
    found = catalogue(x=[20.0], y=[20.0])
    assert is_png(detection_figure(cube, evidence(rng, found), tmp_path / "a.png"))


def test_brightest_accepted_source_is_shown(rng: np.random.Generator) -> None:
    found = two_sources()
    assert figures._brightest(found, evidence(rng, found)) == 2
    rejected = found.with_columns(flag=[0, 16]).accepted
    assert figures._brightest(rejected, evidence(rng, found)) == 1
    unmeasured = found.with_columns(line_flux=[np.nan, np.nan])
    assert figures._brightest(unmeasured, evidence(rng, found)) == 1
    assert figures._brightest(catalogue(), evidence(rng, catalogue())) is None


def test_failed_figure_leaves_nothing(cube: Cube, rng: np.random.Generator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nosuch"):
        detection_figure(cube, evidence(rng, two_sources()), tmp_path / "a.nosuch")
    assert list(tmp_path.iterdir()) == []


def test_residual_figure_is_written(tmp_path: Path) -> None:
    truth = two_sources()
    found = truth.with_columns(x=truth["x"] + 0.3, pa=[25.0, np.nan])
    assert is_png(residual_figure(truth, found, tmp_path / "residuals.png"))
    assert is_png(residual_figure(catalogue(), catalogue(), tmp_path / "none.png"))


def test_an_image_one_pixel_high_makes_a_figure(cube: Cube, tmp_path: Path) -> None:
    found = catalogue(x=[5.0], y=[0.0], box_x0=[3.0], box_x1=[7.0], box_y0=[-1.0], box_y1=[1.0])
    row = np.linspace(0, 1, 40, dtype=np.float32)[None]
    assert is_png(detection_figure(cube, Evidence(found, row, row), tmp_path / "a.png"))
