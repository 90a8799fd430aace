"""What turns the numbers of a FITS image into its values: BSCALE, BZERO and BLANK.

The results are those of astropy, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.io import fits

FORMATS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
"""numpy's name of each BITPIX."""


@dataclass(frozen=True)
class Scale:
    """bitpix, factor (BSCALE), zero (BZERO), blank (BLANK): of the header; blank is None unless the
    numbers are integers"""

    bitpix: int
    factor: float = 1.0
    zero: float = 0.0
    blank: int | None = None

    @classmethod
    def of(cls, header: fits.Header) -> Scale:
        """Of the header of an image, as it lies in the file."""
        bitpix, blank = int(header["BITPIX"]), header.get("BLANK")
        integer = bitpix > 0 and isinstance(blank, int) and not isinstance(blank, bool)
        return cls(
            bitpix,
            float(header.get("BSCALE", 1.0)),
            float(header.get("BZERO", 0.0)),
            blank if integer else None,
        )

    @property
    def dtype(self) -> np.dtype:
        """Of the numbers."""
        return np.dtype(FORMATS[self.bitpix])

    def values(self, numbers: np.ndarray) -> np.ndarray:
        """The values of some numbers, NaN where BLANK; an array of their own if they differ."""
        if self.factor == 1 and self.zero == 0 and self.blank is None:
            return numbers
        if self._is_unsigned:
            unsigned = np.dtype(f"u{self.bitpix // 8}")
            counts: np.ndarray = numbers.astype(unsigned)
            counts += unsigned.type(1 << (self.bitpix - 1))  # and over: that is what is meant
            return counts
        # integers of up to 16 bits have a place in float32
        values: np.ndarray = numbers.astype(
            np.float32 if self.bitpix in (8, 16, -32) else np.float64
        )
        if self.factor != 1:
            np.multiply(values, self.factor, out=values)
        if self.zero != 0:
            np.add(values, self.zero, out=values)
        # astropy takes no BLANK of 0
        if self.blank:
            values[numbers == self.blank] = np.nan
        return values

    @property
    def _is_unsigned(self) -> bool:
        """Whether they stand for unsigned integers, which have no blanks (FITS 4.0, 5.2.5)."""
        return self.factor == 1 and self.bitpix > 8 and self.zero == 1 << (self.bitpix - 1)
