"""The extension BEAMS, in which CASA has the restoring beam of each channel."""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from deepfocus.core.channel_beams import ChannelBeams

MANY_BEAMS = "CASAMBM"
"""Key of an image whose beams are in the table."""


def with_beams(hdus: fits.HDUList, beams: ChannelBeams | None) -> fits.HDUList:
    """The file of a cube with a beam of its own in each channel, if it has that, for its one.

    A channel without a beam gets one of size 0, as CASA writes it.
    """
    if beams is None:
        return hdus
    top = hdus[0].header
    for key in ("BMAJ", "BMIN", "BPA"):
        top.remove(key, ignore_missing=True)
    top[MANY_BEAMS] = (True, "a beam for each channel, in BEAMS")
    numbers = (beams.major_arcsec, beams.minor_arcsec, beams.pa_deg)
    channels = len(beams.major_arcsec)
    columns = [
        fits.Column(name, format="1E", unit=unit, array=np.nan_to_num(values))
        for name, unit, values in zip(
            ("BMAJ", "BMIN", "BPA"), ("arcsec", "arcsec", "deg"), numbers, strict=True
        )
    ]
    columns.append(fits.Column("CHAN", format="1J", array=np.arange(channels)))
    columns.append(fits.Column("POL", format="1J", array=np.zeros(channels, int)))
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    table.header["NCHAN"], table.header["NPOL"] = channels, 1
    return fits.HDUList([*hdus, table])
