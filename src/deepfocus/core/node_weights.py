"""How beams that are known at a few frequencies are mixed for those between."""

from __future__ import annotations

import numpy as np

MOST_NODES = 25
LARGEST_SWING = 3.0
"""Largest allowed sum of a polynomial's absolute weights: 1.25 for three even
nodes, 2.4 for the simulator's nine, 11 for eight even ones."""


def lagrange(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(k, n) Lagrange basis polynomials of `nodes` evaluated at `at`."""
    out = np.ones((len(nodes), len(at)))
    for i, node in enumerate(nodes):
        for j, other in enumerate(nodes):
            if i != j:
                out[i] *= (at - other) / (node - other)
    return out


def node_weights(nodes_hz: np.ndarray, freq_hz: np.ndarray) -> np.ndarray:
    """(k, chan) weights of the nodes at every frequency: polynomial if well behaved, else linear.

    A polynomial through many nodes swings between them, unless they crowd towards the ends of the
    band as the simulator's do, and beyond them. It amplifies errors by up to the sum of its
    absolute weights. Where it does so beyond the outer nodes alone, these stand for what is there.
    """
    if len(nodes_hz) <= MOST_NODES:
        for at in (freq_hz, np.clip(freq_hz, nodes_hz.min(), nodes_hz.max())):
            weights = lagrange(nodes_hz, at)
            if np.abs(weights).sum(axis=0).max() <= LARGEST_SWING:
                return weights
    order = np.argsort(nodes_hz)
    units = np.eye(len(nodes_hz))[order]
    return np.stack([np.interp(freq_hz, nodes_hz[order], unit) for unit in units.T])
