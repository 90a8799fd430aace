"""Selects the field and the spectral windows of a measurement set."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.measurement_set import Field, MeasurementSet, SpectralWindow

MOST_LISTED = 10
"""Ids, of those that are not there, in a message."""
CONTIGUOUS_WITHIN = 0.1
"""Largest gap or overlap, in channels, between windows that count as contiguous."""


def chosen_field(ms: MeasurementSet, text: str = "") -> Field:
    """The field with this name or id; with no text, the only field with data.

    Raises `DeepFocusError` for none, for several, or for a phase centre not fixed on the sky.
    """
    observed = [field for field in ms.fields if ms.rows[field.id].any()]
    if not observed:
        raise DeepFocusError(
            f"{ms.path} has no cross-correlations of any field",
            wanted="visibilities between different antennas",
            remedy="single-dish data are imaged with CASA's sdimaging",
        )
    names = ", ".join(f"{field.id} {field.name}" for field in observed)
    text = text.strip()
    found = [field for field in observed if not text or field.name == text]
    if text.isdecimal() and not found:
        found = [field for field in observed if field.id == int(text)]
    if len(found) != 1:
        count = len(observed) if not text else len(found)
        which = f"--field {text}" if text else str(ms.path)
        raise DeepFocusError(
            f"{which} selects {count or 'no'} fields (those with data: {names})",
            wanted="one field; mosaics are not made here",
            remedy="give the id or the name of one with --field; for a mosaic, use tclean",
        )
    if found[0].frame is None:
        raise DeepFocusError(
            f"the phase centre of field {found[0].name} is {found[0].frame_name}",
            wanted="J2000 or ICRS, the same for all times",
            remedy="set the phase centre with CASA's phaseshift or fixvis first, or use tclean",
        )
    return found[0]


def chosen_windows(ms: MeasurementSet, field: Field, text: str = "") -> tuple[SpectralWindow, ...]:
    """The windows of a selection such as '1', '0,2' or '0~3'; with no text, all with data.

    They are sorted by frequency, in the direction of the first. Raises `DeepFocusError`, with a
    list of windows, if they do not make one axis of equal channels.
    """
    observed = [window for window in ms.windows if _has_rows(ms, field, window)]
    if text.strip():
        ids = _ids(text)
        missing = sorted(ids - {window.id for window in observed})[:MOST_LISTED]
        if missing:
            raise DeepFocusError(
                f"--spw {text} asks for {missing}, which have no data of field {field.name}",
                wanted=f"among {listed(observed)}",
                remedy="give ids of these",
            )
        observed = [window for window in observed if window.id in ids]
    falling = bool(np.diff(observed[0].freq_hz[:2]).sum() < 0)
    windows = sorted(observed, key=lambda window: window.freq_hz.mean(), reverse=falling)
    _check_hands(ms, windows)
    _check_axis(windows)
    return tuple(windows)


def listed(windows: Sequence[SpectralWindow]) -> str:
    """Windows in words, for messages."""
    return "; ".join(
        f"spw {window.id}: {len(window.freq_hz)} x {window.width_hz / 1e6:.6g} MHz from "
        f"{window.freq_hz.min() / 1e9:.6g} to {window.freq_hz.max() / 1e9:.6g} GHz"
        for window in windows
    )


def _has_rows(ms: MeasurementSet, field: Field, window: SpectralWindow) -> bool:
    return any(ms.rows[field.id, i] for i in window.data_ids)


def _ids(text: str) -> set[int]:
    ids: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:~\s*([0-9]{1,6})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise DeepFocusError(
                f"--spw {text}",
                wanted="ids of spectral windows, such as 1, 0,2 or 0~3",
                remedy="choose channels with --start, --nchan and --width",
            )
        ids |= set(range(first, last + 1))
    return ids


def _check_hands(ms: MeasurementSet, windows: Sequence[SpectralWindow]) -> None:
    for window in windows:
        if not all(ms.hands[i] for i in window.data_ids):
            raise DeepFocusError(
                f"spw {window.id} has no correlation XX, YY, RR, LL or I",
                wanted="one of them",
                remedy="choose other windows with --spw",
            )


def _check_axis(windows: Sequence[SpectralWindow]) -> None:
    """Refuse windows that differ in direction, width or frame, or have gaps or overlaps.

    Also frequencies that are none, or do not all rise or all fall.
    """
    for window in windows:
        along = np.diff(window.freq_hz)
        if not ((along > 0).all() or (along < 0).all()) or not (window.freq_hz > 0).all():
            raise DeepFocusError(
                f"the channels of spw {window.id} are at {window.freq_hz[0]:.6g} to "
                f"{window.freq_hz[-1]:.6g} Hz, and neither rise nor fall all along",
                wanted="frequencies above 0 that rise, or fall, from channel to channel",
                remedy="choose other windows with --spw, or look at CHAN_FREQ",
            )
    if len(windows) == 1:
        return
    steps = [float(np.diff(window.freq_hz).mean()) if len(window.freq_hz) > 1 else None
             for window in windows]  # fmt: skip
    step = next((value for value in steps if value is not None), windows[0].width_hz)
    width = abs(step)
    starts = np.array([window.freq_hz.min() for window in windows])
    ends = np.array([window.freq_hz.max() for window in windows])
    if step < 0:
        starts, ends = starts[::-1], ends[::-1]
    why = ""
    if any(abs(window.width_hz - windows[0].width_hz) > 1e-3 * width for window in windows):
        why = "channels of different widths"
    elif len({window.specsys for window in windows}) > 1:
        why = "different frequency frames"
    elif any(value is not None and value * step < 0 for value in steps):
        why = "frequencies that run in different directions"
    elif np.abs(starts[1:] - ends[:-1] - width).max() > CONTIGUOUS_WITHIN * width:
        why = "gaps or overlaps"
    if why:
        raise DeepFocusError(
            f"the spectral windows have {why} ({listed(windows)})",
            wanted="one window, or several that follow each other in equal channels",
            remedy="choose with --spw; to combine others, use CASA's mstransform or tclean",
        )
