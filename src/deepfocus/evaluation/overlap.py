"""Distances and overlaps between every row of one catalogue and every row of another.

A pair with an unknown (NaN) edge or position overlaps by 0 and lies infinitely far apart, so
that a row without a line or a box never matches.
"""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.ops import boxes

NARROWEST_CHAN = 1e-3
"""A line as narrow as that moves nowhere that matters."""


def centre_distance(a: Catalogue, b: Catalogue) -> np.ndarray:
    """(len(a), len(b)) distances in the image between `x, y`, px."""
    return _finite(np.hypot(_between(a["x"], b["x"]), _between(a["y"], b["y"])), np.inf)


def distance_along_the_line(found: Catalogue, truth: Catalogue) -> np.ndarray:
    """(len(found), len(truth)) px from where each true line is at the frequency of a found one.

    A line that moves on the sky does so in proportion to its velocity; one that is not known to
    stays in place. Angles are those of an image with north up.
    """
    width = np.maximum(truth["line_fwhm_chan"], NARROWEST_CHAN)
    widths = _between(found["channel"], truth["channel"]) / width
    recedes = -np.sign(_between(found["frequency"], truth["frequency"]))
    along = np.nan_to_num(truth["line_shift_px"] * np.abs(widths) * recedes)
    angle = np.deg2rad(np.nan_to_num(truth["kinematic_pa"]))
    x = _between(found["x"], truth["x"]) + along * np.sin(angle)
    y = _between(found["y"], truth["y"]) - along * np.cos(angle)
    return _finite(np.hypot(x, y), np.inf)


def channel_distance(a: Catalogue, b: Catalogue) -> np.ndarray:
    """(len(a), len(b)) absolute differences of `channel`."""
    return _finite(np.abs(_between(a["channel"], b["channel"])), np.inf)


def box_centre_distance(a: Catalogue, b: Catalogue) -> np.ndarray:
    """(len(a), len(b)) distances between the centres of the 2D boxes, px."""
    along_x = _between((a["box_x0"] + a["box_x1"]) / 2, (b["box_x0"] + b["box_x1"]) / 2)
    along_y = _between((a["box_y0"] + a["box_y1"]) / 2, (b["box_y0"] + b["box_y1"]) / 2)
    return _finite(np.hypot(along_x, along_y), np.inf)


def box_iou(a: Catalogue, b: Catalogue) -> np.ndarray:
    """(len(a), len(b)) intersection over union of the 2D boxes."""
    width = _shared(a, b, "box_x0", "box_x1")
    height = _shared(a, b, "box_y0", "box_y1")
    return _over_union(width * height, _area(a), _area(b))


def range_iou(a: Catalogue, b: Catalogue) -> np.ndarray:
    """(len(a), len(b)) intersection over union of the channel ranges."""
    shared = _shared(a, b, "channel_lo", "channel_hi")
    return _over_union(shared, a["channel_hi"] - a["channel_lo"], b["channel_hi"] - b["channel_lo"])


def blendness(truth: Catalogue) -> np.ndarray:
    """(n,) highest box IoU of each source with any other of the same cube (Eq 22)."""
    edges = (truth[name] for name in ("box_x0", "box_x1", "box_y0", "box_y1"))
    return boxes.blendness([boxes.Box(*box) for box in zip(*edges, strict=True)])


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    differences: np.ndarray = a[:, None] - b[None, :]
    return differences


def _shared(a: Catalogue, b: Catalogue, low: str, high: str) -> np.ndarray:
    start = np.maximum(a[low][:, None], b[low][None, :])
    end = np.minimum(a[high][:, None], b[high][None, :])
    lengths: np.ndarray = np.maximum(end - start, 0.0)
    return lengths


def _area(rows: Catalogue) -> np.ndarray:
    area: np.ndarray = (rows["box_x1"] - rows["box_x0"]) * (rows["box_y1"] - rows["box_y0"])
    return area


def _over_union(shared: np.ndarray, size_a: np.ndarray, size_b: np.ndarray) -> np.ndarray:
    union = size_a[:, None] + size_b[None, :] - shared
    positive = np.nan_to_num(union) > 0
    return _finite(np.divide(shared, union, out=np.zeros_like(union), where=positive), 0.0)


def _finite(values: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(np.isfinite(values), values, otherwise)
