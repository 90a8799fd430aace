"""Which planes of a beam's file are read: as few as tell what those between them are.

Dirty beams differ from channel to channel by the scale of frequency, and where some data of a
channel are flagged. A few planes tell the first. A plane of the second kind would spoil all that
is interpolated from it, so that nodes are planes that are like those beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deepfocus.core.node_weights import node_weights
from deepfocus.core.voxels import Voxels

NODES = (3, 5, 9, 17)
"""How many are tried, at the extrema of Chebyshev polynomials: each takes those before along."""
ALLOWED = 1e-3
"""Of the peak: what a beam may be off between nodes; noise is more up to a signal-to-noise of
1,000."""
NO_WORSE = 1.3
"""Of the least error that any number of nodes makes: where data are flagged here and there, some
is left however many there are."""
BESIDE = (0, 1, -1, 2, -2, 4, -4, 8, -8)
"""Of the planes at these steps from one, the nearest five that hold anything are compared."""
COMPARED = 5
UNLIKE = 2.5
"""Times the least difference that one of them has from the next but one that is most like it. By
frequency alone it is twice that, at an end of the band."""
SAME = 1e-4
"""Of the peak: planes that differ by less are alike."""
LOBE_PX = 64
"""Pixels from the peak within which they are compared."""


def first_middle_last(
    data: Voxels, planes: np.ndarray, at_hz: np.ndarray | None = None
) -> list[int]:
    """Of planes (n,) of data (plane, y, x), those that hold anything; of all, if none does.

    at_hz : (plane,) frequencies, which do not matter here
    """

    def nearest(to: int) -> int:
        in_order = planes[np.argsort(np.abs(planes - to), kind="stable")]
        return int(next((each for each in in_order if holds_anything(data[each])), to))

    first, last = nearest(planes[0]), nearest(planes[-1])
    return sorted({first, nearest((first + last + 1) // 2), last})


def telling_planes(data: Voxels, planes: np.ndarray, at_hz: np.ndarray) -> list[int]:
    """Of planes (n,) of dirty beams (plane, y, x), as few as tell the others.

    at_hz : (plane,) frequencies. Halfway between two nodes a plane is what these make of it to
    `ALLOWED`, or as nearly as any number of them can.
    """
    ends = first_middle_last(data, planes)
    beams = _Beams(data, planes[(planes >= ends[0]) & (planes <= ends[-1])])
    tried: list[tuple[float, list[int]]] = []
    for number in NODES:
        nodes = beams.nodes(number)
        tried.append((beams.error_between(nodes, at_hz), nodes))
        if tried[-1][0] <= ALLOWED:
            break
    least = min(error for error, _ in tried)
    return next(nodes for error, nodes in tried if error <= max(ALLOWED, NO_WORSE * least))


def holds_anything(plane: np.ndarray) -> bool:
    """Whether any of its values is known, and not 0."""
    return bool(np.any(np.isfinite(plane) & (plane != 0)))


@dataclass(frozen=True, eq=False)
class _Beams:
    """Some planes of a file, by their places among these."""

    data: Voxels
    planes: np.ndarray
    _lobes: dict[int, np.ndarray] = field(default_factory=dict)

    def nodes(self, number: int) -> list[int]:
        """As many planes, or fewer where there are no more, crowding towards both ends."""
        share = (1 - np.cos(np.pi * np.arange(number) / (number - 1))) / 2
        # of two in the middle the upper
        places = np.floor(share * (len(self.planes) - 1) + 0.5 + 1e-9)
        return sorted({self._like_others(int(place)) for place in places})

    def error_between(self, nodes: list[int], at_hz: np.ndarray) -> float:
        """The largest of the planes halfway between two nodes, of the peak."""
        places = np.searchsorted(self.planes, nodes)
        halfway = {self._like_others(int(place)) for place in (places[1:] + places[:-1]) // 2}
        images = np.stack([self._plane(node) for node in nodes])
        worst = 0.0
        for plane in halfway - {*nodes}:
            shares = node_weights(at_hz[nodes], at_hz[[plane]])[:, 0].astype(np.float32)
            told = np.tensordot(shares, images, axes=1)
            worst = max(worst, float(np.abs(told - self._plane(plane)).max()))
        return worst

    def _like_others(self, place: int) -> int:
        """The plane nearest to a place that differs no more from those around than they do."""
        there = [place + step for step in BESIDE if 0 <= place + step < len(self.planes)]
        around = [int(self.planes[i]) for i in there]
        held = [plane for plane in around if self._lobe(plane).any()][:COMPARED]
        if len(held) < COMPARED:
            return held[0] if held else around[0]
        lobes = [self._lobe(plane) for plane in held]
        apart = np.array([[np.abs(one - other).max() for other in lobes] for one in lobes])
        # of the others, three of which may be unlike it; from itself it does not differ
        nearly = np.sort(apart, axis=1)[:, 2]
        return held[int(np.argmax(nearly <= UNLIKE * nearly.min() + SAME))]

    def _lobe(self, plane: int) -> np.ndarray:
        """Its middle, which is kept: others are compared with it as well."""
        if plane not in self._lobes:
            values = self._plane(plane)
            y, x = (slice(max(n // 2 - LOBE_PX, 0), n // 2 + LOBE_PX + 1) for n in values.shape)
            self._lobes[plane] = values[y, x].copy()
        return self._lobes[plane]

    def _plane(self, plane: int) -> np.ndarray:
        """(y, x) over its peak; 0 where it is not known."""
        values = np.nan_to_num(np.asarray(self.data[plane], np.float32))
        over_peak: np.ndarray = values / max(float(np.abs(values).max()), 1e-30)
        return over_peak
