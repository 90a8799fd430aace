"""The search of a cube: filters of all widths and sizes, and the peaks that noise does not make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.search.bank import Bank
from deepfocus.search.continuum import projection_of
from deepfocus.search.false_alarms import FalseAlarms, false_alarms
from deepfocus.search.fields import fields
from deepfocus.search.first_filter import FirstFilter
from deepfocus.search.lines import band_filter
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.peaks import Lattice, Peak, apart, maxima, merged
from deepfocus.search.unit_noise import Searched, searched, statistics_of

CONTINUUM_SNR = 4.0
"""Band-integrated signal-to-noise, at any size, from which spectra are searched without their
continuum: chosen on cubes with and without lines (docs/experiments.md)."""
CANDIDATES = 0.85
"""Of the threshold: between nodes a peak may be a tenth higher than at them."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    peaks : above the threshold, highest first
    threshold : signal-to-noise; alarms : false peaks expected above any
    highest : (chan, rows, columns) of all filters, at every `step`-th pixel
    on_continuum : (rows, columns) bool, where spectra were searched without their continuum
    noise : of the cube; between_channels : (lags,) its correlation, 1 at lag 0
    """

    peaks: tuple[Peak, ...]
    threshold: float
    alarms: FalseAlarms
    highest: np.ndarray
    step: int
    on_continuum: np.ndarray
    noise: NoiseMap
    between_channels: np.ndarray

    def without_map(self) -> Found:
        """The same, with an empty `highest`, which takes a quarter of a cube's memory."""
        return replace(self, highest=self.highest[:0])


def search(
    data: np.ndarray,
    noise: NoiseMap,
    bank: Bank,
    first: FirstFilter,
    *,
    false_peaks: float,
    continuum_snr: float = CONTINUUM_SNR,
    known_continuum: np.ndarray | None = None,
) -> Found:
    """Peaks of a cube (chan, y, x), of which `false_peaks` are expected to be noise.

    known_continuum : (rows, columns) bool, `Found.on_continuum` of an earlier search: what was
        subtracted there may have been no straight line
    """
    projection = projection_of(noise.channel)
    # without a name of their own, the fields go once they are in units of the noise
    sizes = tuple(
        searched(field, bank, i, noise.channel, projection)
        for i, field in enumerate(fields(data, noise, bank, first))
    )
    alarms = false_alarms(statistics_of(sizes, bank, noise.channel, projection, data.shape[1:]))
    threshold = alarms.threshold(false_peaks)
    band = _above_band_noise(sizes, noise.channel)
    # a sidelobe of a bright continuum is as often below zero
    on_continuum = np.abs(band) > continuum_snr
    if known_continuum is not None:
        on_continuum = on_continuum | known_continuum
    lattice = Lattice(sizes, bank, projection, on_continuum)
    best = lattice.highest()
    candidates = [lattice.refined(node) for node in maxima(best, CANDIDATES * threshold)]
    step = sizes[0].field.step
    peaks = apart([peak for peak in candidates if peak.snr > threshold], step)
    between_channels = sizes[0].correlation
    return Found(tuple(peaks), threshold, alarms, best, step, on_continuum, noise, between_channels)


def _above_band_noise(sizes: tuple[Searched, ...], sigma: np.ndarray) -> np.ndarray:
    """(rows, columns) signal-to-noise of the band-integrated cube, the largest of all sizes."""
    maps = []
    for each in reversed(sizes):
        band = band_filter(sigma, each.correlation)
        maps.append(np.tensordot(band, each.field.values, axes=1))
    steps = [each.field.step for each in reversed(sizes)]
    highest, lowest = (merged([sign * each for each in maps], steps) for sign in (1, -1))
    return np.where(lowest > highest, -lowest, highest)
