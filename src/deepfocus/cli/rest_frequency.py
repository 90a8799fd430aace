"""The option --rest-frequency, shared by the commands that read cubes."""

from __future__ import annotations

from deepfocus.core.errors import DeepFocusError


def rest_hertz(text: str | None) -> float | None:
    """Hz of a text such as '230.538 GHz', None for None. Raises `DeepFocusError`."""
    if text is None:
        return None
    from astropy import units as u

    try:
        value = u.Quantity(text).to_value(u.Hz)
    except (TypeError, ValueError, u.UnitConversionError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise DeepFocusError(
            f"cannot use --rest-frequency {text}",
            wanted="a frequency with its unit, such as '230.538 GHz'",
            remedy="correct the value",
        )
    return float(value)
