"""What CLEAN leaves of a sky when it stops: emission that stays convolved with the dirty beam."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepfocus.core.noise import Noise
from deepfocus.simulation.view import CleanedView, View
from deepfocus.sky.components import SkyModel


@dataclass(frozen=True, eq=False)
class Uncleaned:
    """The sky that CLEAN did not find.

    components : (part, node, y, x) dirty images of the sky's parts at unit spectrum
    share : (part, chan) what was left of each part; all parts of a source have the same
    """

    components: np.ndarray
    share: np.ndarray


def uncleaned(
    threshold_snr: float, sky: SkyModel, spectra: np.ndarray, *, view: View, noise: Noise
) -> Uncleaned | None:
    """What is left of a sky below a threshold; None if everything was found.

    spectra : (part, chan) Jy/pixel

    CLEAN takes a source down until its residual, in the dirty image, has the threshold's height.
    So of a source that peaks at p in a channel, a share t / p is left, and all of it if p < t.
    """
    if not isinstance(view, CleanedView) or threshold_snr == 0 or not sky.components:
        return None
    assert noise.sigma_jy_beam is not None
    dirty = view.dirty
    components = dirty.dirty_components(sky.images())
    threshold = threshold_snr * np.broadcast_to(noise.sigma_jy_beam, spectra.shape[1])
    share = np.empty(spectra.shape)
    for first, last in pairwise([*sky.first_parts, len(spectra)]):
        cube = dirty.dirty_cube(components[first:last], spectra[first:last])
        peaks = np.abs(cube).max(axis=(1, 2))
        share[first:last] = threshold / np.maximum(peaks, threshold)
    return Uncleaned(components, share)


def dirty_still(sky: SkyModel, spectra: np.ndarray, *, view: View) -> Uncleaned | None:
    """All of a sky, as it is before CLEAN; None if it is empty.

    spectra : (part, chan) Jy/pixel
    """
    assert isinstance(view, CleanedView)
    if not sky.components:
        return None
    components = view.dirty.dirty_components(sky.images())
    return Uncleaned(components, np.ones(spectra.shape))
