"""The same sky in images that are turned or mirrored gives the same catalogue on the sky."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import BEAM, cube_with

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.source import Source
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.io.regions import regions_text
from deepfocus.report.figures import detection_figure

SIZE = 64


def _as_seen() -> Cube:
    """Two long sources, one whose two axes have angles on either side of 90 degrees when turned."""
    sources = [
        Source(20.0, 40.0, 14.0, 4.0, 30.0, 12.0, 6.0, 0.4),
        Source(44.0, 22.0, 4.0, 14.0, 120.0, 20.0, 6.0, 0.4),
    ]
    return replace(cube_with(sources, shape=(32, SIZE, SIZE)), beam=BEAM)


def _mirrored(cube: Cube) -> Cube:
    """East to the right."""
    sky = cube.grid.sky.deepcopy()
    sky.wcs.cdelt = [-sky.wcs.cdelt[0], sky.wcs.cdelt[1]]
    sky.wcs.crpix = [SIZE + 1 - sky.wcs.crpix[0], sky.wcs.crpix[1]]
    return replace(
        cube, data=np.ascontiguousarray(cube.data[:, :, ::-1]), grid=replace(cube.grid, sky=sky)
    )


def _turned(cube: Cube) -> Cube:
    """A quarter: pixel (x, y) goes to (size - 1 - y, x), so north is -x."""
    sky = cube.grid.sky.deepcopy()
    east, north = sky.wcs.cdelt
    sky.wcs.cdelt = [1.0, 1.0]
    # of the new x and y: new x is -y, new y is x
    sky.wcs.pc = [[0.0, east], [-north, 0.0]]
    sky.wcs.crpix = [SIZE + 1 - sky.wcs.crpix[1], sky.wcs.crpix[0]]
    x, y = np.indices((SIZE, SIZE))
    data = np.empty_like(cube.data)
    data[:, x, SIZE - 1 - y] = cube.data[:, y, x]
    return replace(cube, data=data, grid=replace(cube.grid, sky=sky))


@pytest.fixture(scope="module")
def upright() -> Catalogue:
    return DeepFocus().ready().find(_as_seen()).catalogue.accepted


@pytest.mark.parametrize("turn", [_mirrored, _turned])
def test_the_catalogue_on_the_sky_is_the_same(
    turn: Callable[[Cube], Cube], upright: Catalogue, tmp_path: Path
) -> None:
    cube = turn(_as_seen())
    detection = DeepFocus().ready().find(cube)
    found = detection.catalogue.accepted
    assert len(found) == len(upright) == 2
    order = [int(np.argmin(abs(found["channel"] - at))) for at in upright["channel"]]
    found = found.at(np.array(order))
    # the pixels are the same numbers; what the fit does to their order is a hundredth of its error
    for column in ("ra", "dec", "fwhm_x", "fwhm_y", "pa", "line_flux", "line_fwhm"):
        error = upright[f"{column}_err"]
        apart = abs(found[column] - upright[column])
        assert (apart < 0.1 * error).all(), column
    regions = regions_text(found)
    for row in found.rows:
        assert f"{(row['pa'] + 90) % 180:.2f})" in regions
    assert detection_figure(cube, detection, tmp_path / "f.png").exists()
