"""Lines that are the two sides of one galaxy: a disc in their place explains as much.

Between the sides of a faint disc that is seen edge on there may be too little to be seen, and what
its sides are as Gaussians, still or moving, need not touch. But what one disc looks like, two
sources hardly do (`horns.BEYOND_NOISE`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.fit.grouping import LEAST_SADDLE
from deepfocus.fit.horns import are_sides
from deepfocus.fit.parameters import GRADIENT
from deepfocus.fit.parts import neighbours, shining_parts
from deepfocus.fit.solve import Fit

MOST = 3
"""Components of one disc: both sides, and what was found between. More show how they move."""


def sides_of(fitted: Fit) -> tuple[tuple[int, int], ...]:
    """Pairs of components of different parts of the model that one disc explains as well.

    And of two that touch, where they move: of two that stay in place it shows before.
    """
    return tuple((one, other) for one, other, disc in _possible(fitted) if are_sides(fitted, disc))


def _possible(fitted: Fit) -> Iterator[tuple[int, int, np.ndarray]]:
    """Two components, and all that would be one disc with them."""
    parts = shining_parts(fitted, LEAST_SADDLE)
    part_of = {int(i): part for part in parts for i in part}
    for part in parts:
        if len(part) == 2 and fitted.free[part][:, GRADIENT].any():
            yield int(part[0]), int(part[1]), part
    for one, other, _ in neighbours(fitted, LEAST_SADDLE):
        both = np.concatenate([part_of[one], part_of[other]])
        if len(both) <= MOST:
            yield one, other, both
