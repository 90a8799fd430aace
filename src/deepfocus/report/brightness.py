"""Which sources are the brightest: those are drawn where there are too many for all."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue


def brightness(found: Catalogue) -> np.ndarray:
    """(n,) line flux, or the peak where no line flux is known; -inf where neither is."""
    flux = found["line_flux"] if np.isfinite(found["line_flux"]).any() else found["peak"]
    return np.where(np.isfinite(flux), flux, -np.inf)


def brightest(found: Catalogue, most: int) -> Catalogue:
    """At most that many of the rows, in the catalogue's order."""
    if len(found) <= most:
        return found
    rows = np.argsort(-brightness(found), kind="stable")[:most]
    return found.at(np.sort(rows))
