"""Friends-of-friends growth of a deblended source from its brightest pixel (section 4.4, iii)."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepfocus.ops.boxes import BOX_FRACTION, Box
from deepfocus.ops.snr import global_snr


def grow_friends(
    image: np.ndarray,
    smoothed: np.ndarray,
    *,
    y: int,
    x: int,
    linking_px: float = 1.5,
    friend_fraction: float = BOX_FRACTION,
    plateau: float = 0.02,
    max_steps: int = 40,
) -> Box:
    """Box around the pixels linked to (y, x), grown until the Global SNR reaches its plateau.

    image : (y, x), where the Global SNR (Eq 17) is measured. smoothed : the same, smoothed,
    where friends are chosen. linking_px : pixels this close to a member are friends if their
    value exceeds `friend_fraction` of the seed's. plateau : growth ends when the Global SNR no
    longer rises by this fraction. It starts from the pixels above half of the seed's value:
    inside a source the ring of Eq 17 lies on the source too, and its ratio means nothing.
    """
    seed = float(smoothed[y, x])
    reach = int(np.ceil(linking_px))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    link = np.hypot(dy, dx) <= linking_px
    friends = smoothed > friend_fraction * seed
    start, _ = ndimage.label(smoothed >= 0.5 * seed, structure=np.ones((3, 3)))
    members = start == start[y, x] if start[y, x] else np.zeros(image.shape, bool)
    members[y, x] = True
    best = global_snr(image, box_of(members))
    for _ in range(max_steps):
        grown = members | (ndimage.binary_dilation(members, structure=link) & friends)
        if grown.sum() == members.sum():
            break
        snr = global_snr(image, box_of(grown))
        if snr <= best + plateau * abs(best):
            break
        members, best = grown, snr
    return box_of(members)


def box_of(mask: np.ndarray) -> Box:
    """Pixel edges around the True pixels of `mask` (y, x)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(columns[0] - 0.5, columns[-1] + 0.5, rows[0] - 0.5, rows[-1] + 0.5)
