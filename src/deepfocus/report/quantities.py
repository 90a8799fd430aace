"""What a report says of each source: columns of the catalogue, with headings and units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from deepfocus.core.catalogue import SCHEMA, Catalogue
from deepfocus.report.numbers import (
    NOTHING,
    declination,
    error_in,
    right_ascension,
    with_error,
)

MEANING = {column.name: column.meaning for column in SCHEMA}


@dataclass(frozen=True)
class Cell:
    """text : as it is read; order : by which rows are sorted, NaN if it is not known

    error : its standard deviation, '' if there is none
    """

    text: str
    order: float
    error: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.text != NOTHING


@dataclass(frozen=True)
class Quantity:
    """A column as it is shown.

    unit : of what is shown, '' for none; factor : from the catalogue's unit to it
    limit : column of an upper limit, shown where the number itself is not known; '' for none
    write : value and uncertainty -> text; error_unit : of the uncertainty, if another
    said : what it is, if not in the words of the catalogue's schema
    """

    column: str
    heading: str
    unit: str = ""
    factor: float = 1.0
    limit: str = ""
    write: Callable[[float, float], str] = with_error
    said: str = ""
    error_unit: str = ""

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        return self.said or MEANING[self.column]

    def cells(self, rows: Catalogue) -> list[Cell]:
        """One for each row."""
        values = rows[self.column] * self.factor
        name = f"{self.column}_err"
        errors = rows[name] * self.factor if name in MEANING else np.full(len(rows), np.nan)
        limits = rows[self.limit] * self.factor if self.limit else np.full(len(rows), np.nan)
        columns = values.tolist(), errors.tolist(), limits.tolist()
        return [self._cell(*each) for each in zip(*columns, strict=True)]

    def _cell(self, value: float, error: float, limit: float) -> Cell:
        if isfinite(value) or not isfinite(limit):
            text = self.write(value, error)
            told = error_in(text)
            return Cell(text, value, f"{told} {self.error_unit}".strip() if told else "")
        return Cell(f"< {with_error(limit, nan)}", limit)

    def known_in(self, rows: Catalogue) -> bool:
        """Whether any row has it, or its limit."""
        names = [self.column, self.limit] if self.limit else [self.column]
        return any(bool(np.isfinite(rows[name]).any()) for name in names)


RA = Quantity("ra", "RA", "ICRS", write=right_ascension, error_unit="s")
DEC = Quantity("dec", "Dec", "ICRS", write=declination, error_unit="arcsec")
X, Y = Quantity("x", "x", "px"), Quantity("y", "y", "px")
CHANNEL = Quantity("channel", "Channel")
FREQUENCY = Quantity("frequency", "Frequency", "GHz", factor=1e-9)
LINE_WIDTH = Quantity("line_fwhm", "Line width", "km/s", limit="line_fwhm_limit")
LINE_CHANNELS = Quantity("line_fwhm_chan", "Line width", "channels", limit="line_fwhm_limit_chan")
LINE_W20 = Quantity(
    "line_w20", "Line width at 20%", "km/s", said="full width of the line at 20% of its peak"
)
LINE_SHIFT = Quantity(
    "line_shift", "Shift along the line", "arcsec", said="what its centre moves over the line width"
)
LINE_FLUX = Quantity("line_flux", "Line flux", "Jy km/s")
CONTINUUM = Quantity("continuum", "Continuum", "mJy")
MAJOR = Quantity(
    "fwhm_x",
    "Major FWHM",
    "arcsec",
    limit="fwhm_limit",
    said="of the longer axis, beam removed",
)
MINOR = Quantity(
    "fwhm_y", "Minor FWHM", "arcsec", limit="fwhm_limit", said="of the shorter axis, beam removed"
)
PROBABILITY = Quantity("probability", "Probability")
SNR_PEAK = Quantity("snr_peak", "Peak SNR")
SNR = Quantity("snr_focused", "SNR", said="of the whole line and source, as it was found")
FIDELITY = Quantity("fidelity", "Fidelity")
COMPLETENESS = Quantity("completeness", "Completeness")

IN_TABLE = (
    RA, DEC, X, Y, CHANNEL, FREQUENCY, LINE_WIDTH, LINE_CHANNELS, LINE_FLUX, CONTINUUM,
    MAJOR, MINOR, SNR, SNR_PEAK, PROBABILITY, FIDELITY, COMPLETENESS,
)  # fmt: skip
OF_REJECTED = (RA, DEC, X, Y, FREQUENCY, CHANNEL, SNR, SNR_PEAK, PROBABILITY)
INSTEAD = {
    X: RA, Y: DEC, CHANNEL: FREQUENCY, LINE_CHANNELS: LINE_WIDTH, CONTINUUM: LINE_FLUX,
    SNR_PEAK: SNR,
}  # fmt: skip
"""What a table shows only where the other is not known of any row."""

OF_SOURCE = (
    RA,
    DEC,
    X,
    Y,
    FREQUENCY,
    CHANNEL,
    LINE_WIDTH,
    LINE_W20,
    LINE_FLUX,
    Quantity("mask_flux", "Flux in a mask", "Jy km/s"),
    Quantity(
        "primary_beam", "Primary beam", said="response at the source; fluxes are divided by it"
    ),
    Quantity("peak", "Peak", "mJy/beam"),
    CONTINUUM,
    MAJOR,
    MINOR,
    Quantity("pa", "Position angle", "deg"),
    LINE_SHIFT,
    Quantity("kinematic_pa", "Kinematic angle", "deg"),
    SNR,
    SNR_PEAK,
    Quantity("global_snr", "Global SNR"),
    PROBABILITY,
    FIDELITY,
    COMPLETENESS,
)
"""Of the section of a source."""


def shown_of(quantities: tuple[Quantity, ...], rows: Catalogue) -> tuple[Quantity, ...]:
    """Those that some row has, and that nothing better stands for."""
    known = {each for each in quantities if each.known_in(rows)}
    return tuple(each for each in quantities if each in known and INSTEAD.get(each) not in known)


def longer_axis_first(found: Catalogue) -> Catalogue:
    """The rows with their longer axis as x, the shorter as y, for `MAJOR` and `MINOR`."""
    exchanged = found["fwhm_y"] > found["fwhm_x"]
    pairs = (("fwhm_x", "fwhm_y"), ("fwhm_x_err", "fwhm_y_err"))
    return found.with_columns(
        **{
            name: np.where(exchanged, found[other], found[name])
            for pair in pairs
            for name, other in (pair, pair[::-1])
        }
    )
