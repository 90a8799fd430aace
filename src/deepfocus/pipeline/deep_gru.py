"""Steps 5 to 7: dirty spectra, Deep GRU, lines with Gaussian fits, linear continuum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows, stacked
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.ops.boxes import Box
from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.lines import Line, Linear, find_lines, fit_continuum
from deepfocus.ops.spectra import extract_spectrum
from deepfocus.pipeline.networks import Network


@dataclass(frozen=True)
class DeepGruSettings:
    """How peaks are found in the clean spectra.

    min_height : the paper's threshold of find_peaks, 0.1
    min_prominence : how far a peak stands above its valleys
    min_distance_chan : least separation of two peaks
    """

    min_height: float = 0.1
    min_prominence: float = 0.05
    min_distance_chan: float = 3.0


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Evidence of one blob: dirty (chan,) Jy/beam summed over the box, clean (chan,) in [0, 1],
    its lines from the strongest to the weakest, and the linear continuum."""

    dirty: np.ndarray
    clean: np.ndarray
    lines: tuple[Line, ...]
    continuum: Linear

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Channel ranges of the lines."""
        return [line.span for line in self.lines]


@dataclass(frozen=True)
class DeepGru:
    """Blobs -> lines: channel, line_fwhm_chan, channel_lo, channel_hi, flag, and probability
    times the line's clean amplitude.

    The strongest line (the primary peak) goes to the blob's row; each other line to a new row
    with the blob's id as parent, to be deblended. A blob without a line is flagged `NO_LINE`.
    """

    network: Network
    settings: DeepGruSettings = DeepGruSettings()

    def __call__(self, cube: Cube, blobs: Catalogue) -> tuple[Catalogue, dict[int, Spectrum]]:
        if len(blobs) == 0:
            return blobs, {}
        dirty = np.stack([extract_spectrum(cube.data, box_of_row(row)) for row in blobs.table])
        clean = self.denoise(dirty)
        spectra = {
            int(row["id"]): self.read(d, c)
            for row, d, c in zip(blobs.table, dirty, clean, strict=True)
        }
        primary = blobs.with_columns(**_columns(blobs, spectra))
        extra = _secondaries(blobs, spectra)
        return (stacked([primary, extra]) if len(extra) else primary), spectra

    def denoise(self, dirty: np.ndarray) -> np.ndarray:
        """Clean spectra (b, chan) of dirty ones (b, chan)."""
        inputs = np.stack([self.network.normalise(spectrum).values for spectrum in dirty])
        clean = run_at_length(self.network, inputs.astype(np.float32))
        return np.where(np.isfinite(dirty), np.clip(clean, 0, 1), 0.0)

    def read(self, dirty: np.ndarray, clean: np.ndarray) -> Spectrum:
        """Lines and continuum of one blob."""
        peaks = find_lines(
            clean,
            height=self.settings.min_height,
            prominence=self.settings.min_prominence,
            distance=self.settings.min_distance_chan,
        )
        continuum = fit_continuum(dirty, [peak.span for peak in peaks])
        # In a map of probability every line may reach 1: the primary peak is the one that is
        # strongest in the dirty spectrum, among those the network believes alike.
        ordered = sorted(peaks, key=lambda p: -p.amplitude * _strength(dirty, continuum, p))
        return Spectrum(dirty, clean, tuple(ordered), continuum)


def _strength(dirty: np.ndarray, continuum: Linear, line: Line) -> float:
    """Matched-filter amplitude of the line, in units of white noise; at least a trifle."""
    profile = gaussian_1d(len(dirty), line.channel, max(line.fwhm_chan, 1.0))
    excess = np.nan_to_num(dirty - continuum(np.arange(len(dirty))))
    norm = float(np.sqrt(np.sum(profile**2)))
    return max(float(np.sum(profile * excess)) / norm, 1e-12) if norm > 0 else 1e-12


def _columns(blobs: Catalogue, spectra: Mapping[int, Spectrum]) -> dict[str, list[Any]]:
    rows = [
        _line_row(spectra[int(row["id"])], 0, probability=float(row["probability"]))
        for row in blobs.table
    ]
    names = ("channel", "line_fwhm_chan", "channel_lo", "channel_hi", "flag", "probability")
    return {name: [row[name] for row in rows] for name in names}


def _line_row(spectrum: Spectrum, number: int, *, probability: float) -> dict[str, Any]:
    if not spectrum.lines:
        nothing = dict.fromkeys(("channel", "line_fwhm_chan", "channel_lo", "channel_hi"), np.nan)
        # The highest clean value, however low, keeps the column comparable between rows.
        return {
            **nothing,
            "flag": int(Flag.NO_LINE),
            "probability": probability * float(spectrum.clean.max(initial=0.0)),
        }
    line = spectrum.lines[number]
    return {
        "channel": line.channel,
        "line_fwhm_chan": line.fwhm_chan,
        "channel_lo": line.span[0],
        "channel_hi": line.span[1],
        "flag": int(Flag.ACCEPTED if line.good else Flag.BAD_FIT),
        "probability": probability * line.amplitude,
    }


def _secondaries(blobs: Catalogue, spectra: Mapping[int, Spectrum]) -> Catalogue:
    rows = []
    number = int(blobs["id"].max())
    for row in blobs.table:
        spectrum = spectra[int(row["id"])]
        for k in range(1, len(spectrum.lines)):
            number += 1
            copied = {n: row[n] for n in ("x", "y", "box_x0", "box_x1", "box_y0", "box_y1")}
            line = _line_row(spectrum, k, probability=float(row["probability"]))
            rows.append({**copied, **line, "id": number, "parent_id": int(row["id"])})
    return catalogue_of_rows(rows)


def box_of_row(row: Any) -> Box:
    """The 2D box of a catalogue's row."""
    return Box(*(float(row[name]) for name in ("box_x0", "box_x1", "box_y0", "box_y1")))


def run_at_length(network: Network, spectra: np.ndarray) -> np.ndarray:
    """Run spectra (b, chan) through a network that may have been made for a fixed length.

    A shorter band is padded with zeros, the mean level; a longer one is seen in windows that
    overlap by half, of which the higher output counts, because a line cut by one window's
    edge is whole in the other.
    """
    length = fixed_length(network)
    n = spectra.shape[1]
    if length is None or length == n:
        return network.run(spectra)
    if n < length:
        return network.run(np.pad(spectra, ((0, 0), (0, length - n))))[:, :n]
    count = int(np.ceil((n - length) / (length / 2))) + 1
    out = np.zeros_like(spectra)
    for start in np.linspace(0, n - length, count).round().astype(int):
        window = slice(start, start + length)
        out[:, window] = np.maximum(out[:, window], network.run(spectra[:, window]))
    return out


def fixed_length(network: Network) -> int | None:
    """Channels of a network whose fully connected layer fixes them, from its card."""
    config = getattr(network.card, "network", None)
    if not isinstance(config, Mapping):
        return None
    head = config.get("head")
    channels = head.get("channels") if isinstance(head, Mapping) else config.get("channels")
    return int(channels) if channels else None
