"""Records made by hand: two cubes of which everything is known, and a finder with two steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from source_samples import sources

from deepfocus.core.catalogue import Catalogue, catalogue, stacked
from deepfocus.core.flags import Flag
from deepfocus.evaluation.campaign import Campaign, Cost, Found
from deepfocus.evaluation.records import Records

COST = Cost(cpu_s=2.0, wall_s=3.0, peak_bytes=2**28)
X = np.array([20.0, 60.0, 100.0])


def truth(**columns: Any) -> Catalogue:
    """Three sources in a row, 40 px apart; a beam of 6 px, so each reaches 3 px."""
    known: dict[str, Any] = {
        "ideal_snr": [5.5, 9.0, 40.0],
        "snr_peak": [2.5, 8.0, 30.0],
        "line_flux": [1.0, 2.0, 4.0],
        "x_err": np.full(3, 0.1),
    }
    rows = sources(X, np.full(3, 50.0), [10.0, 20.0, 30.0], **(known | columns))
    return rows.with_meta(beam_px=6.0, channels=64)


def blobs(*which: int) -> Catalogue:
    """In the image alone, where those true sources are."""
    return catalogue(x=X[list(which)], y=np.full(len(which), 50.0))


def rows(*which: int, shift: float = 0.0, **columns: Any) -> Catalogue:
    """Where those true sources are, so many px to the right."""
    at = truth().at(np.array(which, int))
    return sources(at["x"] + shift, at["y"], at["channel"], **columns)


def one_finder() -> dict[str, Found]:
    """Finds the third source in both cubes, the second in one; one false row.

    In cube 1, source 1 has no blob, and source 2 is rejected in the end. In cube 2, source 1 has a
    blob but no line.
    """
    rejected = rows(1, flag=[int(Flag.LOW_PROBABILITY)], probability=[0.2]).with_reasons()
    first = stacked([rejected, rows(2, shift=0.2, probability=[0.9], line_flux=[4.2])])
    false = sources(150.0, 50.0, 40.0, probability=[0.6])
    second = stacked([rows(1, 2, probability=[0.8, 0.95], line_flux=[1.9, 3.0]), false])
    return {
        "1": Found(first, {"blobs": blobs(1, 2), "lines": rows(1, 2)}, COST),
        "2": Found(second, {"blobs": blobs(0, 1, 2), "lines": rows(1, 2)}, COST),
    }


def records(name: str = "three", **finders: dict[str, Found]) -> Records:
    """Of the finders given, else of `one_finder` alone."""
    found = finders or {"one": one_finder()}
    truths = {"1": truth(), "2": truth()}
    return Records(name, Campaign(truths, found), {}, {label: {} for label in found})
