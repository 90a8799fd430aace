"""The casacore table of a component list: its cells by row, through python-casacore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.foreign.texts import no_list

CASA = "CASA"
KIND = "Component List"
README = "This is a ComponentList Table containing parameterised representations\n"
README += "of the sky brightness.\n"
NEEDED = (
    *("Flux", "Flux_Unit", "Flux_Polarisation", "Shape", "Reference_Direction", "Direction_Frame"),
    *("Shape_Parameters", "Reference_Frequency", "Frequency_Frame"),
)
"""Columns without which a list cannot be read."""

READ = (*NEEDED, "Flux_Error", "Direction_Error", "Shape_Error", "Label")

Row = Mapping[str, Any]
"""The cells of a component by column."""


def read_rows(path: Path) -> list[Row]:
    """The components of a list. Columns that an old list lacks are left out.

    Raises `DeepFocusError` if python-casacore is not installed, or if it is no component list.
    """
    with _casacore():
        from casacore.tables import table
    if not (path / "table.dat").is_file():
        raise no_list(path, CASA, "there is no table.dat" if path.exists() else "No such folder")
    try:
        opened = table(str(path), ack=False, lockoptions="usernoread")
        try:
            names = opened.colnames()
            lacking = [name for name in NEEDED if name not in names]
            if lacking:
                raise no_list(path, CASA, f"it lacks the column {lacking[0]}")
            wanted = [name for name in names if name in READ]
            rows: list[Row] = [
                {name: opened.getcell(name, row) for name in wanted}
                for row in range(opened.nrows())
            ]
        finally:
            opened.close()
    except (RuntimeError, OSError) as error:
        raise no_list(path, CASA, next(iter(str(error).splitlines()), "damaged")) from error
    return rows


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write a list of components. Raises `DeepFocusError` if python-casacore is not installed."""
    with _casacore():
        from casacore.tables import table
    made = table(str(path), _description(), nrow=len(rows), ack=False)
    try:
        made.putinfo({"type": KIND, "subType": "", "readme": README})
        for number, row in enumerate(rows):
            for name, value in row.items():
                made.putcell(name, number, value)
    finally:
        made.close()


@contextmanager
def _casacore() -> Iterator[None]:
    """Turn the lack of python-casacore into a `DeepFocusError`."""
    try:
        yield
    except ImportError as error:
        raise DeepFocusError(
            "component lists need python-casacore, which is not installed",
            wanted="the optional extra ms",
            remedy='pip install "deepfocus-alma[ms]"',
        ) from error


def _description() -> dict[str, Any]:
    """Of the table, as CASA makes it."""
    from casacore.tables import makearrcoldesc, makescacoldesc, maketabdesc

    def measure(kind: str, unit: list[str], frame: str) -> dict[str, Any]:
        return {"QuantumUnits": unit, "MEASINFO": {"type": kind, "VarRefCol": frame}}

    def fixed(name: str, value: Any, length: int, **keywords: Any) -> Any:
        return makearrcoldesc(name, value, shape=[length], options=5, keywords=keywords)

    def single(name: str, value: Any, **keywords: Any) -> Any:
        return makescacoldesc(name, value, keywords=keywords)

    def of_any_length(name: str) -> Any:
        return makearrcoldesc(name, 0.0, ndim=1)

    columns = (
        fixed("Flux", 0j, 4),
        single("Flux_Unit", ""),
        single("Flux_Polarisation", ""),
        fixed("Flux_Error", 0j, 4),
        single("Shape", ""),
        fixed("Reference_Direction", 0.0, 2,
              **measure("direction", ["rad", "rad"], "Direction_Frame")),
        single("Direction_Frame", ""),
        fixed("Direction_Error", 0.0, 2, VariableUnits="Direction_Error_Units"),
        fixed("Direction_Error_Units", "", 2),
        of_any_length("Shape_Parameters"),
        of_any_length("Shape_Error"),
        single("Spectrum_Shape", ""),
        single("Reference_Frequency", 0.0, **measure("frequency", ["Hz"], "Frequency_Frame")),
        single("Frequency_Frame", ""),
        single("Frequency_Error", 0.0, VariableUnits="Frequency_Error_Units"),
        single("Frequency_Error_Units", ""),
        of_any_length("Spectral_Parameters"),
        of_any_length("Spectral_Error"),
        single("Label", ""),
    )  # fmt: skip
    return dict(maketabdesc(columns))
