"""Opens tables of a measurement set with python-casacore, and shortens its errors to one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError


@contextmanager
def opened_table(path: Path) -> Iterator[Any]:
    """A casacore table, open for reading.

    Raises `DeepFocusError` if python-casacore is missing or the table cannot be read.
    """
    try:
        from casacore.tables import table
    except ImportError as error:
        raise DeepFocusError(
            "measurement sets need python-casacore, which is not installed",
            wanted="the optional extra ms",
            remedy='pip install "deepfocus-alma[ms]", or write a script for CASA: --out SCRIPT.py',
        ) from error
    if not (path / "table.dat").is_file():
        why = "there is no table.dat" if path.exists() else "it does not exist"
        raise no_measurement_set(path, why)
    with casacores_errors(path):
        opened = table(str(path), ack=False, lockoptions="usernoread")
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def casacores_errors(path: Path) -> Iterator[None]:
    """Turn casacore's errors about a damaged table into a `DeepFocusError`."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise no_measurement_set(path, str(error)) from error


def no_measurement_set(path: Path, why: str) -> DeepFocusError:
    """The error for a path that is not a usable measurement set."""
    return DeepFocusError(
        f"{path} cannot be read as a measurement set: {why}",
        wanted="a folder that CASA wrote, with table.dat in it",
        remedy="give the .ms itself; import other formats with CASA first",
    )
