"""The axes of a FITS image: which is which, the sky WCS, and the frequency of every channel.

`astropy.wcs` reads everything that FITS-WCS defines. Before that, this module's neighbours mend
what wcslib refuses or reads differently from the package that wrote it: spellings, numbers that
are missing or text, velocity scales, and units that are not told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, WCSSUB_LATITUDE, WCSSUB_LONGITUDE

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.memory import require_memory
from deepfocus.core.sky_frame import sky_frame
from deepfocus.io.axis_numbers import check_numbers, leave_out_degenerate
from deepfocus.io.axis_spelling import axes_of, is_celestial, is_spectral, spell, type_of
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.single_channel import add_channel, count_axes, is_one_plane, tells_step
from deepfocus.io.spectral_axis import channels_of
from deepfocus.io.spectral_unit import settle_rest, settle_unit
from deepfocus.io.stokes_axis import stokes_plane
from deepfocus.io.velocity_scale import check_velocity, put_scale

A_CUBE = "a FITS image or cube in Jy/beam with two celestial axes"


CHANNEL_BYTES = 64
"""What the frequencies of a channel take while they are found."""
CELLS_DEG = (1e-12, 90.0)
"""Between these are the sides of a pixel; very long baselines resolve 1e-9 deg."""


@dataclass(frozen=True, eq=False)
class Axes:
    """The order of an image's axes, and what they measure.

    longitude, latitude, spectral : FITS axes, counted from 0
    others : of each remaining axis, the plane that is taken
    sky : celestial WCS, longitude first
    freq_hz : (chan,) channel centres in the file's order
    nominal : whether frequencies only stand for velocities, as in `Grid`
    only_width_hz : of a single channel, as in `Grid`
    """

    longitude: int
    latitude: int
    spectral: int
    others: Mapping[int, int]
    sky: WCS
    freq_hz: np.ndarray
    rest_hz: float | None
    specsys: str
    notes: tuple[str, ...]
    nominal: bool = False
    only_width_hz: float | None = None

    @property
    def spectra_together(self) -> bool:
        """Whether the channels of a pixel follow each other in the file."""
        return self.spectral < min(self.longitude, self.latitude)

    @property
    def fastest_first(self) -> tuple[int, ...]:
        """The axes of (chan, y, x) as they follow each other in the file."""
        return tuple(np.argsort([self.spectral, self.latitude, self.longitude]).tolist())

    @property
    def polarisation(self) -> int:
        """The plane that is taken of an axis STOKES; 0 without one."""
        return max(self.others.values(), default=0)  # of other axes it is the first

    def ordered(self, data: np.ndarray) -> np.ndarray:
        """The file's array (numpy order: last FITS axis first) as a view (chan, y, x)."""
        whole = slice(None)
        lengths = self.lengths(data.shape)
        return self.transposed(data.reshape(lengths)[self.part(whole, whole, whole)])

    def lengths(self, stored: Sequence[int]) -> tuple[int, ...]:
        """Of the file's array, with those of axes that are in the header alone, which are 1."""
        missing = 3 + len(self.others) - len(stored)
        return (*(1 for _ in range(missing)), *(int(n) for n in stored))

    def part(self, channels: slice, rows: slice, columns: slice) -> tuple[int | slice, ...]:
        """The indices of a part of the cube in the file's array; those of its further axes are
        integers."""
        asked = {self.spectral: channels, self.latitude: rows, self.longitude: columns}
        every: dict[int, int | slice] = {**self.others, **asked}
        return tuple(every[axis] for axis in sorted(every, reverse=True))

    def by_role(self, lengths: Sequence[int]) -> tuple[int, int, int]:
        """(chan, y, x) of lengths in the order of the file's array."""
        last = len(lengths) - 1
        spectral, latitude, longitude = (
            int(lengths[last - axis]) for axis in (self.spectral, self.latitude, self.longitude)
        )
        return spectral, latitude, longitude

    def transposed(self, part: np.ndarray) -> np.ndarray:
        """A part of the file's array without its further axes as a view (chan, y, x)."""
        slowest_first = sorted((self.spectral, self.latitude, self.longitude), reverse=True)
        return part.transpose(
            [slowest_first.index(a) for a in (self.spectral, self.latitude, self.longitude)]
        )


