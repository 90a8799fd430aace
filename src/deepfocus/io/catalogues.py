"""Writes a `Catalogue` to a file and reads it back; the suffix selects the format.

.ecsv, .fits and .vot (or .xml) keep every column with its unit, UCD and meaning, and the
provenance. .reg draws the sources in DS9 and CARTA, .crtf in
CASA, and neither can be read back.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from astropy import units as u
from astropy.io import fits, votable
from astropy.table import Column as TableColumn
from astropy.table import MaskedColumn, Table

from deepfocus.core.catalogue import SCHEMA, Catalogue, Column, catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.io.casa_regions import casa_regions_text
from deepfocus.io.regions import regions_text

Given = TypeVar("Given", Path, str)

NEEDED = ("x", "y", "channel")
CUBE = "cube"
"""Column with the name of a cube, in a table of many."""
PROVENANCE = "provenance"
FRAME = "ICRS"
ON_SKY = ("ra", "ra_err", "dec", "dec_err")
"""Columns of that frame."""


def write_catalogue(found: Catalogue, path: Path) -> Path:
    """Write `found` in the format that the suffix names: .ecsv, .fits, .vot, .xml, .reg or .crtf.

    Raises `DeepFocusError` for any other suffix or a folder that cannot be written.
    """
    path = Path(path)
    writer = _of_suffix(WRITERS, path, "write")
    with whole_file(path) as temporary:
        writer(found, temporary)
    return path


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue; schema columns that the file lacks are blank.

    Columns in another unit are converted. Columns outside the schema are dropped; the table's
    meta lists their names as ``other_columns``.

    Raises `DeepFocusError` if the file cannot be read, lacks one of x, y, channel, or has a
    column of the wrong type.
    """
    path = Path(path)
    return _checked(*_opened(path), path)


def catalogue_of_ecsv(text: str, path: Path) -> Catalogue:
    """As `read_catalogue` reads a file of that text; path : named in errors."""
    return _checked(*_understood(_read_ecsv, text, path), path)


def read_by_cube(path: Path) -> dict[str, Catalogue]:
    """Catalogues by the name of their cube, of a table of many as `detect` writes it.

    A catalogue of one cube has no such column, and is the only one, of the name ''.
    Raises `DeepFocusError` as `read_catalogue` does.
    """
    path = Path(path)
    table, meta = _opened(path)
    if CUBE not in table.colnames:
        return {"": _checked(table, meta, path)}
    cubes = np.array([_text(name) for name in np.ma.filled(table[CUBE], "")])
    return {name: _checked(table[cubes == name], meta, path) for name in dict.fromkeys(cubes)}


def _opened(path: Path) -> tuple[Table, dict[str, Any]]:
    """A table as it is, and its provenance. Raises `DeepFocusError` if it cannot be read."""
    reader = _of_suffix(READERS, path, "read")
    try:
        path.open("rb").close()
    except OSError as error:
        raise DeepFocusError(
            f"cannot read catalogue {path}: {error.strerror}",
            wanted="an .ecsv, .fits or .vot file",
            remedy="check the path and its permissions",
        ) from error
    return _understood(reader, path, path)


def _understood(
    reader: Callable[[Given], tuple[Table, dict[str, Any]]], given: Given, path: Path
) -> tuple[Table, dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table, meta = reader(given)
        except Exception as error:  # each reader raises its own classes for a malformed file
            first = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise DeepFocusError(
                f"{path} is not a readable catalogue: {first}",
                wanted=f"a table with the columns {', '.join(NEEDED)}",
                remedy="check that the suffix matches the contents",
            ) from error
    return table, meta


def _checked(table: Table, meta: dict[str, Any], path: Path) -> Catalogue:
    missing = [name for name in NEEDED if name not in table.colnames]
    if missing:
        raise DeepFocusError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            wanted=f"at least {', '.join(NEEDED)}: 0-based pixels and channels of the cube",
            remedy="rename or add the columns",
        )
    known = {column.name: column for column in SCHEMA}
    values = {
        name: _values(table[name], known[name], path) for name in table.colnames if name in known
    }
    found = catalogue(rows=len(table), **values)
    other = [name for name in table.colnames if name not in known]
    return found.with_meta(**meta, **({"other_columns": other} if other else {}))


