"""Notes about cubes outside the training domain."""

from dataclasses import replace

import numpy as np
import pytest
from oracle_networks import Source, cube_of, oracles

from deepfocus.core.source import Ellipse
from deepfocus.finders.six_networks.domain import extent_px
from deepfocus.finders.slim.finder import ReadySlim
from deepfocus.ops.gaussians import gaussian_2d


def test_extent_is_the_fwhm_of_a_gaussian() -> None:
    image = gaussian_2d((128, 128), Ellipse(60, 70, 9.0, 30.0, 100.0))
    # the longer axis is tilted by 10 degrees; the extent is in whole pixels
    assert extent_px(image) == pytest.approx(30.0 * np.cos(np.deg2rad(10)), abs=1.5)
    assert extent_px(np.zeros((8, 8))) == 0.0


@pytest.mark.parametrize(("fwhm_px", "resolved"), [(12.0, False), (50.0, True)])
def test_resolved_emission_is_said_to_be(fwhm_px: float, resolved: bool) -> None:
    source = Source(128, 128, channel=40, fwhm_px=fwhm_px)
    cube = cube_of([source])
    notes = ReadySlim(oracles(cube, [source])).find(cube).notes
    assert any("resolved" in note and "beams across" in note for note in notes) == resolved


def test_cells_that_are_not_square_are_said_to_be() -> None:
    source = Source(128, 128, channel=40, fwhm_px=12.0)
    cube = cube_of([source])
    sky = cube.grid.sky.deepcopy()
    sky.wcs.cdelt = [sky.wcs.cdelt[0], 2 * sky.wcs.cdelt[1]]
    oblong = replace(cube, grid=replace(cube.grid, sky=sky))
    said = [
        any("not square" in note for note in ReadySlim(oracles(each, [source])).find(each).notes)
        for each in (cube, oblong)
    ]
    assert said == [False, True]


def test_counts_are_written_in_full():
    from deepfocus.finders.six_networks.domain import _outside

    assert _outside("the cube has", 2000, (128, 128), "channels")[0].startswith(
        "the cube has 2000 channels"
    )
