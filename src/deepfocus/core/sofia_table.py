"""SoFiA-2's own catalogue: its columns as it writes them in XML, and what they are in ours.

The finder that runs the program and the reader of users' files both take them from here.

Its ellipses are left out: they are moments of a mask that is wider than the source, in which a
point source of 30 sigma is 13% larger than the beam. No beam can be taken off that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

Sources = Mapping[str, np.ndarray]
"""Columns of SoFiA's catalogue, (source,) each, by name."""

WARNINGS = {
    1: "near the edge of the image",
    2: "line cut off by the end of the band",
    4: "beside blank voxels",
    8: "touches another source",
}
"""Bits of SoFiA's own `flag`."""


@dataclass(frozen=True)
class SofiaTable:
    """SoFiA's numbers and their units, by the names of its columns; its texts are left out."""

    columns: Sources
    units: Mapping[str, str]


def read_xml(path: Path) -> SofiaTable:
    """Read SoFiA's XML catalogue.

    Raises `ElementTree.ParseError`, `KeyError`, `IndexError` or `ValueError` for anything else.
    """
    table = ElementTree.parse(path).getroot()
    fields = [field.attrib for field in table.iterfind(".//{*}FIELD")]
    rows = [[cell.text for cell in row.iterfind("{*}TD")] for row in table.iterfind(".//{*}TR")]
    numbers = {
        field["name"]: number for number, field in enumerate(fields) if field["datatype"] != "char"
    }
    return SofiaTable(
        {name: np.array([row[number] for row in rows], float) for name, number in numbers.items()},
        {name: fields[number].get("unit", "") for name, number in numbers.items()},
    )


def measured_columns(sources: Sources) -> dict[str, Any]:
    """Columns of ours that need no axis but those of pixels and channels.

    sources : `rms`, `f_max` and the like in Jy/beam. What it lacks becomes NaN
    """
    lacking = np.full(len(sources["x"]), np.nan)
    has = {name: sources.get(name, lacking) for name in NEEDED}
    measured = has["rms"] > 0  # else the mask fills its box, and leaves no noise to measure
    flags = np.nan_to_num(has["flag"]).astype(int)
    return {
        "x": _centre(has, "x"),
        "y": _centre(has, "y"),
        "channel": _centre(has, "z"),
        "x_err": np.where(measured, has["err_x"], np.nan),
        "y_err": np.where(measured, has["err_y"], np.nan),
        "channel_err": np.where(measured, has["err_z"], np.nan),
        "box_x0": has["x_min"] - 0.5,
        "box_x1": has["x_max"] + 0.5,
        "box_y0": has["y_min"] - 0.5,
        "box_y1": has["y_max"] + 0.5,
        "peak": 1e3 * has["f_max"],
        "snr_peak": has["f_max"] / positive(has["rms"]),
        "snr_focused": has["f_sum"] / positive(has["err_f_sum"]),
        "warning": [warning_of(int(flag)) for flag in flags],
    }


NEEDED = (
    *("x", "y", "z", "err_x", "err_y", "err_z", "x_min", "x_max", "y_min", "y_max"),
    *("z_min", "z_max", "f_max", "f_sum", "err_f_sum", "rms", "flag"),
)
"""What `measured_columns` looks at."""


def positive(values: np.ndarray) -> np.ndarray:
    """NaN where a value is 0, which is SoFiA's way to say that it could not measure it."""
    kept: np.ndarray = np.where(values > 0, values, np.nan)
    return kept


def warning_of(flag: int) -> str:
    """SoFiA's flag in words."""
    return "; ".join(words for bit, words in WARNINGS.items() if flag & bit)


def flag_of(warning: str) -> int:
    """Inverse of `warning_of`; other warnings have no bit."""
    cases = warning.split("; ")
    return sum(bit for bit, words in WARNINGS.items() if words in cases)


def _centre(sources: Sources, axis: str) -> np.ndarray:
    """Its centroid; the middle of its mask, where nothing in that is above zero."""
    middle = (sources[f"{axis}_min"] + sources[f"{axis}_max"]) / 2
    return np.where(np.isfinite(sources[axis]), sources[axis], middle)
