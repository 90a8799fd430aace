"""The extension BEAMS, in which CASA has the restoring beam of each channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from astropy.io import fits

from deepfocus.core.cube import Beam

MANY_BEAMS = "CASAMBM"
"""Key of an image whose beams are in the table."""


def with_beams(hdus: fits.HDUList, beams: Sequence[Beam]) -> fits.HDUList:
    """The file of a cube with a beam of its own in each channel, (chan,), in place of its one."""
    top = hdus[0].header
    for key in ("BMAJ", "BMIN", "BPA"):
        top.remove(key, ignore_missing=True)
    top[MANY_BEAMS] = (True, "a beam for each channel, in BEAMS")
    numbers = np.array([(beam.major_arcsec, beam.minor_arcsec, beam.pa_deg) for beam in beams])
    columns = [
        fits.Column(name, format="1E", unit=unit, array=values)
        for name, unit, values in zip(
            ("BMAJ", "BMIN", "BPA"), ("arcsec", "arcsec", "deg"), numbers.T, strict=True
        )
    ]
    columns.append(fits.Column("CHAN", format="1J", array=np.arange(len(beams))))
    columns.append(fits.Column("POL", format="1J", array=np.zeros(len(beams), int)))
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    table.header["NCHAN"], table.header["NPOL"] = len(beams), 1
    return fits.HDUList([*hdus, table])
