"""Planes that are known at a few channels, and what they tell of others."""

from __future__ import annotations

import numpy as np


def shares_of_planes(at: np.ndarray, channel: np.ndarray | float) -> np.ndarray:
    """(k, ...) how much of each plane, at channels (k,), a channel between them has: linear."""
    order = np.argsort(at)
    return np.array([np.interp(channel, at[order], one[order]) for one in np.eye(len(at))])


def mean_of_known(shares: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """(...) of planes (k, ...), by their shares, those that are known there; NaN where none is.

    Where a primary beam is cut off at a level, it ends nearer at a higher frequency.
    """
    counted = np.where(np.isfinite(planes), shares, 0.0)
    known = counted.sum(axis=0)
    mixed = np.sum(counted * np.where(counted > 0, planes, 0.0), axis=0)
    mean: np.ndarray = np.full(known.shape, np.nan)
    np.divide(mixed, known, out=mean, where=known > 0)
    return mean
