"""Lines in an image of few channels, which tell what part of a flux each of them has, and no more.

A Gaussian is drawn through the channels, and its flux is that inside the band: nothing is made up
beyond it. It may be as narrow as a channel, or so broad that all channels have the same, as those
of a continuum do. Of one channel nothing but the flux is known; of two, also where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, GRADIENT, SIGMA, SLOPE, free_but
from deepfocus.fit.spectra import Integrated, Profile, Sampled

FOR_CENTRE, FOR_WIDTH = 2, 3
"""Channels with data that a line's centre, and its width, take to be fitted."""


@dataclass(frozen=True)
class InBand:
    """A Gaussian over the channels of an image, its sum over those with data 1.

    known : the channels with data. A standard deviation of 5 bands leaves each of them the same
        flux within half a percent.
    """

    known: tuple[int, ...]
    least_sigma: float = 0.2
    largest_sigma: float = 5.0
    outside_chan: float = 0.0

    def of(
        self, channels: np.ndarray, *, centre: np.ndarray, sigma: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n, chan) shares of the flux, and their derivatives by centre and by sigma."""
        gaussian = Integrated()
        share, by_centre, by_sigma = gaussian.of(channels, centre=centre, sigma=sigma)
        total, total_by_centre, total_by_sigma = (
            each.sum(axis=1, keepdims=True)
            for each in gaussian.of(np.array(self.known), centre=centre, sigma=sigma)
        )
        share = share / total
        return (
            share,
            (by_centre - share * total_by_centre) / total,
            (by_sigma - share * total_by_sigma) / total,
        )


def profile_of(searched: np.ndarray) -> Profile:
    """How channels are taken to see lines, before they have been looked at.

    searched : (chan,) bool, the channels with data
    """
    if not is_image(len(searched)):
        return Sampled()
    known = np.flatnonzero(searched) if np.any(searched) else np.arange(len(searched))
    return InBand(tuple(known.tolist()))


def free_lines(count: int, searched: np.ndarray) -> np.ndarray:
    """(n, 12) bool: place, shape and line of n components, as far as the channels tell them.

    searched : (chan,) bool, the channels with data
    """
    free = free_but(count, *GRADIENT, CONTINUUM, SLOPE)
    if is_image(len(searched)):
        known = np.count_nonzero(searched)
        free[:, CHANNEL], free[:, SIGMA] = known >= FOR_CENTRE, known >= FOR_WIDTH
    return free


def started(components: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """The components (n, 12) to start from.

    One of two channels with data starts between them, where both tell where its centre is.
    """
    known = np.flatnonzero(searched)
    if not is_image(len(searched)) or len(known) >= FOR_WIDTH:
        return components
    components = components.copy()
    components[:, CHANNEL] = known.mean()
    components[:, SIGMA] = profile_of(searched).least_sigma
    return components


def shown(components: np.ndarray, profile: Profile) -> np.ndarray:
    """The components (n, 12) with centre and width as few channels show them.

    The centre is the mean channel of the flux, the FWHM the length of a band that has the same
    variance: 1 where the flux is in one channel, and all of them where they have as much.
    """
    if not isinstance(profile, InBand):
        return components
    at = np.array(profile.known)
    share = profile.of(at, centre=components[:, CHANNEL], sigma=components[:, SIGMA])[0]
    mean = share @ at
    variance = np.maximum(share @ at**2 - mean**2, 0.0)
    components = components.copy()
    components[:, CHANNEL] = mean
    components[:, SIGMA] = np.sqrt(12 * variance + 1) / FWHM_PER_SIGMA
    return components
