"""Islands of an image: filled from bright pixels down to a floor.

Hales et al. 2012, MNRAS 425, 979 (BLOBCAT). A pixel above the detection threshold seeds an island;
the flood takes every pixel that touches it and lies above the lower, flooding threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, label, maximum_position

TOUCHING = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class Island:
    """Touching pixels above the flooding threshold.

    x, y : the highest pixel; snr : of it
    rows, columns : slices of the bounding box; mask : (rows, columns) bool, the pixels within
    """

    x: int
    y: int
    snr: float
    rows: slice
    columns: slice
    mask: np.ndarray


def islands(snr: np.ndarray, *, detection: float, flooding: float) -> list[Island]:
    """The islands of a signal-to-noise image (y, x), NaN where missing, by falling height."""
    filled = np.nan_to_num(snr, nan=-np.inf)
    labels, number = label(filled >= flooding, structure=TOUCHING)
    if not number:
        return []
    highest = maximum_position(filled, labels, index=np.arange(1, number + 1))
    found = [
        Island(
            x=int(x),
            y=int(y),
            snr=float(filled[y, x]),
            rows=box[0],
            columns=box[1],
            mask=labels[box] == index,
        )
        for index, ((y, x), box) in enumerate(
            zip(highest, find_objects(labels), strict=True), start=1
        )
        if filled[y, x] >= detection
    ]
    return sorted(found, key=lambda island: -island.snr)
