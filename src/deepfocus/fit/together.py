"""Several components as one: the moving Gaussian that has their moments."""

from __future__ import annotations

import numpy as np

from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    SLOPE,
    X,
    Y,
    covariance_of,
)

APART = 16.0
"""Squared offset from a common place, in errors: the mean of components that are not at one."""
IN_A_ROW = 0.85
"""Of squared offsets, that a line explains. Of three places two are one where two sources are
blended, and have one channel of three in the middle."""


def as_one(components: np.ndarray) -> np.ndarray:
    """(12,) the component with the flux, and the moments on the sky and in frequency, of several.

    components : (n, 12) with positive fluxes
    """
    weights = components[:, FLUX] / components[:, FLUX].sum()
    places = components[:, [X, Y, CHANNEL]]
    centre = weights @ places
    spread = np.zeros((3, 3))
    for weight, row, place in zip(weights, components, places - centre, strict=True):
        within = np.zeros((3, 3))
        drift = row[GRADIENT]
        within[:2, :2] = covariance_of(row[None])[0] + np.outer(drift, drift) * row[SIGMA] ** 2
        within[:2, 2] = within[2, :2] = drift * row[SIGMA] ** 2
        within[2, 2] = row[SIGMA] ** 2
        spread += weight * (within + np.outer(place, place))
    one = of_moments(centre, spread)
    for column in (FLUX, CONTINUUM, SLOPE):
        one[column] = components[:, column].sum()
    return one


def of_moments(centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(12,) the moving component, without flux, with that mean (3,) and covariance (3, 3).

    centre, spread : of x, y, and channel
    """
    one = np.zeros(COUNT)
    one[[X, Y, CHANNEL]] = centre
    one[SIGMA] = np.sqrt(spread[2, 2])
    one[GRADIENT] = spread[:2, 2] / spread[2, 2]
    # what is left on the sky once the movement is taken out
    still = spread[:2, :2] - np.outer(one[GRADIENT], one[GRADIENT]) * spread[2, 2]
    one[SIZES] = still[0, 0], still[1, 1], still[0, 1]
    return one


def explained_by_moving(components: np.ndarray) -> float:
    """Of the extent of several along the way in which their line moves, what its movement makes.

    components : (n, 12) with positive fluxes. Near 1 for a disc, whatever it is fitted with: its
    sides are apart since they move. Two discs side by side have extent that no movement explains.
    """
    one = as_one(components)
    moved = float(one[GRADIENT] @ one[GRADIENT]) * one[SIGMA] ** 2
    if moved == 0:
        return 0.0
    along = one[GRADIENT] / np.hypot(*one[GRADIENT])
    left = float(along @ covariance_of(one[None])[0] @ along)
    return float(moved / (moved + max(left, 0.0)))


def follow_their_channels(components: np.ndarray, errors_px: np.ndarray) -> bool:
    """Whether places of three or more lie apart as their lines do, in a row and in order.

    components : (n, 12); errors_px : (n,) of their places. A line through the places, each at its
    channel, explains what no single place does.
    """
    if len(components) < 3:
        return False
    weights = 1 / errors_px**2
    weights = weights / weights.sum()
    places, channels = (
        components[:, columns] - weights @ components[:, columns] for columns in ([X, Y], [CHANNEL])
    )
    spread = float((weights @ channels**2)[0])
    if spread == 0:
        return False
    scatter = float(np.sum((places / errors_px[:, None]) ** 2))
    drift = weights @ (places * channels) / spread
    left = float(np.sum(((places - channels * drift) / errors_px[:, None]) ** 2))
    return scatter > APART * len(components) and left < (1 - IN_A_ROW) * scatter
