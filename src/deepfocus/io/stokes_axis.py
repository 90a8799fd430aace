"""Which plane of a STOKES axis is searched."""

from __future__ import annotations

from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.axis_numbers import number_in, step_of
from deepfocus.io.axis_spelling import type_of

NAMES = {
    1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR",
    -5: "XX", -6: "YY", -7: "XY", -8: "YX",
}  # fmt: skip
"""Values of a STOKES axis: Greisen & Calabretta 2002, A&A 395, 1061, table 7."""
MOST_PLANES = 100
"""Of a STOKES axis. A longer one is something else."""


def stokes_plane(
    header: fits.Header, wanted: str | None, name: str, notes: list[str]
) -> dict[int, int]:
    """FITS axis, counted from 0, and plane of the Stokes parameter; empty without such an axis.

    wanted : a name such as 'V'. None takes I; without I, the only plane there is

    Raises `DeepFocusError` if the name is none, or the file does not have it, or the axis is too
    long to be one of Stokes parameters.
    """
    wanted = wanted.strip().upper() if wanted is not None else None
    if wanted is not None and wanted not in NAMES.values():
        raise DeepFocusError(
            f"there is no Stokes parameter {wanted!r}",
            wanted=f"one of {', '.join(NAMES.values())}",
            remedy="correct the name",
        )
    found = [i for i in range(1, header["NAXIS"] + 1) if type_of(header, i) == "STOKES"]
    if not found:
        if wanted not in (None, "I"):
            raise _lacking(name, "no STOKES axis", wanted or "I", "leave out the choice of Stokes")
        return {}
    (axis, *_) = found
    if header[f"NAXIS{axis}"] > MOST_PLANES:
        raise DeepFocusError(
            f"{name} has a STOKES axis of length {header[f'NAXIS{axis}']}",
            wanted="a plane for each Stokes parameter",
            remedy=f"correct CTYPE{axis} in the header",
        )
    planes = _planes(header, axis)
    listed = ", ".join(planes)
    if (wanted or "I") in planes:
        if len(planes) > 1:
            notes.append(f"Stokes {listed} in the file: {wanted or 'I'} taken")
        return {axis - 1: planes.index(wanted or "I")}
    if wanted is None and len(planes) == 1:
        notes.append(
            f"the only plane is Stokes {listed}: searched as it is"
            if listed in NAMES.values()
            else "the STOKES axis does not say which parameter it has: read as I"
        )
        return {axis - 1: 0}
    remedy = "choose one with --stokes" if set(planes) & set(NAMES.values()) else "correct the axis"
    raise _lacking(name, f"Stokes {listed}", wanted or "I", remedy)


def _planes(header: fits.Header, axis: int) -> list[str]:
    """The parameter of each plane; a value in words where it is none."""
    start, pixel = (number_in(header.get(f"{key}{axis}", 0.0)) for key in ("CRVAL", "CRPIX"))
    step = number_in(header.get(f"CDELT{axis}", 1.0))
    length = header[f"NAXIS{axis}"]
    if start is None or pixel is None or step is None:
        return ["unknown"] * length
    step = step_of(header, axis)
    values = [start + step * (i + 1 - pixel) for i in range(length)]
    return [
        NAMES.get(round(v), f"value {v:g}") if v == round(v) else f"value {v:g}" for v in values
    ]


def _lacking(name: str, has: str, wanted: str, remedy: str) -> DeepFocusError:
    return DeepFocusError(f"{name} has {has}", wanted=f"Stokes {wanted}", remedy=remedy)
