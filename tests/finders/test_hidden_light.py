"""Sources at the edge of the data: whole, one, and with errors that hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from finder_cubes import cube_with, source

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.source import Source
from deepfocus.finders.deepfocus.clusters import _Refitting
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.hidden import hidden_share
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, SIGMA, X, Y

SHAPE = (48, 128, 128)
RIM = 4
# half a beam from the edge of what is known, of a beam and a half; the beam has seven pixels
ALONG = (15.0, 40.0, 64.0, 90.0, 113.0)


def at_the_edge(first: float) -> list[Source]:
    """Three on the left, two on the right, centres `first` pixels from the edge and beyond."""
    sides = (first, SHAPE[2] - 1 - first)
    return [
        source(sides[i % 2], y, 10.0 + 6.0 * i, snr=60.0, size_px=9.0) for i, y in enumerate(ALONG)
    ]


def found_in(cube: Cube) -> Catalogue:
    return DeepFocus().ready().find(cube).catalogue.accepted


@pytest.mark.parametrize("blank", [False, True])
def test_a_source_at_the_edge_is_one_and_has_its_flux(blank: bool) -> None:
    """It was two or three, with 0.3 to 0.9 of the flux."""
    sources = at_the_edge(RIM + 3.5 if blank else 3.5)
    cube = cube_with(sources, shape=SHAPE, seed=3)
    if blank:
        data = cube.array.copy()
        data[:, :, :RIM] = data[:, :, -RIM:] = np.nan
        cube = cube.with_data(data)
    found = found_in(cube)
    assert len(found) == len(sources)
    order = np.argsort(found["y"])
    kms = float(cube.grid.width_kms(1.0, 24.0))
    true = np.array([each.line_jy * each.fwhm_chan * 1.0645 * kms for each in sources])
    off = found["line_flux"][order] - true
    assert (np.abs(off) < 4 * found["line_flux_err"][order]).all()
    assert (np.abs(off) < 0.1 * true).all()
    for name in ("x", "y"):
        wanted = np.array([getattr(each, name) for each in sources])
        assert (np.abs(found[name][order] - wanted) < 4 * found[f"{name}_err"][order]).all()
    assert all("near the edge" in each for each in found["warning"])


def test_the_share_that_is_hidden() -> None:
    class Fitted:
        values = np.zeros((1, COUNT))

    values = Fitted.values
    values[0, [X, Y, CHANNEL, SIGMA, FLUX]] = -0.5, 30.0, 5.0, 2.0, 1.0
    data = np.zeros((10, 60, 60), np.float32)
    # its centre at the edge of the first pixel
    assert hidden_share(Fitted, data, 7.0) == pytest.approx(0.5, abs=0.01)  # type: ignore[arg-type]
    values[0, X] = 30.0
    assert hidden_share(Fitted, data, 7.0) == 0.0  # type: ignore[arg-type]
    data[:, :, 33:] = np.nan
    # beyond 2.5 pixels, of a Gaussian of 7 / 2.355
    assert hidden_share(Fitted, data, 7.0) == pytest.approx(0.2, abs=0.01)  # type: ignore[arg-type]
    values[0, [CXX, CYY]] = 40.0, 0.0
    assert hidden_share(Fitted, data, 7.0) == pytest.approx(0.36, abs=0.01)  # type: ignore[arg-type]
    values[0, FLUX] = 0.0
    assert hidden_share(Fitted, data, 7.0) == 0.0  # type: ignore[arg-type]


def test_several_clusters_that_stay_as_they_were_are_not_fitted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where one in their place leaves more than they did, they come back, however many."""
    kept = ["one", "other"]
    monkeypatch.setattr(_Refitting, "once", lambda *_: kept)
    nothing: Any = None
    refitting = _Refitting(nothing, nothing, nothing, nothing, nothing)
    assert refitting.again(nothing, np.zeros((2, COUNT)), nothing) == kept
