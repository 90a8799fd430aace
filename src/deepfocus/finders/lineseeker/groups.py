"""Groups of voxels: chains in which each is within a radius of the next.

LineSeeker groups by DBSCAN with groups of one allowed, which are these chains; a channel counts as
far as a pixel. Where voxels touch, only those at the surface of their clump can reach another.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

HALF = [offset for offset in product((-1, 0, 1), repeat=3) if offset > (0, 0, 0)]
"""One of each two opposite neighbours of a voxel."""
FACES = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def chains(voxels: np.ndarray, radius: float) -> np.ndarray:
    """(n,) number of the chain of each voxel, from 0.

    voxels : (n, 3) int, each once, in the order of their index in the array
    radius : of at least the diagonal of a voxel, so that those that touch are in one chain
    """
    clump = _clumps(voxels)
    edge = np.flatnonzero(_at_surface(voxels))
    pairs = cKDTree(voxels[edge]).query_pairs(radius, output_type="ndarray")
    links = clump[edge[pairs]]
    of_clump = _components(links[links[:, 0] != links[:, 1]], int(clump.max()) + 1)
    chain: np.ndarray = of_clump[clump]
    return chain


def _clumps(voxels: np.ndarray) -> np.ndarray:
    """(n,) number of the clump of each voxel, all of whose voxels touch."""
    links = [_neighbours(voxels, offset) for offset in HALF]
    return _components(np.concatenate(links), len(voxels))


def _at_surface(voxels: np.ndarray) -> np.ndarray:
    """(n,) bool: voxels one of whose six faces is free."""
    faces = np.zeros(len(voxels), int)
    for offset in FACES:
        faces += np.bincount(_neighbours(voxels, offset).ravel(), minlength=len(voxels))
    surface: np.ndarray = faces < 2 * len(FACES)
    return surface


def _neighbours(voxels: np.ndarray, offset: tuple[int, ...]) -> np.ndarray:
    """(pairs, 2) each voxel and the one at this offset from it, where it is among them."""
    shape = voxels.max(axis=0) + 3  # a margin, so that no index runs over into the next row
    at = np.ravel_multi_index((voxels + 1).T, shape)
    sought = np.ravel_multi_index((voxels + 1 + offset).T, shape)
    place = np.minimum(np.searchsorted(at, sought), len(at) - 1)
    found = np.flatnonzero(at[place] == sought)
    return np.stack([found, place[found]], axis=1)


def _components(links: np.ndarray, n: int) -> np.ndarray:
    """(n,) number of the connected component of each of n nodes, given the links (m, 2)."""
    ones = np.ones(len(links), bool)
    graph = coo_matrix((ones, (links[:, 0], links[:, 1])), shape=(n, n))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels
