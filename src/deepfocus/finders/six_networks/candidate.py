"""What flows between the steps: blobs with their lines, and candidates on their way to be sources.

Nothing is edited: a step returns new values. A candidate that is rejected stays, with the reason
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
    """A blob of the probability map; `id` counts from 1 by falling peak."""

    id: int
    blob: Blob


@dataclass(frozen=True, eq=False)
class BlobSpectrum:
    """A blob and what its spectrum says.

    dirty : (chan,) summed over the blob's box, Jy/beam times pixels
    clean : (chan,) what Deep GRU makes of it, in [0, 1]
    lines : from the strongest to the weakest; trend : of the continuum
    """

    id: int
    blob: Blob
    dirty: np.ndarray
    clean: np.ndarray
    lines: tuple[Line, ...]
    trend: Trend

    @property
    def continuum(self) -> Continuum:
        """What of the blob is not line."""
        return Continuum(tuple(line.span for line in self.lines), self.trend)


@dataclass(frozen=True)
class Rejection:
    """Why a candidate is not a source, and the step that says so."""

    flag: Flag
    step: str


@dataclass(frozen=True)
class Snrs:
    """Signal-to-noise ratios of a candidate; NaN where they were not measured.

    global_integrated : Global SNR (Eq 17) in the image summed over all channels
    global_focused : the same, focused; pixel : Pixel SNR (Eq 18); peak : of the focused image
    """

    global_integrated: float = float("nan")
    global_focused: float = float("nan")
    pixel: float = float("nan")
    peak: float = float("nan")


@dataclass(frozen=True)
class Fluxes:
    """What was measured of an accepted candidate.

    line_jy_kms, continuum_jy : through the primary beam; peak_jy_beam, summed_jy_beam : as in
    the cube; snr_peak : of the line in one channel
    """

    line_jy_kms: float
    continuum_jy: float
    peak_jy_beam: float
    snr_peak: float
    summed_jy_beam: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """A line of a blob.

    home : the blob in whose spectrum it was seen
    parent_id : 0 for the blob's strongest line, which has the blob's own id; else that id
    x, y, box : where it is, at first the blob's
    channel, fwhm_chan : of the line; NaN where the blob has none
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
        """The Gaussian that it was measured to be (step 12)."""
        assert self.ellipse is not None, "its shape has not been measured"
        return Source(**vars(self.ellipse), channel=self.channel, fwhm_chan=self.fwhm_chan)

    def rejected(self, flag: Flag, step: str) -> Candidate:
        """The same, rejected for one more reason."""
        return replace(self, rejections=(*self.rejections, Rejection(flag, step)))

    def distance_px(self, other: Candidate) -> float:
        """Distance in the image."""
        return float(np.hypot(self.x - other.x, self.y - other.y))


Candidates = tuple[Candidate, ...]


def accepted(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that no step has rejected."""
    return [each for each in candidates if each.accepted]


def updated(candidates: Sequence[Candidate], changed: Sequence[Candidate]) -> Candidates:
    """All candidates in their order, those that changed in their new form."""
    new = {each.id: each for each in changed}
    return tuple(new.get(each.id, each) for each in candidates)
