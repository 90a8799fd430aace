"""A cube corrected for a primary beam that is lost: noise stays noise, sources sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import cube_with, empty_cube, source

import deepfocus
from deepfocus.core.cube import Cube
from deepfocus.core.voxels import ReadByParts
from deepfocus.core.workspace import ChangedVoxels, NamelessFile, OnDisk
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.flattened import flattened

SHAPE = (48, 160, 160)
Y, X = np.mgrid[: SHAPE[1], : SHAPE[2]]
RADIUS = np.hypot(Y - 79.5, X - 79.5) / 77.0
RESPONSE = 0.2**RADIUS**2


def corrected(cube: Cube) -> Cube:
    """Divided by a primary beam that nobody knows, down to a fifth."""
    data = np.where(RESPONSE >= 0.2, cube.data / RESPONSE, np.nan)
    return replace(cube.with_data(data.astype(np.float32)), noise=None)


def test_noise_at_the_rim_makes_no_sources() -> None:
    """Ten a cube, where noise was measured in blocks."""
    found = deepfocus.detect(corrected(empty_cube(shape=SHAPE, seed=5)))
    assert not len(found.catalogue.accepted)
    assert any("noise rises towards the edge" in note for note in found.notes)


def test_fluxes_are_those_of_the_cube_as_it_came() -> None:
    away = source(125.0, 60.0, 24.0, snr=25.0)
    cube = corrected(cube_with([away], shape=SHAPE, seed=6))
    (row,) = deepfocus.detect(cube).catalogue.accepted
    peak = float(np.nanmax(cube.data[24, 55:66, 120:131]))
    kms = float(cube.grid.width_kms(1.0, 24.0))
    wanted = away.line_jy / RESPONSE[60, 125] * away.fwhm_chan * 1.0645 * kms
    assert peak > 2 * away.line_jy
    # the response is known to a few percent, which does not matter: it is divided by again
    assert row["line_flux"] == pytest.approx(wanted, abs=3 * row["line_flux_err"])
    assert row["peak"] == pytest.approx(1e3 * peak, rel=1e-3)
    assert row["mask_flux"] == pytest.approx(wanted, abs=3 * row["mask_flux_err"])


def test_the_cube_itself_stays_and_others_are_not_touched() -> None:
    cube = corrected(empty_cube(shape=SHAPE))
    before = cube.array.copy()
    flat = flattened(cube)
    np.testing.assert_array_equal(cube.array, before)
    assert flat.cube.primary_beam is not None
    assert flat.rise == pytest.approx(5.0, rel=0.1)
    even = empty_cube(shape=SHAPE)
    assert flattened(even).cube is even
    known = replace(cube, primary_beam=RESPONSE[None].astype(np.float32))
    assert flattened(known).cube is known


def test_by_parts_it_is_the_same(tmp_path: Path) -> None:
    cube = corrected(cube_with([source(125.0, 60.0, 24.0, snr=25.0)], shape=SHAPE, seed=6))
    parts = replace(
        cube,
        data=ChangedVoxels(NamelessFile(tmp_path), cube.data),
        workspace=OnDisk(tmp_path, 1 << 18),
    )
    flat, whole = flattened(parts), flattened(cube)
    assert flat.rise == whole.rise
    assert isinstance(flat.cube.data, ReadByParts)
    np.testing.assert_array_equal(flat.cube.data[:, :, :], whole.cube.array)
    (one,), (other,) = (DeepFocus().ready().find(each).catalogue.accepted for each in (parts, cube))
    assert one["line_flux"] == pytest.approx(other["line_flux"], rel=1e-3)
