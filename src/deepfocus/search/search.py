"""The search of a cube: filters of all widths and sizes, and the peaks that noise does not make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.voxels import Voxels
from deepfocus.core.workspace import IN_MEMORY, Workspace
from deepfocus.search.bank import Bank
from deepfocus.search.continuum import projection_of
from deepfocus.search.false_alarms import FalseAlarms, false_alarms
from deepfocus.search.fields import fields
from deepfocus.search.first_filter import FirstFilter
from deepfocus.search.lines import band_noise, band_weight
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.peaks import Lattice, Nodes, Peak, apart, maxima, merged
from deepfocus.search.tiles import tiles
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
    highest : (rows, columns) of all filters and channels, at every `step`-th pixel
    on_continuum : (rows, columns) bool, where spectra were searched without their continuum
    noise : of the cube, with the correlation of channels that the search measured
    """

    peaks: tuple[Peak, ...]
    threshold: float
    alarms: FalseAlarms
    highest: np.ndarray
    step: int
    on_continuum: np.ndarray
    noise: NoiseMap


def search(
    data: Voxels,
    noise: NoiseMap,
    bank: Bank,
    first: FirstFilter,
    *,
    false_peaks: float,
    continuum_snr: float = CONTINUUM_SNR,
    known_continuum: np.ndarray | None = None,
    taken: int = 0,
    workspace: Workspace = IN_MEMORY,
) -> Found:
    """Peaks of a cube (chan, y, x), of which `false_peaks` are expected to be noise.

    known_continuum : (rows, columns) bool, `Found.on_continuum` of an earlier search: what was
        subtracted there may have been no straight line
    taken : numbers of a polynomial that was taken from all spectra, with the noise that was in it
    workspace : where the filtered cube lies
    """
    projection = projection_of(noise.channel, max(taken, 1))
    sizes = tuple(
        searched(field, bank, i, noise.channel, projection)
        for i, field in enumerate(fields(data, noise, bank, first, workspace))
    )
    shape = data.shape[1], data.shape[2]
    alarms = false_alarms(statistics_of(sizes, bank, noise.channel, projection, shape))
    threshold = alarms.threshold(false_peaks)
    band = _above_band_noise(sizes, noise.channel)
    # a sidelobe of a bright continuum is as often below zero
    on_continuum = (np.abs(band) > continuum_snr) & (not is_image(len(data)))
    if taken:
        on_continuum[:] = True
    if known_continuum is not None:
        on_continuum = on_continuum | known_continuum
    lattice = Lattice(sizes, bank, projection, on_continuum)
    nodes, highest = _high_nodes(lattice, CANDIDATES * threshold, workspace.values_at_once)
    candidates = [lattice.refined(node) for node in nodes]
    step = sizes[0].field.step
    peaks = apart([peak for peak in candidates if peak.snr > threshold], step)
    return Found(
        tuple(peaks),
        threshold,
        alarms,
        highest,
        step,
        on_continuum,
        replace(noise, between_channels=sizes[0].correlation),
    )


def _high_nodes(
    lattice: Lattice, above: float, values_at_once: int
) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) maxima above a level, and (rows, columns) the highest of all channels."""
    highest = np.zeros(lattice.shape[1:], np.float32)
    nodes = []
    for tile in tiles(lattice.shape, values_at_once):
        best = lattice.highest(*tile.read)
        highest[tile.rows, tile.columns] = best[:, *tile.inner].max(axis=0)
        nodes.append(tile.own(maxima(best, above)))
    return np.concatenate(nodes), highest


def _above_band_noise(sizes: tuple[Searched, ...], sigma: np.ndarray) -> np.ndarray:
    """(rows, columns) signal-to-noise of the band-integrated cube, the largest of all sizes."""
    weight = band_weight(sigma)
    maps = [
        each.field.band / (each.level * band_noise(weight, each.correlation))
        for each in reversed(sizes)
    ]
    parts = [
        Nodes(each.field.step, *(slice(0, n) for n in each.field.band.shape))
        for each in reversed(sizes)
    ]
    highest, lowest = (merged([sign * each for each in maps], parts) for sign in (1, -1))
    return np.where(lowest > highest, -lowest, highest)
