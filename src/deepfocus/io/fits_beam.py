"""The restoring beam of a FITS image, or those of its channels if each has its own.

A beam is believed if an image can have it: it is no smaller than a fraction of a cell, and no
larger than the field. What is not believed is noted, and the next source of a beam is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.cell_shape import sides_arcsec
from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.cube import Beam
from deepfocus.core.grid import Grid

NUMBER = r"([-+0-9.EeDd]+)"
AIPS_BEAM = re.compile(rf"BMAJ=\s*{NUMBER}\s+BMIN=\s*{NUMBER}\s+BPA=\s*{NUMBER}")

SMALLEST_CELLS = 0.25
"""Images are sampled by two or more cells a beam; a beam below this is in a wrong unit."""
SAME = 0.005
"""Of the area of a channel's beam, from the median's, up to which one stands for all."""
LARGEST_OFF = 0.02
"""Of the area of a channel's beam, from that of its neighbours, from which on that is said."""
LARGEST_CELLS = 64
"""A beam of up to so many cells is believed in a field that is smaller still: a cut-out."""


@dataclass(frozen=True, eq=False)
class Beams:
    """typical : the cube's, None if unknown; area_arcsec2 : (chan,) major times minor FWHM of each
    channel, the typical one's where a channel has none; notes : what was not believed
    of_channels : where they differ"""

    typical: Beam | None
    area_arcsec2: np.ndarray | None
    notes: tuple[str, ...] = ()
    of_channels: ChannelBeams | None = None

    def solid_angle_sr(self) -> np.ndarray | None:
        """(chan,) of each channel's Gaussian beam."""
        if self.area_arcsec2 is None:
            return None
        angle: np.ndarray = np.pi / (4 * np.log(2)) * self.area_arcsec2 * u.arcsec.to(u.rad) ** 2
        return angle


@dataclass(frozen=True)
class Limits:
    """Between which FWHMs a beam is believed, arcsec."""

    smallest: float
    largest: float

    def hold(self, major: np.ndarray, minor: np.ndarray) -> np.ndarray:
        """Whether beams, FWHM in arcsec, are believed; NaN and zero are not."""
        held: np.ndarray = (minor >= self.smallest) & (major <= self.largest)
        return held


def limits_of(grid: Grid) -> Limits:
    """For an image on a grid."""
    if grid.square_cells:
        largest = max(grid.ny, grid.nx, LARGEST_CELLS)
        return Limits(SMALLEST_CELLS * grid.cell_arcsec, largest * grid.cell_arcsec)
    sides = sides_arcsec(grid.sky)
    pixels = (max(n, LARGEST_CELLS) for n in (grid.nx, grid.ny))
    largest_arcsec = max(n * side for n, side in zip(pixels, sides, strict=True))
    return Limits(SMALLEST_CELLS * min(sides), largest_arcsec)


def read_beams(
    header: fits.Header,
    beams: np.ndarray | None,
    beam_units: tuple[str, ...],
    grid: Grid,
    *,
    polarisation: int = 0,
) -> Beams:
    """The beams that the file gives and that an image can have.

    header : with BMAJ, BMIN (deg, FWHM) and BPA (deg), or the line that AIPS leaves in HISTORY
    beams, beam_units : rows and column units of CASA's extension BEAMS (one beam per channel)
    polarisation : plane of the axis STOKES, each of which may have beams of its own
    grid : of the cube, by whose cell and field a beam is judged
    """
    limits = limits_of(grid)
    chans = len(grid.freq_hz)
    notes: tuple[str, ...] = ()
    if beams is not None:
        names = {str(name).upper(): str(name) for name in beams.dtype.names or ()}
        own = _in_order_of_channels(_of_polarisation(beams, names, polarisation), names, chans)
        found = _of_table(own, names, beam_units, limits, chans)
        if found.typical is not None:
            return found
        notes = found.notes
    for values in (_of_header(header), _of_history(header)):
        beam, said = _believed(values, limits)
        notes = (*notes, *said)
        if beam is not None:
            area = np.full(chans, beam.major_arcsec * beam.minor_arcsec)
            return Beams(beam, area, notes)
    return Beams(None, None, notes)


def _of_header(header: fits.Header) -> list[object]:
    return [header.get(key) for key in ("BMAJ", "BMIN", "BPA")]


def _of_history(header: fits.Header) -> list[object]:
    text = "\n".join(str(line) for line in header.get("HISTORY", ()))
    found = AIPS_BEAM.findall(text)
    if not found:
        return [None, None, None]
    return [value.upper().replace("D", "E") for value in found[-1]]  # the last CLEAN counts


def _believed(values: list[object], limits: Limits) -> tuple[Beam | None, tuple[str, ...]]:
    """The beam of BMAJ, BMIN, BPA (deg), if it is believed, and notes."""
    said = values[0] if values[1] is None or values[0] is None else f"{values[0]} x {values[1]}"
    if values[0] is None:
        return None, ()
    major, minor, pa = (_number(value) for value in values)
    if values[1] is None:
        minor = major
    with np.errstate(over="ignore"):
        largest, smallest = 3600 * np.array(max(major, minor)), 3600 * np.array(min(major, minor))
    if not limits.hold(largest, smallest):
        return None, (
            f"a beam of {said} deg is not believed, with cells of "
            f"{limits.smallest / SMALLEST_CELLS:.3g} arcsec: read as unknown",
        )
    notes: tuple[str, ...] = ()
    if not np.isfinite(pa):
        if values[2] is not None and major != minor:
            notes = (f"the beam's position angle {values[2]} cannot be read: taken as 0",)
        pa = 0.0
    if major < minor:
        major, minor, pa = minor, major, (pa + 90.0) % 180.0
        notes = (*notes, "BMAJ is less than BMIN: swapped, and BPA turned by 90 deg")
    return Beam(major * 3600.0, minor * 3600.0, pa), notes