def read_axes(
    header: fits.Header,
    name: str,
    *,
    tables: fits.HDUList | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Axes:
    """Find the axes of an image. One without a spectral axis is a channel of no known frequency.

    name : what messages call the file
    tables : the open file, for spectral axes given as a table (``FREQ-TAB``)
    overrides : what replaces the header's

    Raises `DeepFocusError` if an axis is missing or cannot be read, or if a further axis is
    longer than 1 and not STOKES.
    """
    check_velocity(overrides.velocity)
    header = header.copy()
    notes: list[str] = []
    spell(header)
    types = [type_of(header, axis) for axis in axes_of(header)]
    without_spectrum = not any(map(is_spectral, types))
    _refuse_without_image(types, name, one_plane=is_one_plane(header))
    if without_spectrum:
        notes.append("no spectral axis: one channel, its frequency and width not known")
        add_channel(header)
    count_axes(header)
    planes = stokes_plane(header, overrides.stokes, name, notes)
    for axis in leave_out_degenerate(header):
        if axis - 1 not in planes and header.get(f"NAXIS{axis}", 1) > 1:
            raise _further(name, types[axis - 1], header[f"NAXIS{axis}"])
    spectral = next(axis for axis in axes_of(header) if is_spectral(type_of(header, axis)))
    chans = header.get(f"NAXIS{spectral}", 1)
    step_told = chans > 1 or (not without_spectrum and tells_step(header, spectral))
    check_numbers(header, name, notes)
    require_memory(CHANNEL_BYTES * float(chans), f"the frequencies of {name}", remedy="check NAXIS")
    put_scale(header, spectral, overrides.velocity, notes)
    rest_hz = settle_rest(header, spectral, chans, overrides.rest_hz, name, notes)
    # the end of a single channel tells its unit as that of many does
    settle_unit(header, spectral, max(chans, 2) if step_told else chans, rest_hz, name, notes)
    try:
        wcs = WCS(header, fobj=tables)
        used = (wcs.wcs.lng, wcs.wcs.lat, wcs.wcs.spec)
        if min(used) < 0:
            raise _no_cube(name, "celestial" if min(used[:2]) < 0 else "spectral", types)
        sky = wcs.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE])
        channels = channels_of(wcs, chans, name, step_told=step_told)
    except DeepFocusError:
        raise
    except Exception as error:  # wcslib raises a different class for each fault
        raise _unreadable(name, error) from error
    _refuse_impossible_cells(sky, name)
    if wcs.wcs.lng > wcs.wcs.lat:
        notes.append("latitude axis before longitude: x is the longitude axis")
    if sky_frame(sky) is None:
        notes.append(
            "no right ascension and declination, x and y only, and position angles from the y axis "
            f"towards -x: {_frame(sky)} not known"
        )
    if channels.nominal and not without_spectrum:
        notes.append(
            "velocity axis without a rest frequency: searched in velocity, frequencies not known"
        )
    return Axes(
        longitude=wcs.wcs.lng,
        latitude=wcs.wcs.lat,
        spectral=wcs.wcs.spec,
        others={axis: planes.get(axis, 0) for axis in range(header["NAXIS"]) if axis not in used},
        sky=sky,
        freq_hz=channels.freq_hz,
        rest_hz=channels.rest_hz,
        specsys=wcs.wcs.specsys or "LSRK",
        notes=tuple(notes),
        nominal=channels.nominal,
        only_width_hz=channels.only_width_hz,
    )


def _refuse_without_image(types: list[str], name: str, *, one_plane: bool) -> None:
    if sum(map(is_celestial, types)) > 2:
        raise DeepFocusError(
            f"{name} has more than two celestial axes (CTYPEs: {', '.join(types)})",
            wanted=A_CUBE,
            remedy="correct CTYPE in the header",
        )
    if sum(map(is_celestial, types)) < 2:
        raise _no_cube(name, "celestial", types)
    if not (one_plane or any(map(is_spectral, types))):
        raise _no_cube(name, "spectral", types)


def _no_cube(name: str, kind: str, types: list[str]) -> DeepFocusError:
    remedies = {
        "celestial": "give the image, not a spectrum or a position-velocity cut, with its WCS",
        "spectral": "give a cube with a FREQ or velocity axis, e.g. from tclean(specmode='cube')",
    }
    axes = "spectral axis" if kind == "spectral" else "celestial axes"
    return DeepFocusError(
        f"{name} has no {axes} (CTYPEs: {', '.join(ctype or '(none)' for ctype in types)})",
        wanted=A_CUBE,
        remedy=remedies[kind],
    )


def _further(name: str, ctype: str, length: int) -> DeepFocusError:
    return DeepFocusError(
        f"{name} has a further axis ({ctype or 'without a name'}) of length {length}",
        wanted=A_CUBE,
        remedy="extract one cube along that axis",
    )


def _frame(sky: WCS) -> str:
    """What is said of the frame of the sky axes."""
    system = f"RADESYS {sky.wcs.radesys}, " if sky.wcs.radesys else ""
    return f"the frame of {system}{' and '.join(sky.wcs.ctype)} is"


def _refuse_impossible_cells(sky: WCS, name: str) -> None:
    """Raise `DeepFocusError` for pixels that no telescope has."""
    largest = np.abs(sky.pixel_scale_matrix).max(axis=0)
    low, high = CELLS_DEG
    if not np.all((largest > low) & (largest < high)):
        raise DeepFocusError(
            f"{name} has pixels of {largest[0]:.3g} x {largest[1]:.3g} deg",
            wanted="pixels of a part of the sky",
            remedy="check CDELT, or CDi_j, of the celestial axes",
        )


def _unreadable(name: str, error: Exception) -> DeepFocusError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"^ERROR \d+ in .*$", "", lines[0]).strip() if lines else ""
    text = text or (lines[-1] if lines else type(error).__name__)
    return DeepFocusError(
        f"{name} has coordinates that cannot be read: {text}",
        wanted="a header that follows FITS-WCS",
        remedy="check CTYPE, CRVAL, CDELT and CUNIT of each axis",
    )
