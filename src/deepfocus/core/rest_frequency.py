"""A user's rest frequency in Hz."""

from __future__ import annotations

from deepfocus.core.errors import DeepFocusError


def rest_hertz(given: object) -> float | None:
    """Convert text such as '230.538 GHz' or a quantity to Hz; None stays None.

    Raises `DeepFocusError` if the value is not a positive, finite frequency.
    """
    if given is None:
        return None
    from astropy import units as u

    try:
        value = float(u.Quantity(given).to_value(u.Hz))
    except (TypeError, ValueError, u.UnitConversionError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise DeepFocusError(
            f"cannot use the rest frequency {given}",
            wanted="a frequency with its unit, such as '230.538 GHz'",
            remedy="correct the value",
        )
    return value
