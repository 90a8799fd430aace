"""Tables of results that are no catalogues."""

from __future__ import annotations

from pathlib import Path

from astropy.table import Table

from deepfocus.core.files import whole_file


def write_table(table: Table, path: Path) -> Path:
    """As ECSV, whole or not at all. Raises `DeepFocusError` if the folder cannot be written."""
    with whole_file(path) as temporary:
        table.write(temporary, format="ascii.ecsv", overwrite=True)
    return path
