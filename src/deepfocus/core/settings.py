"""Settings: frozen dataclasses read from TOML. Unknown keys are refused, units are text.

A quantity stands in a file as text with its unit (``cell = "0.1 arcsec"``) and in the
dataclass as an astropy `Quantity`; a unit that does not convert is an error. Where a setting may
be one of several dataclasses, each with its name in a class variable `kind`, the key `kind` of its
table chooses; the first is meant, and written, without it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from astropy import units as u
from cattrs.gen import make_dict_structure_fn
from cattrs.v import format_exception

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
        reason = "; ".join(cattrs.transform_error(error, format_exception=_in_words))
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
    if _is_choice(cls) and isinstance(table, dict):
        cls = _chosen(table, cls, source=source, where=where)
        table = {key: value for key, value in table.items() if key != "kind"}
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


def _is_choice(hint: Any) -> bool:
    """Whether the hint is a union of dataclasses told apart by their class variable `kind`."""
    options = typing.get_args(hint)
    return (
        typing.get_origin(hint) in (typing.Union, types.UnionType)
        and len(options) > 1
        and all(dataclasses.is_dataclass(a) and hasattr(a, "kind") for a in options)
    )


def _chosen(table: dict[str, Any], choice: Any, *, source: str, where: str) -> Any:
    """The dataclass that the table's `kind` names, the first where it names none."""
    kinds = {option.kind: option for option in typing.get_args(choice)}
    kind = table.get("kind", next(iter(kinds)))
    if not isinstance(kind, str) or kind not in kinds:
        close = difflib.get_close_matches(str(kind), list(kinds), n=1)
        raise DeepFocusError(
            f"{source} has the unknown {where}kind '{kind}'",
            wanted=f"one of {', '.join(kinds)}",
            remedy=f"did you mean '{close[0]}'?" if close else "choose one of these",
        )
    return kinds[kind]


def _register_choices(converter: cattrs.Converter) -> None:
    def read(table: Any, choice: Any) -> Any:
        cls = _chosen(table, choice, source="settings", where="")
        return converter.structure({k: v for k, v in table.items() if k != "kind"}, cls)

    def writer(choice: Any) -> Callable[[Any], dict[str, Any]]:
        first = typing.get_args(choice)[0]

        def write(value: Any) -> dict[str, Any]:
            plain = converter.unstructure(value, type(value))
            return plain if isinstance(value, first) else {"kind": value.kind, **plain}

        return write

    converter.register_structure_hook_func(_is_choice, read)
    converter.register_unstructure_hook_factory(_is_choice, writer)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(u.Quantity, lambda value, _: _quantity(value))
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(bool, _truth)
    converter.register_unstructure_hook(u.Quantity, lambda q: f"{float(q.value)!r} {q.unit}")
    _register_choices(converter)
    converter.register_structure_hook_factory(
        dataclasses.is_dataclass,
        lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True),
    )
    return converter


def _in_words(error: BaseException, kind: type | None) -> str:
    """What is wrong; a check of the dataclass itself says so in its own words."""
    if isinstance(error, DeepFocusError):
        return str(error)
    if isinstance(error, _WrongNumber):
        return error.args[0]
    return format_exception(error, kind)


class _WrongNumber(ValueError):
    """A value that Python would turn into a number of another value, or into none at all."""


def _integer(value: Any, _: type) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise _WrongNumber(f"{_as_toml(value)} is not a whole number")
    return int(value)


def _number(value: Any, _: type) -> float:
    if isinstance(value, bool) or math.isnan(number := float(value)):
        raise _WrongNumber(f"{_as_toml(value)} is not a number")
    return number


def _truth(value: Any, _: type) -> bool:
    if not isinstance(value, bool):
        raise _WrongNumber(f"{value!r} is neither true nor false")
    return value


def _as_toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quantity(value: Any) -> u.Quantity:
    if isinstance(value, u.Quantity):
        return value
    if isinstance(value, int | float):
        raise ValueError(f"{value} has no unit: write it as text, such as '0.1 arcsec'")
    return u.Quantity(value)
