"""A size in bytes as people write it."""

from __future__ import annotations

import re

from deepfocus.core.errors import DeepFocusError

POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def bytes_of(size: str | None) -> float | None:
    """Of '3 GB', '500M', '2.5 GiB' or a number of bytes; None of None.

    Raises `DeepFocusError` for anything else.
    """
    if size is None:
        return None
    told = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([kmgt]?)(i?)b?\s*", size, re.IGNORECASE)
    if told is None or not float(told[1]) > 0:
        raise DeepFocusError(
            f"a size of {size!r}",
            wanted="a number and a unit",
            remedy="write it as '3 GB' or '500 MB'",
        )
    return float(told[1]) * float(1024 if told[3] else 1000) ** POWER[told[2].upper()]
