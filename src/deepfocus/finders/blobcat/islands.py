"""Islands of an image, flooded from bright pixels down to a lower threshold.

Hales et al. 2012, MNRAS 425, 979 (BLOBCAT), section 2. A pixel above the detection threshold seeds
an island, which grows to every pixel above the lower flooding threshold that shares a side with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, label, maximum_position


@dataclass(frozen=True, eq=False)
class Island:
    """Connected pixels above the flooding threshold.

    x, y : the peak pixel; snr : its signal-to-noise
    rows, columns : slices of the bounding box; mask : (rows, columns) bool, the island's pixels
    """

    x: int
    y: int
    snr: float
    rows: slice
    columns: slice
    mask: np.ndarray


def islands(snr: np.ndarray, *, detection: float, flooding: float) -> list[Island]:
    """The islands of a signal-to-noise image (y, x), NaN where missing, brightest first."""
    filled = np.nan_to_num(snr, nan=-np.inf)
    labels, number = label(filled >= flooding)
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
