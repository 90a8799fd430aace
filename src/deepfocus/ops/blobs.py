"""Source candidates in a probability map: threshold, label, box (section 4.4, step 4).

The paper takes connected pixels above 0.15. Touching blobs may then be split at a saddle if both
peaks rise above it by a given depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from scipy import ndimage

from deepfocus.ops.boxes import Box


@dataclass(frozen=True, eq=False)
class Blob:
    """Connected pixels of a probability map.

    box : pixel edges around the blob. x, y : probability-weighted centre, 0-based pixels.
    peak : highest value. rows, columns : slices of the bounding box in the image.
    mask : (rows, columns) bool, the blob's pixels in that box.
    """

    box: Box
    x: float
    y: float
    peak: float
    rows: slice
    columns: slice
    mask: np.ndarray


EIGHT_CONNECTED = np.ones((3, 3), bool)


class Split(Protocol):
    """How the pixels above a threshold become blobs."""

    def labels(self, values: np.ndarray, above: np.ndarray) -> np.ndarray:
        """(y, x) int: blob number of each pixel, from 1; 0 below the threshold.

        values : (y, x) without NaN; above : (y, x) bool
        """
        ...


@dataclass(frozen=True)
class Connected:
    """Connected pixels form one blob, as in the paper."""

    kind: ClassVar[str] = "connected"

    def labels(self, values: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Pixels that touch, even at corners, share a label."""
        labels: np.ndarray = ndimage.label(above, structure=EIGHT_CONNECTED)[0]
        return labels


@dataclass(frozen=True)
class Saddles:
    """Connected pixels are split at the saddles between their peaks.

    depth : least height of the lower of two peaks above the saddle between them
    min_separation_px : peaks closer than this are not split
    """

    kind: ClassVar[str] = "saddles"

    depth: float = 0.1
    min_separation_px: float = 3.0

    def labels(self, values: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Watershed basins of all local maxima, joined across shallow saddles."""
        if not above.any():
            return np.zeros(above.shape, int)
        return _split(values, above, depth=self.depth, separation=self.min_separation_px)


CONNECTED = Connected()


def find_blobs(
    probability: np.ndarray,
    threshold: float = 0.15,
    *,
    split: Split = CONNECTED,
    min_area_px: int = 1,
) -> list[Blob]:
    """Blobs above `threshold`, by decreasing peak; an empty list if there are none.

    probability : (y, x) in [0, 1]; NaN counts as 0. min_area_px : smaller blobs are dropped
    """
    filled = np.nan_to_num(np.asarray(probability, np.float64))
    labels = split.labels(filled, filled > threshold)
    blobs = []
    for index, slices in enumerate(ndimage.find_objects(labels), start=1):
        if slices is None:
            continue
        mask = labels[slices] == index
        if mask.sum() >= min_area_px:
            blobs.append(_blob(filled, slices, mask))
    return sorted(blobs, key=lambda blob: -blob.peak)


def _blob(values: np.ndarray, slices: tuple[slice, slice], mask: np.ndarray) -> Blob:
    rows, columns = slices
    weight = np.where(mask, values[slices], 0.0)
    yy, xx = np.mgrid[slices]
    total = weight.sum()
    return Blob(
        box=Box(columns.start - 0.5, columns.stop - 0.5, rows.start - 0.5, rows.stop - 0.5),
        x=float((weight * xx).sum() / total),
        y=float((weight * yy).sum() / total),
        peak=float(weight.max()),
        rows=rows,
        columns=columns,
        mask=mask,
    )


def _split(values: np.ndarray, above: np.ndarray, *, depth: float, separation: float) -> np.ndarray:
    """Watershed basins of all local maxima, joined again across shallow saddles."""
    from skimage import segmentation

    watershed: Callable[..., np.ndarray] = segmentation.watershed  # untyped in skimage
    labels = watershed(-values, mask=above, connectivity=2)
    n = int(labels.max())
    peak = np.zeros(n + 1)
    peak_at = np.zeros((n + 1, 2))
    for index, position in enumerate(
        ndimage.maximum_position(values, labels, index=np.arange(1, n + 1)), start=1
    ):
        peak[index], peak_at[index] = values[position], position
    saddles = _saddles(values, labels)
    parent = np.arange(n + 1)

    def root(i: int) -> int:
        while parent[i] != i:
            i = int(parent[i])
        return i

    # From the highest saddle down, join two basins if the lower peak barely rises above it.
    for (i, j), saddle in sorted(saddles.items(), key=lambda item: -item[1]):
        a, b = root(i), root(j)
        if a == b:
            continue
        high, low = (a, b) if peak[a] >= peak[b] else (b, a)
        close = np.hypot(*(peak_at[high] - peak_at[low])) < separation
        if close or peak[low] - saddle < depth:
            parent[low] = high
    roots = np.array([root(i) for i in range(n + 1)])
    joined: np.ndarray = roots[labels]
    return joined


def _saddles(values: np.ndarray, labels: np.ndarray) -> dict[tuple[int, int], float]:
    """Highest pass between each pair of touching basins: the lower of two adjacent pixels."""
    passes: dict[tuple[int, int], float] = {}
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        ny, nx = values.shape
        left = slice(max(0, -dx), nx - max(0, dx))
        right = slice(max(0, dx), nx - max(0, -dx))
        first, second = labels[: ny - dy, left], labels[dy:, right]
        touch = (first != second) & (first > 0) & (second > 0)
        level = np.minimum(values[: ny - dy, left], values[dy:, right])[touch]
        for i, j, v in zip(first[touch], second[touch], level, strict=True):
            pair = (int(min(i, j)), int(max(i, j)))
            passes[pair] = max(passes.get(pair, -np.inf), float(v))
    return passes
