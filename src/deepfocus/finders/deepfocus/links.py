"""Groups of components that become one, whatever it is that links them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def linked(groups: Sequence[np.ndarray], links: np.ndarray) -> list[np.ndarray]:
    """The groups, those as one that links (link, 2) from number to number connect."""
    graph = coo_array((np.ones(len(links)), tuple(links.T)), shape=(len(groups),) * 2)
    count, source = connected_components(graph, directed=False)
    return [
        np.concatenate([group for group, own in zip(groups, source, strict=True) if own == number])
        for number in range(count)
    ]
