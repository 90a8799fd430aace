"""Selects what is imaged from a measurement set: the settings, the rows and channels they choose,
and the samples of each image channel. As many channels are read at once as `MEMORY_BYTES` allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy import units as u
from scipy.constants import c

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.doppler import topo_to_lsrk
from deepfocus.instrument.observation import Observation
from deepfocus.io.measurement_set import (
    Field,
    MeasurementSet,
    SpectralWindow,
    open_measurement_set,
)
from deepfocus.io.ms_selection import chosen_field, chosen_windows
from deepfocus.io.ms_visibilities import Tracks, Visibilities, read_tracks, read_visibilities

MEMORY_BYTES = 2**30
MIN_CHANNELS = 5
"""Of a cube in which a line of a channel or two can be told from its continuum."""
BYTES_A_VISIBILITY = 12
DRIFT_CHAN = 0.1
"""Doppler drift, in channels, above which a note warns that the cube is not resampled."""


@dataclass(frozen=True)
class MsImaging:
    """Which data are imaged, and how.

    field, spw : selections, see `io.ms_selection`; column : 'corrected' or 'data', '' for
        corrected if it exists
    start : first channel of the selected windows, from 0, in the order of the image's axis;
    width : channels averaged into one; nchan : channels of the cube, None for all
    cell_arcsec, size : None to have them chosen
    weighting, robust, taper : as in `Observation`
    frame : 'lsrk' converts topocentric frequencies to LSRK, 'topo' leaves them
    jackknife : seed of signs for the visibilities of each row, half of them negative, in all
        channels alike: noise and dirty beam are the same, and the sky is gone
    """

    vis: Path
    field: str = ""
    spw: str = ""
    column: str = ""
    start: int = 0
    width: int = 1
    nchan: int | None = None
    cell_arcsec: float | None = None
    size: int | None = None
    weighting: str = "natural"
    robust: float | None = None
    taper: u.Quantity | None = None
    frame: str = "lsrk"
    rest_hz: float | None = None
    jackknife: int | None = None

    def __post_init__(self) -> None:
        self.weights()
        for name, value, good, wanted in (
            (
                "cell",
                self.cell_arcsec,
                self.cell_arcsec is None or self.cell_arcsec > 0,
                "a positive angle",
            ),
            ("size", self.size, self.size is None or self.size >= 16, "at least 16 pixels"),
        ):
            if not good:
                raise DeepFocusError(f"{name} = {value}", wanted=wanted, remedy=f"correct --{name}")

    def weights(self) -> Observation:
        """An observation with this weighting. Raises `DeepFocusError` if it is not valid."""
        return Observation(weighting=self.weighting, robust=self.robust, taper=self.taper)


@dataclass(frozen=True, eq=False)
class Selected:
    """An open measurement set, the rows that are imaged, and its image channels.

    tracks : one for each window; channels : (window, chan) pairs, from 0, for each image channel
    signs : (row,) of the visibilities of each window
    """

    ms: MeasurementSet
    column: str
    field: Field
    windows: tuple[SpectralWindow, ...]
    tracks: tuple[Tracks, ...]
    channels: tuple[tuple[tuple[int, int], ...], ...]
    signs: tuple[np.ndarray, ...]

    @cached_property
    def freq_hz(self) -> np.ndarray:
        """(chan,) mean frequency of each image channel, in the frame of the data."""
        return np.array(
            [
                np.mean([self.windows[w].freq_hz[chan] for w, chan in parts])
                for parts in self.channels
            ]
        )

    @cached_property
    def antennas(self) -> np.ndarray:
        """Ids of the antennas with data."""
        return np.unique(np.concatenate([tracks.antennas for tracks in self.tracks]))

    @cached_property
    def dish_m(self) -> np.ndarray:
        """Distinct dish diameters of these antennas, to the centimetre.

        Raises `DeepFocusError` if one is none.
        """
        dishes = np.unique(np.round(self.ms.dish_m[self.antennas], 2))
        if not (dishes > 0).all():
            raise DeepFocusError(
                f"{self.ms.path} has dishes of {', '.join(f'{each:g}' for each in dishes)} m",
                wanted="diameters above 0",
                remedy="correct DISH_DIAMETER of the antennas with data in the table ANTENNA",
            )
        return dishes

    @property
    def width_hz(self) -> float:
        """Width of an image channel."""
        return len(self.channels[0]) * self.windows[0].width_hz

    @property
    def rows(self) -> int:
        return max(len(tracks.uv_m) for tracks in self.tracks)


def select(imaging: MsImaging) -> Selected:
    """Open the measurement set and select its rows and channels."""
    ms = open_measurement_set(imaging.vis)
    column = imaging.column or ms.columns[0]
    if column not in ms.columns:
        raise DeepFocusError(
            f"{ms.path} has no column of {column} data",
            wanted=" or ".join(ms.columns),
            remedy="give --column " + ms.columns[0],
        )
    field = chosen_field(ms, imaging.field)
    windows = chosen_windows(ms, field, imaging.spw)
    channels = _image_channels(windows, imaging)
    tracks = tuple(read_tracks(ms, field=field, window=window) for window in windows)
    return Selected(
        ms=ms,
        column=column,
        field=field,
        windows=windows,
        tracks=tracks,
        channels=channels,
        signs=tuple(_signs(tracks, imaging.jackknife)),
    )


def _signs(tracks: Sequence[Tracks], jackknife: int | None) -> Iterator[np.ndarray]:
    """(row,) float32 of each window: 1, or as many of both signs, drawn at random."""
    rng = np.random.default_rng(jackknife)
    for each in tracks:
        rows = len(each.uv_m)
        signs = np.ones(rows, np.float32)
        if jackknife is not None:
            signs[rng.permutation(rows)[: rows // 2]] = -1
        yield signs


def _image_channels(
    windows: Sequence[SpectralWindow], imaging: MsImaging
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The (window, chan) pairs of each cube channel; an incomplete last channel is left out."""
    every = [(w, chan) for w, window in enumerate(windows) for chan in range(len(window.freq_hz))]
    width, start = imaging.width, imaging.start
    there = (len(every) - start) // width if width > 0 else 0
    wanted = there if imaging.nchan is None else imaging.nchan
    if width < 1 or start < 0 or not 1 <= wanted <= there:
        raise DeepFocusError(
            f"{wanted} channels of {width} from channel {start}",
            wanted=f"at least one, within the {len(every)} channels of the data",
            remedy="correct --start, --width or --nchan",
        )
    if wanted < MIN_CHANNELS:
        raise DeepFocusError(
            f"the cube would have {wanted} channel{'s' if wanted > 1 else ''}, of the "
            f"{len(every)} of the data",
            wanted=f"at least {MIN_CHANNELS}: lines are found in the spectrum",
            remedy="correct --start, --width or --nchan, or add windows with --spw",
        )
    firsts = start + width * np.arange(wanted)
    return tuple(tuple(every[first : first + width]) for first in firsts)


