"""What is injected into a cube: how many sources, how bright, of which sizes and widths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.errors import DeepFocusError

Range = tuple[float, float]


@dataclass(frozen=True)
class Injection:
    """Sources to add to a cube. Values are drawn uniformly from their ranges, SNRs log-uniformly.

    number : number of sources
    snr : peak of the line in one channel over the cube's noise, after beam and primary beam
    ideal_snr : instead of snr, the whole line's SNR for an ideal observer who knows its template
        (forward.ideal); only for cubes whose noise is known
    line_snr : instead of snr, that of a filter as wide as the line (`line_filter_gain`)
    size_beams : major and minor FWHM on the sky over the geometric mean FWHM of the beam
    line_fwhm_chan : line FWHM, channels; limited to a quarter of the band
    with_continuum : fraction of sources that have a continuum, which is flat over the band
    continuum_over_line : flux density of that continuum over the line's peak
    primary_beam_above : minimum primary beam response at a source
    galaxies : fraction of sources that are real galaxies, of those that ship; the larger size is
        that of their half-light ellipse, the line FWHM their W50, and signal-to-noise ratios are
        those of a Gaussian of the same flux, sizes and width
    apart_beams : sources that share channels are so many beams apart, beyond their own sizes
    """

    number: int = 5
    snr: Range = (5.0, 50.0)
    size_beams: Range = (0.5, 2.0)
    line_fwhm_chan: Range = (3.0, 10.0)
    with_continuum: float = 0.5
    continuum_over_line: Range = (0.2, 1.0)
    primary_beam_above: float = 0.3
    ideal_snr: Range | None = None
    line_snr: Range | None = None
    galaxies: float = 0.0
    apart_beams: float = 0.0

    def __post_init__(self) -> None:
        _check("number", self.number, self.number >= 1, "at least 1")
        _check("snr", self.snr, 0 < self.snr[0] <= self.snr[1], "0 < low <= high")
        low, high = self.ideal_snr or (1.0, 1.0)
        _check("ideal_snr", self.ideal_snr, 0 < low <= high, "0 < low <= high")
        low, high = self.line_snr or (1.0, 1.0)
        _check("line_snr", self.line_snr, 0 < low <= high, "0 < low <= high")
        _check("galaxies", self.galaxies, 0 <= self.galaxies <= 1, "a share between 0 and 1")
        _check("apart_beams", self.apart_beams, self.apart_beams >= 0, "0 or more")
        low, high = self.size_beams
        _check("size_beams", self.size_beams, 0 <= low <= high, "0 <= low <= high")
        low, high = self.line_fwhm_chan
        _check("line_fwhm_chan", self.line_fwhm_chan, 1 <= low <= high, "1 <= low <= high")
        share = self.with_continuum
        _check("with_continuum", share, 0 <= share <= 1, "a share between 0 and 1")
        low, high = self.continuum_over_line
        _check(
            "continuum_over_line", self.continuum_over_line, 0 <= low <= high, "0 <= low <= high"
        )


def _check(name: str, value: object, good: bool, wanted: str) -> None:
    values = value if isinstance(value, tuple) else (0 if value is None else value,)
    if not good or not np.isfinite(values).all():
        raise DeepFocusError(f"{name} = {value}", wanted=wanted, remedy="correct the value")
