"""SoFiA-2's parameter file for a cube: what the settings leave open follows from its beam and size.

https://gitlab.com/SoFiA-Admin/SoFiA-2/-/wikis/SoFiA-2-Control-Parameters describes the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deepfocus.core.errors import DeepFocusError

CONTINUUM_SHIFT_CHAN = 4
"""SoFiA's default `contsub.shift`; it wants more than five times as many channels."""
AXIS_SHARE = 0.25
"""Kernels wider than this share of an axis are not used: they see few places, hardly any noise."""
OURS = ("input.", "output.", "parameter.")
"""Parameters on which it depends whether the finder can read what SoFiA writes."""


def parameter_text(parameters: Mapping[str, Any]) -> str:
    """The lines of a parameter file."""
    return "".join(f"{name} = {_written(value)}\n" for name, value in parameters.items())


def kernels_within(sizes: Iterable[float], *, axis: int) -> list[int]:
    """Sizes as whole numbers, each once, up to a share of an axis of so many elements.

    No kernel is always among them, as SoFiA advises. It refuses the whole run if one is too wide.
    """
    return sorted({0, *(round(size) for size in sizes if round(size) <= AXIS_SHARE * axis)})


def continuum_parameters(*, order: int, channels: int) -> dict[str, Any]:
    """Continuum subtraction, unless the band is too short for it."""
    shift = min(CONTINUUM_SHIFT_CHAN, (channels - 1) // 5)
    if shift < 1:
        return {"contsub.enable": False}
    return {"contsub.enable": True, "contsub.order": order, "contsub.shift": shift}


def given_parameters(pairs: Iterable[str]) -> dict[str, str]:
    """Parameters given as `name=value`. Raises `DeepFocusError` for anything else."""
    given = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or "." not in name or name.startswith(OURS):
            raise DeepFocusError(
                f"'{pair}' among the parameters for SoFiA-2",
                wanted="pairs such as 'linker.radiusXY=2', none of input, output or parameter",
                remedy="correct the setting 'further'",
            )
        given[name] = value
    return given


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
