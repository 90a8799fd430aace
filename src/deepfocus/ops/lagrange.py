"""Lagrange polynomials, to interpolate between a few frequencies."""

from __future__ import annotations

import numpy as np


def lagrange(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(k, n) Lagrange basis polynomials of `nodes` evaluated at `at`."""
    out = np.ones((len(nodes), len(at)))
    for i, node in enumerate(nodes):
        for j, other in enumerate(nodes):
            if i != j:
                out[i] *= (at - other) / (node - other)
    return out
