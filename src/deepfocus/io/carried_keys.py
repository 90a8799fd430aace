"""Keywords of an observation that go from a cube's header into whatever is made of the cube.

Those by which one finds the data again and knows how they were imaged: the standard's, and those
that ALMA's pipeline writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from astropy.io import fits

CARRIED = (
    "OBJECT", "TELESCOP", "INSTRUME", "OBSERVER", "DATE-OBS", "TIMESYS",
    "PROPCODE", "GROUP", "MEMBER", "SGOAL", "ASDM", "FIELD", "INTENT", "ARRAY",
    "SPW", "NSPWNAM", "SPECMODE", "WEIGHT", "ROBUST", "PER_EB", "CASAVER", "PIPEVER", "PROCVER",
)  # fmt: skip
NUMBERED = re.compile(r"SPWNAM\d\d")
UNSET = ("", "N/A", "-999.0", "-999")
"""What the pipeline writes where it has nothing to say."""
OBSERVATION = "observation"
"""Key of a cube's `meta` under which they are."""


def carried_keys(header: fits.Header) -> dict[str, Any]:
    """Keywords and their values, texts, numbers or truth values, in the order of `CARRIED`."""
    numbered = sorted(key for key in header if NUMBERED.fullmatch(key))
    found = {key: header[key] for key in (*CARRIED, *numbered) if key in header}
    return {
        key: value.strip() if isinstance(value, str) else value
        for key, value in found.items()
        if isinstance(value, str | bool | int | float) and str(value).strip() not in UNSET
    }


def set_carried(header: fits.Header, meta: Mapping[str, Any]) -> None:
    """Write those of a cube's `meta` into the header of a product."""
    for key, value in meta.get(OBSERVATION, {}).items():
        header[key] = value
