"""How beams that are known at a few frequencies are mixed for those between."""

from __future__ import annotations

import numpy as np

MOST_NODES = 25
LARGEST_SWING = 3.0
"""Largest allowed sum of a polynomial's absolute weights: 1.25 for three even
nodes, 2.4 for the simulator's nine, 11 for eight even ones."""
NEAREST = 4
"""Nodes around a frequency: even ones amplify errors by up to 1.6 at the ends of the band."""


def lagrange(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(k, n) Lagrange basis polynomials of `nodes` evaluated at `at`."""
    out = np.ones((len(nodes), len(at)))
    for i, node in enumerate(nodes):
        for j, other in enumerate(nodes):
            if i != j:
                out[i] *= (at - other) / (node - other)
    return out


def node_weights(nodes_hz: np.ndarray, freq_hz: np.ndarray) -> np.ndarray:
    """(k, chan) weights of the nodes at every frequency, which amplify errors little.

    A polynomial through many nodes swings between them, unless they crowd towards the ends of the
    band as the simulator's do, and beyond them. It amplifies errors by up to the sum of its
    absolute weights. Where it does so beyond the outer nodes alone, these stand for what is there.
    Where it does so between them, the polynomial through the nearest nodes takes its place, or, of
    nodes that lie so unevenly that this swings too, a straight line.
    """
    within = np.clip(freq_hz, nodes_hz.min(), nodes_hz.max())
    if len(nodes_hz) <= MOST_NODES:
        for at in (freq_hz, within):
            weights = lagrange(nodes_hz, at)
            if np.all(_swing(weights) <= LARGEST_SWING):
                return weights
    nearby = _of_nearest(NEAREST, nodes_hz, within)
    return np.where(_swing(nearby) <= LARGEST_SWING, nearby, _of_nearest(2, nodes_hz, within))


def _swing(weights: np.ndarray) -> np.ndarray:
    """(chan,) by how much weights (k, chan) may amplify errors of the nodes."""
    swing: np.ndarray = np.abs(weights).sum(axis=0)
    return swing


def _of_nearest(number: int, nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(k, n) weights of the polynomials through so many nodes around each place within them."""
    number = min(number, len(nodes))
    order = np.argsort(nodes)
    first = np.searchsorted(nodes[order], at) - number // 2
    first = np.clip(first, 0, len(nodes) - number)
    out = np.zeros((len(nodes), len(at)))
    for start in np.unique(first):
        here, used = first == start, order[start : start + number]
        out[np.ix_(used, here)] = lagrange(nodes[used], at[here])
    return out
