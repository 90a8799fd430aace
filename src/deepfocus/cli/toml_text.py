"""Settings as TOML text: what a run resolved can be given to the next with --settings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def toml_text(table: Mapping[str, Any]) -> str:
    """Nested plain tables (of `core.settings.settings_to`) as TOML; None is left out."""
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    values = {k: v for k, v in table.items() if v is not None}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in values.items() if not isinstance(v, Mapping)]
    for key, inner in values.items():
        if isinstance(inner, Mapping):
            below = (*path, _key(key))
            lines += ["", f"[{'.'.join(below)}]", *_lines(inner, below)]
    return lines


def _key(key: str) -> str:
    bare = key.replace("_", "").replace("-", "")
    return key if bare.isascii() and bare.isalnum() else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{{inner}}}"
    return _text(str(value))


def _text(text: str) -> str:
    # TOML's basic strings take JSON's escapes, and want DEL escaped too
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
