"""The values passed between the steps: blobs with their lines, and candidate sources.

Nothing is changed in place: a step returns new values. A rejected candidate stays, with the reason
and the step that gave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.flags import Flag
from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.blobs import Blob
from deepfocus.ops.boxes import Box
from deepfocus.ops.continuum import Continuum, Trend
from deepfocus.ops.lines import Line


@dataclass(frozen=True, eq=False)
class NumberedBlob:
    """A blob of the probability map; `id` counts from 1, highest peak first."""

    id: int
    blob: Blob


@dataclass(frozen=True, eq=False)
class BlobSpectrum:
    """A blob, its spectrum, and the lines and continuum found there.

    dirty : (chan,) summed over the blob's box, Jy/beam times pixels
    clean : (chan,) output of Deep GRU, in [0, 1]
    lines : strongest first; trend : linear trend of the continuum
    """

    id: int
    blob: Blob
    dirty: np.ndarray
    clean: np.ndarray
    lines: tuple[Line, ...]
    trend: Trend

    @property
    def continuum(self) -> Continuum:
        """The blob's continuum, without the channels of its lines."""
        return Continuum(tuple(line.span for line in self.lines), self.trend)


@dataclass(frozen=True)
class Rejection:
    """Why a candidate was rejected, and the step that rejected it."""

    flag: Flag
    step: str


@dataclass(frozen=True)
class Snrs:
    """Signal-to-noise ratios of a candidate; NaN if not measured.

    global_integrated : Global SNR (Eq 17) in the image summed over all channels
    global_focused : Global SNR in the focused image; pixel : Pixel SNR (Eq 18)
    peak : smoothed focused image over its noise, at the position
    """

    global_integrated: float = float("nan")
    global_focused: float = float("nan")
    pixel: float = float("nan")
    peak: float = float("nan")


@dataclass(frozen=True)
class Fluxes:
    """The measured fluxes of an accepted candidate.

    line_jy_kms, continuum_jy : corrected for the primary beam
    peak_jy_beam, summed_jy_beam : as in the cube; snr_peak : line peak over the channel noise
    """

    line_jy_kms: float
    continuum_jy: float
    peak_jy_beam: float
    snr_peak: float
    summed_jy_beam: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """A line of a blob.

    home : the blob whose spectrum contains the line
    parent_id : 0 for the blob's strongest line, which has the blob's id; that id for the others
    x, y, box : position and box, initially the blob's
    channel, fwhm_chan : centre and width of the line; NaN if the blob has none
    focused : (64, 64) image of its line, Jy/beam times channels
    """

    id: int
    home: BlobSpectrum
    parent_id: int
    x: float
    y: float
    box: Box
    channel: float
    fwhm_chan: float
    probability: float
    rejections: tuple[Rejection, ...] = ()
    snrs: Snrs = Snrs()
    ellipse: Ellipse | None = None
    focused: np.ndarray | None = None
    fluxes: Fluxes | None = None

    @property
    def span(self) -> ChannelRange:
        """Channels of the line."""
        return around(self.channel, self.fwhm_chan)

    @property
    def accepted(self) -> bool:
        return not self.rejections

    @property
    def source(self) -> Source:
        """The candidate as a Gaussian with its measured shape (step 12)."""
        assert self.ellipse is not None, "its shape has not been measured"
        return Source(**vars(self.ellipse), channel=self.channel, fwhm_chan=self.fwhm_chan)

    def rejected(self, flag: Flag, step: str) -> Candidate:
        """The same candidate, rejected for one more reason."""
        return replace(self, rejections=(*self.rejections, Rejection(flag, step)))

    def distance_px(self, other: Candidate) -> float:
        """Distance in the image."""
        return float(np.hypot(self.x - other.x, self.y - other.y))


Candidates = tuple[Candidate, ...]


def accepted(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that no step has rejected."""
    return [each for each in candidates if each.accepted]


def updated(candidates: Sequence[Candidate], changed: Sequence[Candidate]) -> Candidates:
    """All candidates in the same order, with the changed ones replaced."""
    new = {each.id: each for each in changed}
    return tuple(new.get(each.id, each) for each in candidates)