def frequencies(selected: Selected, frame: str) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Frequencies of the cube, their frame in FITS spelling, and notes.

    The data are not resampled: one Doppler factor, from the middle of its range during the
    observation, relabels the axis.
    """
    freq_hz, specsys = selected.freq_hz, selected.windows[0].specsys
    if specsys != "TOPOCENT":
        note = f"frequencies are in the frame of the data, {specsys}, not LSRK"
        return freq_hz, specsys, () if "lsrk" not in frame or specsys == "LSRK" else (note,)
    mjd = np.unique(np.concatenate([tracks.mjd_utc for tracks in selected.tracks]))
    factors = topo_to_lsrk(
        mjd[np.unique(np.linspace(0, len(mjd) - 1, 200).astype(int))],
        itrf_m=selected.ms.antenna_itrf_m[selected.antennas].mean(axis=0),
        ra_deg=selected.field.ra_deg,
        dec_deg=selected.field.dec_deg,
    )
    drift = float(np.ptp(factors) * freq_hz.mean() / selected.width_hz)
    notes: tuple[str, ...] = ()
    if drift > DRIFT_CHAN:
        notes = (
            f"the sky's Doppler shift drifts by {drift:.2g} channels during the observation: "
            "lines are smeared by as much; CASA's mstransform(outframe='LSRK') before, or "
            "tclean, resamples the channels",
        )
    if frame == "topo":
        return freq_hz, specsys, notes
    return freq_hz * (factors.min() + factors.max()) / 2, "LSRK", notes


def middle_samples(selected: Selected) -> tuple[np.ndarray, np.ndarray]:
    """(sample, 2) u and v in wavelengths, (sample,) weights, of the channel nearest the middle.

    Of those that have data. Raises `DeepFocusError` if all data are flagged.
    """
    middle = len(selected.channels) // 2
    nearest = sorted(range(len(selected.channels)), key=lambda i: abs(i - middle))
    for channel in nearest:
        read = read_batch(selected, range(channel, channel + 1))
        uv, _, own = samples_of(selected, read, selected.channels[channel])
        used = own > 0
        if used.any():
            return uv[used], own[used].astype(float)
    raise DeepFocusError(
        f"all data of field {selected.field.name} are flagged",
        wanted="unflagged data, with weights above 0, of all hands that make Stokes I together",
        remedy="choose another field or other windows, or look at the flags in CASA",
    )


def _read(selected: Selected, w: int, first: int, last: int) -> Visibilities:
    return read_visibilities(
        selected.ms,
        field=selected.field,
        window=selected.windows[w],
        column=selected.column,
        first=first,
        last=last,
    )


def batches(selected: Selected) -> list[range]:
    """Image channels in groups whose visibilities fit in memory together."""
    width = len(selected.channels[0])
    at_once = max(1, MEMORY_BYTES // (BYTES_A_VISIBILITY * selected.rows * width))
    total = len(selected.channels)
    return [range(first, min(first + at_once, total)) for first in range(0, total, at_once)]


def read_batch(selected: Selected, batch: Sequence[int]) -> dict[int, tuple[int, Visibilities]]:
    """For each window of the batch, the first channel read and the visibilities."""
    parts = [part for channel in batch for part in selected.channels[channel]]
    read = {}
    for w in sorted({w for w, _ in parts}):
        chans = [chan for window, chan in parts if window == w]
        read[w] = min(chans), _read(selected, w, min(chans), max(chans))
    return read


def samples_of(
    selected: Selected,
    read: dict[int, tuple[int, Visibilities]],
    parts: Sequence[tuple[int, int]],
    doppler: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u, v in wavelengths, values and weights of one image channel.

    doppler : ratio of cube to data frequency, which scales u and v as tclean does
    """
    uv, values, own = [], [], []
    for w, chan in parts:
        first, visibilities = read[w]
        uv.append(selected.tracks[w].uv_m * (selected.windows[w].freq_hz[chan] * doppler / c))
        values.append(visibilities.values[:, chan - first] * selected.signs[w])
        own.append(visibilities.weights[:, chan - first])
    return np.concatenate(uv), np.concatenate(values), np.concatenate(own)