def _values(column: TableColumn, wanted: Column, path: Path) -> np.ndarray:
    """A column in the schema's type and unit, with its blanks filled."""
    blank: Any = np.nan if wanted.dtype.startswith("f") else "" if wanted.dtype[0] == "U" else 0
    mask = np.ma.getmaskarray(column) if isinstance(column, MaskedColumn) else None
    plain = np.ma.getdata(column) if mask is not None else np.asarray(column)
    try:
        if wanted.dtype.startswith("U"):
            values = np.array([_text(value) for value in plain], dtype=wanted.dtype)
        else:
            values = plain.astype("f8")
            if column.unit is not None and wanted.unit is not None:
                values = values * u.Unit(column.unit).to(wanted.unit)
    except (TypeError, ValueError, u.UnitConversionError) as error:
        raise DeepFocusError(
            f"{path} has a bad column '{wanted.name}': {error}",
            wanted=f"{wanted.dtype} in {wanted.unit or 'no unit'} ({wanted.meaning})",
            remedy="correct the values or the unit",
        ) from error
    if mask is not None:
        values[mask] = blank
    if wanted.dtype.startswith("i"):
        integers: np.ndarray = np.nan_to_num(values).astype("i8")
        return integers
    return values


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _plain_meta(found: Catalogue) -> dict[str, Any]:
    """Provenance as plain JSON types, which every format can store."""
    meta: dict[str, Any] = json.loads(json.dumps(dict(found.rows.meta), default=_plain))
    return meta


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _write_ecsv(found: Catalogue, path: Path) -> None:
    table = found.rows.copy()
    table.meta = _plain_meta(found)
    table.write(path, format="ascii.ecsv", overwrite=True)


def _read_ecsv(given: Path | str) -> tuple[Table, dict[str, Any]]:
    """A file, or its text."""
    table = Table.read(given, format="ascii.ecsv")
    return table, dict(table.meta)


def _write_fits(found: Catalogue, path: Path) -> None:
    # not by Table.write, which hides UCD and meaning in comments that only astropy understands
    columns = []
    for column in SCHEMA:
        values = found[column.name]
        if column.dtype.startswith("U"):
            # no wider than need be: DS9 8.4 ends on texts of more than 127 letters
            widest = max((len(text) for text in values), default=0)
            form, values = f"{max(widest, 1)}A", values.astype(f"S{max(widest, 1)}")
        else:
            form = {"f8": "D", "i8": "K"}[column.dtype]
        columns.append(fits.Column(column.name, form, unit=column.unit, array=values))
    table = fits.BinTableHDU.from_columns(columns, name="CATALOGUE")
    for i, column in enumerate(SCHEMA, 1):
        table.header[f"TUCD{i}"] = column.ucd
        table.header[f"TCOMM{i}"] = column.meaning
    meta = _plain_meta(found)
    if meta:
        table.header["DFMETA"] = json.dumps(meta)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


def _read_fits(path: Path) -> tuple[Table, dict[str, Any]]:
    with fits.open(path) as hdus:
        tables = [i for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU)]
        if not tables:
            raise ValueError("it holds no table")
        number = tables[0]
        meta = json.loads(hdus[number].header.get("DFMETA", "{}"))
        table = Table.read(hdus, hdu=number, format="fits")
    return table, meta


def _write_votable(found: Catalogue, path: Path) -> None:
    table = found.rows.copy()
    table.meta.clear()
    document = votable.from_table(table, table_id="catalogue")
    info = votable.tree.Info(name=PROVENANCE, value=json.dumps(_plain_meta(found)))
    resource = document.resources[0]
    resource.infos.append(info)
    resource.coordinate_systems.append(votable.tree.CooSys(ID=FRAME, system=FRAME))
    for field in document.get_first_table().fields:
        if field.name in ON_SKY:
            field.ref = FRAME
    votable.writeto(document, str(path))


def _read_votable(path: Path) -> tuple[Table, dict[str, Any]]:
    document = votable.parse(path, verify="ignore")
    texts = [
        info.value
        for resource in document.resources
        for info in resource.infos
        if info.name == PROVENANCE
    ]
    table = document.get_first_table().to_table(use_names_over_ids=True)
    return table, json.loads(texts[0]) if texts else {}


def _write_regions(found: Catalogue, path: Path) -> None:
    path.write_text(regions_text(found), encoding="utf-8")


def _write_casa_regions(found: Catalogue, path: Path) -> None:
    path.write_text(casa_regions_text(found), encoding="utf-8")


WRITERS: dict[str, Callable[[Catalogue, Path], None]] = {
    ".ecsv": _write_ecsv,
    ".fits": _write_fits,
    ".vot": _write_votable,
    ".xml": _write_votable,
    ".reg": _write_regions,
    ".crtf": _write_casa_regions,
}
READERS: dict[str, Callable[[Path], tuple[Table, dict[str, Any]]]] = {
    ".ecsv": _read_ecsv,
    ".fits": _read_fits,
    ".vot": _read_votable,
    ".xml": _read_votable,
}


def _of_suffix(table: dict[str, Any], path: Path, verb: str) -> Any:
    chosen = table.get(path.suffix.lower())
    if chosen is None:
        raise DeepFocusError(
            f"cannot {verb} a catalogue as '{path.name}'",
            wanted=f"a name that ends in {', '.join(table)}",
            remedy="choose one of these suffixes",
        )
    return chosen
