"""Channel ranges: the extent of a line, overlaps of ranges, and the channels free of lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MOST_OF_AN_IMAGE = 4
"""Channels in which a line of one or two cannot be told from continuum, nor its width measured."""


def is_image(channels: int) -> bool:
    """Whether a cube of so few channels is searched as an image: all that shines is a source."""
    return channels <= MOST_OF_AN_IMAGE


@dataclass(frozen=True)
class ChannelRange:
    """Channels from `lo` to `hi`, both fractional and inclusive. A line spans its centre -+ FWHM.

    The paper calls this length, 2 FWHM, the extension of the line.
    """

    lo: float
    hi: float

    @property
    def centre(self) -> float:
        """The middle channel."""
        return (self.lo + self.hi) / 2

    def slice(self, n: int) -> slice:
        """The channels, out of `n`, whose centre lies inside; at least the nearest one."""
        first = int(np.clip(np.ceil(self.lo), 0, n - 1))
        last = int(np.clip(np.floor(self.hi), 0, n - 1))
        if last < first:
            first = last = int(np.clip(np.floor(self.centre + 0.5), 0, n - 1))
        return slice(first, last + 1)

    def length_within(self, n: int) -> float:
        """Length in channels of the part inside a band of `n` channels."""
        return min(self.hi, n - 1) - max(self.lo, 0)

    def overlaps(self, other: ChannelRange) -> bool:
        """Whether the ranges share more than an endpoint."""
        return self.lo < other.hi and other.lo < self.hi

    def joined(self, other: ChannelRange) -> ChannelRange:
        """The shortest range that contains both."""
        return ChannelRange(min(self.lo, other.lo), max(self.hi, other.hi))

    def iou(self, other: ChannelRange) -> float:
        """Intersection over union."""
        common = max(min(self.hi, other.hi) - max(self.lo, other.lo), 0.0)
        union = (self.hi - self.lo) + (other.hi - other.lo) - common
        return common / union if union > 0 else 0.0


def around(channel: float, half_width: float) -> ChannelRange:
    """The range that extends `half_width` to either side of a channel."""
    return ChannelRange(channel - half_width, channel + half_width)


def free_channels(n: int, lines: Iterable[ChannelRange]) -> np.ndarray:
    """(n,) bool: the channels whose centre lies outside every range of `lines`."""
    channel = np.arange(n)
    free = np.ones(n, bool)
    for line in lines:
        free &= (channel < line.lo) | (channel > line.hi)
    return free


def channels_of_planes(given: np.ndarray | None, planes: int, channels: int) -> np.ndarray:
    """(planes,) channels that planes of a beam belong to: those given, or spread over the band."""
    if given is not None and len(given) == planes:
        return np.asarray(given, dtype=float)
    return np.linspace(0, channels - 1, planes) if planes > 1 else np.array([(channels - 1) / 2])
