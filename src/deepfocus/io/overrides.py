"""What a user says of a file where its header does not tell, or is not believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overrides:
    """None where the file is to tell itself.

    rest_hz : rest frequency, Hz
    velocity : 'radio' or 'optical', the scale of a velocity axis
    stokes : parameter to take of a STOKES axis, such as 'V'; None for I
    hdu : number or EXTNAME of the HDU with the cube; None for the likeliest
    """

    rest_hz: float | None = None
    velocity: str | None = None
    stokes: str | None = None
    hdu: int | str | None = None


NO_OVERRIDES = Overrides()
