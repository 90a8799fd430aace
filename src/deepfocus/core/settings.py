"""Settings: frozen dataclasses read from TOML. Unknown keys are refused, units are text.

A quantity stands in a file as text with its unit (``cell = "0.1 arcsec"``) and in the
dataclass as an astropy `Quantity`; a unit that does not convert is an error.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from astropy import units as u
from cattrs.gen import make_dict_structure_fn

from deepfocus.core.errors import DeepFocusError

T = TypeVar("T")


def load_settings(path: Path, cls: type[T]) -> T:
    """Read a TOML file into the frozen dataclass `cls`.

    Raises `DeepFocusError` for a missing file, bad TOML, an unknown key or a bad value.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise DeepFocusError(
            f"cannot read settings {path}: {reason}",
            wanted="a TOML file",
            remedy="check the path",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise DeepFocusError(
            f"{path} is not valid TOML: {error}",
            wanted="a TOML file",
            remedy="mend that line",
        ) from error
    return settings_from(table, cls, source=str(path))


def settings_from(table: dict[str, Any], cls: type[T], *, source: str = "settings") -> T:
    """Turn plain tables into the frozen dataclass `cls`, refusing keys it does not have."""
    _refuse_unknown(table, cls, source=source, where="")
    try:
        return _converter().structure(table, cls)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        reason = "; ".join(cattrs.transform_error(error))
        raise DeepFocusError(
            f"{source} has a bad value: {reason}",
            wanted=f"values of {cls.__name__}",
            remedy="see docs/settings.md",
        ) from error


def settings_to(settings: Any) -> dict[str, Any]:
    """Plain tables (text for quantities) of a settings object, for headers, cards and TOML."""
    plain = _converter().unstructure(settings)
    return _without_none(plain)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value


def _refuse_unknown(table: Any, cls: Any, *, source: str, where: str) -> None:
    if not dataclasses.is_dataclass(cls) or not isinstance(table, dict):
        return
    hints = typing.get_type_hints(cls)
    names = [f.name for f in dataclasses.fields(cls)]
    for key, value in table.items():
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "remove it"
            raise DeepFocusError(
                f"{source} has the unknown setting '{where}{key}'",
                wanted=f"one of {', '.join(names)}",
                remedy=hint,
            )
        _refuse_unknown(value, _inner(hints[key]), source=source, where=f"{where}{key}.")


def _inner(hint: Any) -> Any:
    """The dataclass inside `X | None`, or the hint itself."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        return options[0] if len(options) == 1 else hint
    return hint


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(u.Quantity, lambda value, _: _quantity(value))
    converter.register_unstructure_hook(u.Quantity, lambda q: f"{float(q.value)!r} {q.unit}")
    converter.register_structure_hook_factory(
        dataclasses.is_dataclass,
        lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True),
    )
    return converter


def _quantity(value: Any) -> u.Quantity:
    if isinstance(value, u.Quantity):
        return value
    if isinstance(value, int | float):
        raise ValueError(f"{value} has no unit: write it as text, such as '0.1 arcsec'")
    return u.Quantity(value)
