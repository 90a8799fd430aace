"""Settings: frozen dataclasses read from TOML. Unknown keys are refused; quantities are text.

A quantity is text with a unit in a file (``cell = "0.1 arcsec"``) and an astropy `Quantity` in
the dataclass; a unit that does not convert is an error. If a setting may be one of several
dataclasses, the key `kind` of its table chooses one by its class variable `kind`. The first is
the default and is written without the key.
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
    return settings_from(load_table(path), cls, source=str(path))


def load_table(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises `DeepFocusError` for a missing file or bad TOML."""
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
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
            remedy="correct that line",
        ) from error


def settings_from(table: dict[str, Any], cls: type[T], *, source: str = "settings") -> T:
    """Turn plain tables into the frozen dataclass `cls`, refusing keys it does not have."""
    made: T = part_from(table, cls, source=source)
    return made


def part_from(table: dict[str, Any], choice: Any, *, source: str) -> Any:
    """Like `settings_from`, for a union of dataclasses: the table's `kind` chooses one."""
    _refuse_unknown(table, choice, source=source, where="")
    try:
        return _converter().structure(table, choice)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        reason = "; ".join(cattrs.transform_error(error, format_exception=_in_words))
        raise DeepFocusError(
            f"{source} has a bad value: {reason}",
            wanted=f"values of {_name(choice)}",
            remedy="see docs/settings.md",
        ) from error


def _name(cls: Any) -> str:
    """The name of a class, or of all classes in a union."""
    options = typing.get_args(cls)
    return " or ".join(option.__name__ for option in options) if options else str(cls.__name__)


def parts_to(value: Any) -> Any:
    """Plain tables of a settings object in which every part states its kind, even a default.

    Values of None are left out; quantities are text.
    """
    if isinstance(value, u.Quantity):
        return _quantity_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        named = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return kind | {name: parts_to(each) for name, each in named if each is not None}
    if isinstance(value, dict):
        return {key: parts_to(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [parts_to(each) for each in value]
    return value


def settings_to(settings: Any) -> dict[str, Any]:
    """Plain tables of a settings object (quantities as text), for headers, cards and TOML.

    Values of None are left out, and so are parts without settings that are the default kind.
    """
    plain: dict[str, Any] = _without_none(_converter().unstructure(settings))
    return plain


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        plain = {k: _without_none(v) for k, v in value.items() if v is not None}
        return {k: v for k, v in plain.items() if v != {}}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value


def _refuse_unknown(table: Any, cls: Any, *, source: str, where: str) -> None:
    if _is_choice(cls) and isinstance(table, dict):
        cls = _chosen(table, cls, source=source, where=where)
        table = {key: value for key, value in table.items() if key != "kind"}
    if not dataclasses.is_dataclass(cls) or not isinstance(table, dict):
        return
    table = _without_own_kind(table, cls)
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
        inner = _inner(hints[key])
        _refuse_unknown(value, inner, source=source, where=f"{where}{key}.")
        for number, each in enumerate(value if isinstance(value, list) else ()):
            one = f"{where}{key}[{number}]."
            _refuse_unknown(each, _element(inner), source=source, where=one)


def _inner(hint: Any) -> Any:
    """The dataclass inside `X | None`, or the hint itself."""
    options = _options(hint)
    return options[0] if len(options) == 1 else hint


def _element(hint: Any) -> Any:
    """What `tuple[X, ...]` holds, or the hint itself."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint


def _options(hint: Any) -> tuple[Any, ...]:
    """The classes of a union, without None."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return ()
    return tuple(option for option in typing.get_args(hint) if option is not type(None))


def _is_choice(hint: Any) -> bool:
    """Whether the hint is a union of dataclasses distinguished by their class variable `kind`.

    The union may include None.
    """
    options = _options(hint)
    return len(options) > 1 and all(
        dataclasses.is_dataclass(option) and hasattr(option, "kind") for option in options
    )


def _chosen(table: dict[str, Any], choice: Any, *, source: str, where: str) -> Any:
    """The dataclass that the table's `kind` names, or the first if there is no `kind`."""
    kinds = {option.kind: option for option in _options(choice)}
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
        if table is None and type(None) in typing.get_args(choice):
            return None
        cls = _chosen(table, choice, source="settings", where="")
        return converter.structure({k: v for k, v in table.items() if k != "kind"}, cls)

    def writer(choice: Any) -> Callable[[Any], dict[str, Any] | None]:
        first = _options(choice)[0]

        def write(value: Any) -> dict[str, Any] | None:
            if value is None:
                return None
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
    converter.register_unstructure_hook(u.Quantity, _quantity_text)
    _register_choices(converter)
    converter.register_structure_hook_factory(
        dataclasses.is_dataclass, lambda cls: _structure_dataclass(cls, converter)
    )
    return converter


def _structure_dataclass(cls: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
    return lambda table, kind: structure(_without_own_kind(table, cls), kind)


def _without_own_kind(table: Any, cls: Any) -> Any:
    """Drop `kind` from a table if it names the class itself, which leaves nothing to choose."""
    if isinstance(table, dict) and "kind" in table and table["kind"] == getattr(cls, "kind", None):
        return {key: value for key, value in table.items() if key != "kind"}
    return table


def _in_words(error: BaseException, kind: type | None) -> str:
    """The error as text; our own checks already have a readable message."""
    if isinstance(error, DeepFocusError):
        return str(error)
    if isinstance(error, _WrongNumber):
        message: str = error.args[0]
        return message
    return format_exception(error, kind)


class _WrongNumber(ValueError):
    """A value that Python would convert to a different number, or that is not a number."""


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


def _quantity_text(value: u.Quantity) -> str:
    return f"{float(value.value)!r} {value.unit}"


def _quantity(value: Any) -> u.Quantity:
    if isinstance(value, u.Quantity):
        return value
    if isinstance(value, int | float):
        raise ValueError(f"{value} has no unit: write it as text, such as '0.1 arcsec'")
    return u.Quantity(value)
