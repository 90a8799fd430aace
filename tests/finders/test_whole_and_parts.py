"""A cube that is searched by parts gives the catalogue of the whole, wherever the parts end."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

import deepfocus as df
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.steps import KeptIn
from deepfocus.core.workspace import OnDisk
from deepfocus.finders.deepfocus import look
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.parameters import CHANNEL, COUNT, FLUX, SIGMA, X, Y
from deepfocus.forward.response import response_of
from deepfocus.search.bank import bank_of
from deepfocus.search.search import Found, search
from deepfocus.search.tiles import tiles

SMALLEST, SMALL, MEDIUM = 1 << 14, 1 << 16, 1 << 18
"""Voxels that are held at a time: the first makes tiles of a few beams, the last of half the cube.
"""
SIZE, CHANNELS = 192, 32


def on_seams() -> np.ndarray:
    """Pixels of an axis at which the smallest tiles end."""
    bank = bank_of(CHANNELS, 8.24, finest_px=8.24 / np.sqrt(2))
    step = bank.steps_px[0]
    nodes = -(-SIZE // step)
    ends = {each.rows.start for each in tiles((CHANNELS, nodes, nodes), SMALLEST)}
    return step * np.array(sorted(ends))[1:]


@cache
def made() -> tuple[Cube, np.ndarray]:
    """A dirty cube, and components (n, 12): on seams, one of them far brighter than the others."""
    empty = {
        "observation": {"size": SIZE, "channels": CHANNELS},
        "population": {"kind": "corrected", "sources": [0, 0]},
    }
    cube = df.simulate(empty, seed=4).cube
    seams = on_seams()
    seams = seams[(seams > 24) & (seams < SIZE - 24)]
    rng = np.random.default_rng(1)
    rows = np.zeros((len(seams) ** 2, COUNT))
    rows[:, X], rows[:, Y] = np.repeat(seams, len(seams)), np.tile(seams, len(seams))
    rows[:, [X, Y]] += rng.uniform(-0.6, 0.6, (len(rows), 2))
    rows[:, CHANNEL] = rng.uniform(8, 24, len(rows))
    rows[:, SIGMA] = 4 / FWHM_PER_SIGMA
    assert cube.noise is not None
    assert cube.noise.level_jy_beam is not None
    rows[:, FLUX] = 60 * cube.noise.level_jy_beam
    # in the middle: farther than the PSF reaches, a peak may be its sidelobe
    middle = np.hypot(*(rows[:, [X, Y]] - SIZE / 2).T).argmin()
    rows[middle, FLUX] *= 20
    data = cube.array.copy()
    add_model(data, [Part(rows)], response_of(cube))
    return cube.with_data(data), rows


@cache
def whole() -> Catalogue:
    return DeepFocus().ready().find(made()[0]).catalogue


def test_sources_on_seams_are_found_once() -> None:
    _, rows = made()
    assert len(rows) >= 9
    found = whole().accepted
    for row in rows:
        near = np.hypot(found["x"] - row[X], found["y"] - row[Y]) < 4
        same = near & (np.abs(found["channel"] - row[CHANNEL]) < 3)
        assert np.count_nonzero(same) == 1


@pytest.mark.parametrize("values_at_once", [SMALLEST, SMALL, MEDIUM])
def test_parts_of_any_size_give_the_same(tmp_path: Path, values_at_once: int) -> None:
    cube = replace(made()[0], workspace=OnDisk(tmp_path, values_at_once))
    by_parts, of_whole = DeepFocus().ready().find(cube).catalogue, whole()
    assert len(by_parts) == len(of_whole)
    np.testing.assert_array_equal(by_parts["flag"], of_whole["flag"])
    for name in ("x", "y", "channel", "line_fwhm_chan", "fwhm_x_px", "fwhm_y_px", "line_flux"):
        apart = np.abs(by_parts[name] - of_whole[name]) / of_whole[f"{name}_err"]
        assert np.nanmax(apart) < 0.01, name
    # other sums of the same numbers may be rounded in another way
    np.testing.assert_allclose(by_parts["snr_focused"], of_whole["snr_focused"], rtol=1e-4)


def test_a_restored_cube_by_parts(tmp_path: Path) -> None:
    """Masks, and what sources leave, are read from what was changed on disk."""
    settings = {"imaging": {"kind": "cleaned"}, "observation": {"size": 128, "channels": 24}}
    cube = df.simulate(settings, seed=3).cube
    of_whole = DeepFocus().ready().find(cube).catalogue
    some = replace(cube, workspace=OnDisk(tmp_path, SMALLEST))
    by_parts = DeepFocus().ready().find(some).catalogue
    assert len(of_whole.accepted)
    for name in ("line_flux", "mask_flux", "line_flux_err"):
        np.testing.assert_allclose(by_parts[name], of_whole[name], rtol=1e-4)


def test_a_search_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the second of its rounds, it does not make the first again: the same numbers."""
    cube = replace(made()[0], workspace=OnDisk(tmp_path, SMALL))
    expected = DeepFocus().ready().find(cube).catalogue
    made_by: list[str] = []

    def counted(*given: object, stop_at: int, **more: object) -> Found:
        if len(made_by) == stop_at:
            raise KeyboardInterrupt
        made_by.append("search")
        return search(*given, **more)  # type: ignore[arg-type]

    kept = cube.keeping(KeptIn(tmp_path / "steps"))
    monkeypatch.setattr(look, "search", partial(counted, stop_at=1))
    with pytest.raises(KeyboardInterrupt):
        DeepFocus().ready().find(kept)
    monkeypatch.setattr(look, "search", partial(counted, stop_at=100))
    found = DeepFocus().ready().find(kept).catalogue
    rounds = len(list((tmp_path / "steps").iterdir()))
    assert len(made_by) == rounds >= 2
    for name in expected.table.colnames:
        np.testing.assert_array_equal(found[name], expected[name])


def test_nothing_is_left_on_disk(tmp_path: Path) -> None:
    DeepFocus().ready().find(replace(made()[0], workspace=OnDisk(tmp_path, SMALL)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("values_at_once", [1 << 10, 1 << 14, 1 << 20])
def test_each_node_lies_in_one_tile(values_at_once: int) -> None:
    shape = 17, 61, 90
    count = np.zeros(shape[1:], int)
    for each in tiles(shape, values_at_once):
        count[each.rows, each.columns] += 1
        for own, read, n in zip((each.rows, each.columns), each.read, shape[1:], strict=True):
            assert read.start == max(own.start - 1, 0)
            assert read.stop == min(own.stop + 1, n)
    assert (count == 1).all()