def _number(value: object) -> float:
    """NaN for what is no number: text, or a logical value."""
    if isinstance(value, bool):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _of_table(
    beams: np.ndarray,
    names: dict[str, str],
    beam_units: tuple[str, ...],
    limits: Limits,
    chans: int,
) -> Beams:
    """The median of the good rows; without any, the beam is unknown. names : of columns, by key"""
    if not {"BMAJ", "BMIN"} <= set(names):
        return Beams(None, None, ("the extension BEAMS has no columns BMAJ and BMIN: ignored",))
    unit = dict(zip(beams.dtype.names or (), beam_units, strict=False))
    read = _sizes(beams, names, unit, limits)
    if read is None:
        return Beams(None, None, ("the extension BEAMS cannot be read: ignored",))
    major, minor, pa, notes = read
    turned = major < minor
    if turned.any():
        major, minor = np.where(turned, minor, major), np.where(turned, major, minor)
        pa = np.where(turned, pa + np.pi / 2, pa)
        notes = (*notes, "beams with BMAJ below BMIN: swapped, and BPA turned by 90 deg")
    pa = np.where(np.isfinite(pa), pa, 0.0)
    good = limits.hold(major, minor)
    if not good.any():
        return Beams(None, None, (*notes, "no beam of the extension BEAMS is believed"))
    if not good.all():
        bad = f"{np.count_nonzero(~good)} of {len(good)} beams are not believed"
        notes = (*notes, f"{bad}: the median of the others is taken")
    # position angles repeat after 180 deg, so take the median vector of the doubled angles
    doubled = 2 * pa[good]
    angle = np.arctan2(np.median(np.sin(doubled)), np.median(np.cos(doubled))) / 2
    typical = Beam(
        float(np.median(major[good])), float(np.median(minor[good])), float(np.degrees(angle))
    )
    area = np.full(chans, typical.major_arcsec * typical.minor_arcsec)
    if len(good) != chans:
        said = f"BEAMS has {len(good)} beams for {chans} channels: their median is taken"
        return Beams(typical, area, (*notes, said))
    area[good] = (major * minor)[good]
    if np.abs(area / (typical.major_arcsec * typical.minor_arcsec) - 1).max() <= SAME:
        return Beams(typical, area, notes)
    each = ChannelBeams(
        np.where(good, major, np.nan), np.where(good, minor, np.nan), np.degrees(pa)
    )
    if each.scatter > LARGEST_OFF:
        notes = (
            *notes,
            "beams of single channels differ from those of their neighbours by up to "
            f"{100 * each.scatter:.0f}% in area: there, fluxes are off by up to as much; "
            "image with a common restoring beam",
        )
    return Beams(typical, area, notes, each)


def _of_polarisation(beams: np.ndarray, names: dict[str, str], plane: int) -> np.ndarray:
    """The rows of a plane of the axis of polarisations, where each has beams of its own."""
    if "POL" not in names:
        return beams
    own: np.ndarray = beams[beams[names["POL"]] == plane]
    return own if len(own) else beams


def _in_order_of_channels(beams: np.ndarray, names: dict[str, str], chans: int) -> np.ndarray:
    """A row for each channel, 0 where there is none, if their numbers allow that."""
    if "CHAN" not in names:
        return beams
    channel = beams[names["CHAN"]]
    numbers = np.issubdtype(channel.dtype, np.integer) and channel.ndim == 1
    if not numbers or len(set(channel.tolist())) < len(channel):
        return beams
    if not len(channel) or channel.min() < 0 or channel.max() >= chans:
        return beams
    of_all = np.zeros(chans, beams.dtype)
    of_all[channel] = beams
    return of_all


def _sizes(
    beams: np.ndarray, names: dict[str, str], unit: dict[str, str], limits: Limits
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]] | None:
    """Major and minor FWHM in arcsec, position angle in rad, notes; None if not one of each.

    CASA writes arcsec and deg. A column without a unit is in arcsec, or in deg if that alone makes
    beams that an image can have.
    """
    try:
        values = [beams[names[key]].astype(float).ravel() for key in ("BMAJ", "BMIN")]
        units = [unit.get(names[key], "") for key in ("BMAJ", "BMIN")]
        notes: tuple[str, ...] = ()
        if not all(units):
            known = next((each for each in units if each), "")
            in_deg = not limits.hold(*values).any() and bool(
                limits.hold(values[0] * 3600, values[1] * 3600).any()
            )
            taken = known or ("deg" if in_deg else "arcsec")
            units = [each or taken for each in units]
            notes = (f"BEAMS has no unit: read in {taken}",)
        major, minor = (
            u.Quantity(value, each).to_value("arcsec")
            for value, each in zip(values, units, strict=True)
        )
        pa = np.zeros(len(major))
        if "BPA" in names:
            turn = unit.get(names["BPA"], "") or "deg"
            pa = u.Quantity(beams[names["BPA"]].astype(float).ravel(), turn).to_value("rad")
    except (TypeError, ValueError):
        return None
    # a column may have several values a row
    return (major, minor, pa, notes) if len(major) == len(minor) == len(pa) else None
