"""Sums of waves over channels that a line moves through: at few of them, by polynomials between.

What a sum over uv cells says of two components changes with their displacement, which is a wave for
every cell. Over all channels none of these turns by more than some radians, so that a polynomial
through few channels says the same of the others, to the last digits that matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebvander

BY_TURN, AT_LEAST = 1.5, 14
"""Nodes for each radian that a wave turns to either side of the middle, and beside them: what is
left is less than 1e-9 of the wave."""
WORTH_IT = 1.5
"""Channels for each node: with fewer all of them are as fast, and nodes are too near each other."""
KEPT = 256
"""Sets of nodes that are remembered."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """channels : (node,) those at which something is asked for; between : (m, node) shares of what
    is found there in all of m.
    """

    channels: np.ndarray
    between: np.ndarray


def nodes_for(count: int, turns: float) -> Nodes | None:
    """Of channels that follow each other, over which no wave turns by more than so many radians.

    None where all channels are as few.
    """
    nodes = int(np.ceil(BY_TURN * turns / 2)) + AT_LEAST
    return _nodes(count, nodes) if count >= WORTH_IT * nodes else None


@lru_cache(KEPT)
def _nodes(count: int, nodes: int) -> Nodes:
    """As near as channels are to where Chebyshev's polynomials have theirs."""
    middle = (count - 1) / 2
    at = middle - middle * np.cos(np.pi * np.arange(nodes) / (nodes - 1))
    channels = np.unique(np.rint(at).astype(int))
    here, everywhere = (
        chebvander(each / middle - 1, len(channels) - 1) for each in (channels, np.arange(count))
    )
    return Nodes(channels, np.linalg.solve(here.T, everywhere.T).T)
