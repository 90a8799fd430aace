"""One sky on cells of any shape gives one catalogue: sizes, angles, places, fluxes and errors."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from oblong_skies import BEAM, CELLS, DEC, RA, OnSky, matched, pulls, sky_of, write_sky

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.finder import Detection
from deepfocus.finders.kinds import finder_from
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.forward.response import beam_image
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.regions import regions_text
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.report.figures import detection_figure

SQUARE = ("square", "turned")
OBLONG = [name for name in CELLS if name not in SQUARE]


@cache
def _cube(cells: str, *, dirty: bool = False) -> Cube:
    with TemporaryDirectory() as folder:
        seed = 100 + list(CELLS).index(cells)
        path = write_sky(Path(folder) / "sky.fits", cells, _sky(), seed=seed, dirty=dirty)
        return read_cube(path)


@cache
def _sky() -> tuple[OnSky, ...]:
    return tuple(sky_of(10))


@cache
def _found(cells: str, *, dirty: bool = False) -> Detection:
    return DeepFocus().ready().find(_cube(cells, dirty=dirty))


def _pulls(cells: str, found: Catalogue, *, dirty: bool = False) -> dict[str, np.ndarray]:
    kms = float(_cube(cells, dirty=dirty).grid.width_kms(1.0, 12.0))
    return pulls(matched(found, _sky()), _sky(), kms)


@pytest.mark.parametrize("cells", OBLONG)
def test_the_sky_is_found_within_the_errors(cells: str) -> None:
    found = _found(cells).catalogue.accepted
    assert len(found) == len(_sky()) == 25
    for name, pull in _pulls(cells, found).items():
        # the scatter of 25 is known to 14%, and its mean to 0.2; 3.5 of them
        assert 0.5 < np.sqrt(np.mean(pull**2)) < 1.6, name
        assert abs(pull.mean()) < 0.7, name


@pytest.mark.parametrize("dirty", [False, True])
def test_errors_of_sizes_angles_and_places_are_those_of_many_sources(dirty: bool) -> None:
    cells = OBLONG if not dirty else ["tall", "pc"]
    each = [_pulls(one, _found(one, dirty=dirty).catalogue.accepted, dirty=dirty) for one in cells]
    for name in each[0]:
        pull = np.concatenate([one[name] for one in each])
        # of 50 the scatter is known to 10%, of 150 to 6%
        assert 0.75 < np.sqrt(np.mean(pull**2)) < 1.3, name


@pytest.mark.parametrize("cells", OBLONG)
def test_errors_are_those_of_square_cells(cells: str) -> None:
    there = matched(_found("square").catalogue.accepted, _sky())
    here = matched(_found(cells).catalogue.accepted, _sky())
    # as many cells a beam tell as much; the noise of each is measured beside its sources
    for name in ("fwhm_x_err", "fwhm_y_err", "pa_err", "ra_err", "dec_err", "line_flux_err"):
        assert np.median(here[name] / there[name]) == pytest.approx(1.0, abs=0.15), name


@pytest.mark.parametrize("cells", ["tall", "pc"])
def test_a_dirty_beam_has_the_same_cells(cells: str) -> None:
    cube = _cube(cells, dirty=True)
    assert cube.psf is not None
    found = _found(cells, dirty=True).catalogue.accepted
    assert len(found) == len(_sky())
    for name, pull in _pulls(cells, found, dirty=True).items():
        assert 0.5 < np.sqrt(np.mean(pull**2)) < 1.6, name


@pytest.mark.parametrize("cells", CELLS)
def test_the_beam_in_pixels_is_the_beam_on_the_sky(cells: str) -> None:
    cube = _cube(cells)
    assert cube.beam is not None
    assert cube.grid.square_cells == (cells in SQUARE)
    image = beam_image(cube.beam, cube.grid)
    ny, nx = image.shape
    ellipse = beam_ellipse(cube)
    drawn = gaussian_2d((ny, nx), ellipse.shifted(x=nx // 2, y=ny // 2))
    np.testing.assert_allclose(drawn, image, atol=1e-6)
    # the sum over pixels of a beam is its area in them, by which Jy/beam becomes Jy
    for area in (ellipse.area_px, cube.beam.area_px(cube.grid.cell_arcsec)):
        assert area == pytest.approx(image.sum(), rel=1e-6)


@pytest.mark.parametrize("kind", ["matched_filter", "lineseeker"])
def test_other_finders_measure_on_the_sky_too(kind: str) -> None:
    found = finder_from({"kind": kind}).ready().find(_cube("tall")).catalogue.accepted
    lit = [each for each in _sky() if _nearest(found, each) < BEAM[1] / 2]
    assert len(lit) > 12
    near = matched(found, lit)
    measured = np.isfinite(near["pa"]) & (np.minimum(near["fwhm_x"], near["fwhm_y"]) > 0)
    major = np.maximum(near["fwhm_x"], near["fwhm_y"]) - [each.major for each in lit]
    turned = (near["pa"] - [each.pa for each in lit] + 90) % 180 - 90
    # they have no errors; in pixels, sizes would be 15% off and angles 15 deg
    assert abs(np.median(major[measured])) < 0.1
    assert np.median(abs(turned[measured])) < 7.0
    assert np.isnan(near["pa_err"]).all()


def _nearest(found: Catalogue, source: OnSky) -> float:
    east = (found["ra"] - RA) * 3600 * np.cos(np.deg2rad(DEC)) - source.east
    return float(np.hypot(east, (found["dec"] - DEC) * 3600 - source.north).min())


def test_regions_have_the_ellipse_of_the_sky(tmp_path: Path) -> None:
    detection = _found("tall")
    found = matched(detection.catalogue.accepted, _sky())
    lines = regions_text(found).splitlines()[3:]
    for line, row, true in zip(lines, found.rows, _sky(), strict=True):
        ra, dec, major, minor, angle = line[line.index("(") + 1 : line.index(")")].split(",")
        east = (float(ra) - RA) * 3600 * np.cos(np.deg2rad(DEC))
        assert east == pytest.approx(true.east, abs=0.1)
        assert (float(dec) - DEC) * 3600 == pytest.approx(true.north, abs=0.1)
        # semi-axes; the largest error of a size is 0.15 arcsec, of an angle 10 deg
        assert 2 * float(major.rstrip('"')) == pytest.approx(true.major, abs=0.45)
        assert 2 * float(minor.rstrip('"')) == pytest.approx(true.minor, abs=0.45)
        apart = (float(angle) - 90 - true.pa + 90) % 180 - 90
        assert abs(apart) < 4 * row["pa_err"]
    assert detection_figure(_cube("tall"), detection, tmp_path / "f.png").exists()


def test_the_reader_says_so() -> None:
    (note,) = (each for each in _cube("tall").meta["notes"] if "cells" in each)
    assert note.startswith("cells of 0.1 x 0.2 arcsec")
    assert "fewer" not in note
    assert "0.1 x 0.2 arcsec" in repr(_cube("tall"))
    assert not any("cells" in each for each in _cube("square").meta.get("notes", ()))
