"""Friends-of-friends growth of a deblended source from its brightest pixel (section 4.4, iii)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepfocus.ops.boxes import BOX_FRACTION, Box
from deepfocus.ops.snr import global_snr

MAX_STEPS = 40


@dataclass(frozen=True)
class FriendsOfFriends:
    """How a source grows around its brightest pixel.

    linking_px : pixels this close to a member may be friends
    friend_fraction : they are if their value exceeds this fraction of the seed's
    plateau : growth ends when the Global SNR no longer rises by this fraction
    """

    linking_px: float = 1.5
    friend_fraction: float = BOX_FRACTION
    plateau: float = 0.02

    def grow(self, image: np.ndarray, smoothed: np.ndarray, *, y: int, x: int) -> Box:
        """Box around the pixels linked to (y, x), grown until the Global SNR levels off.

        image : (y, x), to measure the Global SNR (Eq 17). smoothed : the same image smoothed, to
        choose friends. Growth starts from the pixels above half of the seed's value: while the
        ring of Eq 17 still lies on the source, the SNR is meaningless.
        """
        seed = float(smoothed[y, x])
        reach = int(np.ceil(self.linking_px))
        dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        link = np.hypot(dy, dx) <= self.linking_px
        friends = smoothed > self.friend_fraction * seed
        start, _ = ndimage.label(smoothed >= 0.5 * seed, structure=np.ones((3, 3)))
        members = start == start[y, x] if start[y, x] else np.zeros(image.shape, bool)
        members[y, x] = True
        best = global_snr(image, box_around(members))
        for _ in range(MAX_STEPS):
            grown = members | (ndimage.binary_dilation(members, structure=link) & friends)
            if grown.sum() == members.sum():
                break
            snr = global_snr(image, box_around(grown))
            if snr <= best + self.plateau * abs(best):
                break
            members, best = grown, snr
        return box_around(members)


def box_around(mask: np.ndarray) -> Box:
    """Pixel edges around the True pixels of `mask` (y, x)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(columns[0] - 0.5, columns[-1] + 0.5, rows[0] - 0.5, rows[-1] + 0.5)
