"""Which images of a cube a finder of images looks at: all channels as one, or a few at a time.

The band as one image is how the paper has BLOBCAT look, and where a faint line drowns in the noise
of the channels without it. A set of images, each of some channels, finds it; the continuum, which
would be in every one of them, is subtracted first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.images.sighting import Sighting
from deepfocus.finders.matched_filter.bank import kernels, within_band
from deepfocus.finders.matched_filter.continuum import AsItIs, ClippedLine
from deepfocus.ops.integrate import integrate


@dataclass(frozen=True, eq=False)
class ChannelImage:
    """An image (y, x) of some channels, NaN where blank.

    span : channels that a line seen in it may be centred on; None for any
    """

    image: np.ndarray
    span: ChannelRange | None = None


@dataclass(frozen=True)
class Seen:
    """A sighting, and the channels of its image."""

    sighting: Sighting
    span: ChannelRange | None = None


class Maps(Protocol):
    """Images of a cube, and what is one source in several of them."""

    def images(self, data: np.ndarray) -> Iterator[ChannelImage]:
        """The images of a cube (chan, y, x), NaN where blank."""
        ...

    def joined(self, seen: Sequence[Seen], beam: Ellipse) -> list[Seen]:
        """Each source once, strongest first."""
        ...


@dataclass(frozen=True)
class WholeBand:
    """One image, the sum over the band, continuum and lines, as in the paper."""

    kind: ClassVar[str] = "whole_band"

    def images(self, data: np.ndarray) -> Iterator[ChannelImage]:
        """The sum of all channels."""
        yield ChannelImage(integrate(data))

    def joined(self, seen: Sequence[Seen], beam: Ellipse) -> list[Seen]:
        """All: there is one image."""
        return _strongest_first(seen)


@dataclass(frozen=True)
class ChannelMaps:
    """Images smoothed in frequency with Gaussians, half a width apart.

    widths_chan : FWHM of the Gaussians
    link_beams : sightings this close, in FWHMs of the beam's major axis, and of channels that
        overlap, are one source
    continuum : how it is subtracted
    """

    kind: ClassVar[str] = "channel_maps"

    widths_chan: tuple[float, ...] = (4.0, 12.0)
    link_beams: float = 0.7
    continuum: ClippedLine | AsItIs = field(default_factory=ClippedLine)

    def __post_init__(self) -> None:
        if not self.widths_chan or min(self.widths_chan) < 1 or self.link_beams < 0:
            raise DeepFocusError(
                f"maps of {self.widths_chan} channels linked within {self.link_beams:g} beams",
                wanted="at least one width, of 1 channel or more, and no negative distance",
                remedy="correct the finder's settings",
            )

    def images(self, data: np.ndarray) -> Iterator[ChannelImage]:
        """The smoothed channels, in the noise of one channel."""
        channels = len(data)
        line_data = self.continuum.subtracted(data)
        blank = ~np.isfinite(line_data)
        nothing = blank.all(axis=0)
        flat = np.where(blank, np.float32(0), line_data).reshape(channels, -1)
        for width in within_band(self.widths_chan, channels):
            step = max(1, round(width / 2))
            centres = np.arange(step // 2, channels, step)
            for centre, smoothed in zip(centres, kernels(channels, width)[centres], strict=True):
                image = (smoothed @ flat).reshape(nothing.shape)
                image[nothing] = np.nan
                yield ChannelImage(image, around(float(centre), width))

    def joined(self, seen: Sequence[Seen], beam: Ellipse) -> list[Seen]:
        """From the strongest down, those that no stronger one is close to."""
        reach = self.link_beams * max(beam.fwhm_x_px, beam.fwhm_y_px)
        kept: list[Seen] = []
        for each in _strongest_first(seen):
            if not any(_same(each, other, reach) for other in kept):
                kept.append(each)
        return kept


def _strongest_first(seen: Sequence[Seen]) -> list[Seen]:
    return sorted(seen, key=lambda each: -each.sighting.snr)


def _same(one: Seen, other: Seen, reach: float) -> bool:
    apart = np.hypot(one.sighting.x - other.sighting.x, one.sighting.y - other.sighting.y)
    overlap = one.span is None or other.span is None or one.span.overlaps(other.span)
    return bool(apart <= reach and overlap)
