"""`--settings FILE.toml` and `--set key=value` -> settings of the pipeline."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from deepfocus.core.errors import DeepFocusError

T = TypeVar("T")


def resolved_settings(cls: type[T], file: Path | None, pairs: Sequence[str]) -> T:
    """Defaults of `cls`, replaced by the file, replaced by the pairs ``a.b=value``.

    Raises `DeepFocusError` for an unknown key or a value that does not fit.
    """
    from deepfocus.core.settings import load_settings, settings_from, settings_to

    settings = load_settings(file, cls) if file else cls()
    if not pairs:
        return settings
    table = settings_to(settings)
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise _not_a_pair(pair)
        *path, last = [part.strip() for part in key.split(".")]
        inner: Any = table
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise _not_a_pair(pair)
        inner[last] = _value(text.strip())
    return settings_from(table, cls, source="--set")


def _value(text: str) -> Any:
    """As TOML would read it; what is no TOML is text, so that quotes can be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _not_a_pair(pair: str) -> DeepFocusError:
    return DeepFocusError(
        f"cannot use --set {pair}",
        wanted="key=value, inner keys with dots, such as --set blobs_finder.threshold=0.2",
        remedy="see docs/settings.md for the keys",
    )
