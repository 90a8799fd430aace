"""Steps 5 to 7: dirty spectra, Deep GRU, lines with Gaussian fits, linear continuum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.finders.six_networks.candidate import (
    BlobSpectrum,
    Candidate,
    Candidates,
    NumberedBlob,
)
from deepfocus.ops.continuum import FitTrend, Trend
from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.inputs import BoxSpectrum
from deepfocus.ops.lines import FindLines, Line
from deepfocus.ops.targets import LineProbability
from deepfocus.ops.tiles import run_in_windows
from deepfocus.weights.six import Trained

STEP = "deep_gru"

Strength = Callable[[np.ndarray, Trend, Line], float]
"""How strong a line is, given the dirty spectrum and its continuum."""


@dataclass(frozen=True, eq=False)
class FindBlobLines:
    """Blobs -> their spectra and lines, each blob's strongest line first.

    peaks : how lines are found in a clean spectrum; trend : how the continuum is fitted
    strength : what lines are ordered by; the first is the primary peak
    """

    network: Trained[BoxSpectrum, LineProbability]
    strength: Strength
    peaks: FindLines = field(default_factory=FindLines)
    trend: FitTrend = field(default_factory=FitTrend)

    def __call__(self, cube: Cube, blobs: Sequence[NumberedBlob]) -> tuple[BlobSpectrum, ...]:
        if not blobs:
            return ()
        sees = self.network.input
        dirty = np.stack([sees.spectrum(cube.array, each.blob.box) for each in blobs])
        clean = self.denoise(dirty)
        return tuple(self.read(*each) for each in zip(blobs, dirty, clean, strict=True))

    def denoise(self, dirty: np.ndarray) -> np.ndarray:
        """Clean spectra (b, chan) from dirty ones (b, chan)."""
        sees = self.network.input
        inputs = np.stack([sees.encode(spectrum).values for spectrum in dirty])
        output = run_in_windows(self.network.run, inputs.astype(np.float32), sees.channels)
        return np.where(np.isfinite(dirty), self.network.target.decode(output), 0.0)

    def read(self, blob: NumberedBlob, dirty: np.ndarray, clean: np.ndarray) -> BlobSpectrum:
        """Lines and continuum of one blob."""
        found = self.peaks(clean)
        trend = self.trend(dirty, [line.span for line in found])
        ordered = sorted(found, key=lambda line: -self.strength(dirty, trend, line))
        return BlobSpectrum(blob.id, blob.blob, dirty, clean, tuple(ordered), trend)


def height(dirty: np.ndarray, trend: Trend, line: Line) -> float:
    """Amplitude in the clean spectrum; the paper's primary peak is the highest."""
    return line.amplitude


def matched_height(dirty: np.ndarray, trend: Trend, line: Line) -> float:
    """Amplitude in the clean spectrum times the matched-filter amplitude in the dirty one.

    The clean spectrum is a probability, in which every line may reach 1. Among lines of equal
    probability, the primary peak is the strongest in the dirty spectrum.
    """
    profile = gaussian_1d(len(dirty), line.channel, max(line.fwhm_chan, 1.0))
    excess = np.nan_to_num(dirty - trend(np.arange(len(dirty))))
    norm = float(np.sqrt(np.sum(profile**2)))
    matched = float(np.sum(profile * excess)) / norm if norm > 0 else 0.0
    return line.amplitude * max(matched, 1e-12)


def candidates_of(blobs: Sequence[BlobSpectrum]) -> Candidates:
    """The primary line of every blob, then all others, with ids that follow on from the blobs'.

    A blob without a line becomes a rejected candidate.
    """
    primaries = [_candidate(blob, 0, number=blob.id) for blob in blobs]
    last = max((blob.id for blob in blobs), default=0)
    others = [(blob, k) for blob in blobs for k in range(1, len(blob.lines))]
    secondaries = [
        _candidate(blob, k, number=number)
        for number, (blob, k) in enumerate(others, start=last + 1)
    ]
    return (*primaries, *secondaries)


def _candidate(home: BlobSpectrum, k: int, *, number: int) -> Candidate:
    """The k-th line of a blob."""
    line = home.lines[k] if home.lines else None
    # Without a line, the highest clean value, however low, keeps the column comparable.
    amplitude = line.amplitude if line else float(home.clean.max(initial=0.0))
    candidate = Candidate(
        id=number,
        home=home,
        parent_id=home.id if k else 0,
        x=home.blob.x,
        y=home.blob.y,
        box=home.blob.box,
        channel=line.channel if line else np.nan,
        fwhm_chan=line.fwhm_chan if line else np.nan,
        probability=home.blob.peak * amplitude,
    )
    if line is None:
        return candidate.rejected(Flag.NO_LINE, STEP)
    return candidate if line.good else candidate.rejected(Flag.BAD_FIT, STEP)
