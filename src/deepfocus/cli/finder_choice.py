"""The finder that `--finder`, `--settings`, `--set` and `--weights` describe."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.finders.finder import Finder

TABLE = "finder"


def chosen_finder(
    kind: str | None,
    *,
    file: Path | None = None,
    pairs: Sequence[str] = (),
    weights: Path | None = None,
) -> Finder:
    """The finder of a name or of a settings file, with some settings replaced.

    kind : must agree with the file's kind if both are given
    file : TOML with a table [finder]
    pairs : ``a.b=value`` for the finder's settings
    weights : folder of networks, for a finder that uses them

    Raises `DeepFocusError` for an unknown finder or setting, or an invalid value.
    """
    from deepfocus.finders.kinds import finder_from, finder_to

    if kind and kind.endswith(".toml"):
        raise DeepFocusError(
            f"--finder {kind}, which is a file",
            wanted="a name that deepfocus finders lists",
            remedy=f"say --settings {kind}",
        )
    table = _table_of(file) if file else {}
    if kind and table.get("kind", kind) != kind:
        raise DeepFocusError(
            f"--finder {kind} with {file}, which has settings of '{table['kind']}'",
            wanted="settings of the same finder",
            remedy="leave --finder out, or give other settings",
        )
    if kind:
        table["kind"] = kind
    finder = finder_from(table, source=str(file) if file else "--finder")
    if weights is not None:
        if not hasattr(finder, "weights"):
            raise DeepFocusError(
                f"--weights with the finder '{finder.kind}', which has no networks",
                wanted="a finder with networks",
                remedy="add --finder slim",
            )
        pairs = [*pairs, f"weights={weights}"]
    if not pairs:
        return finder
    return finder_from(with_pairs(finder_to(finder), pairs), source="--set")


def _table_of(file: Path) -> dict[str, Any]:
    """The table [finder] of a settings file, which must have no other."""
    from deepfocus.core.settings import load_table

    table = load_table(file)
    strange = [key for key in table if key != TABLE]
    if strange or not isinstance(table.get(TABLE, {}), dict):
        raise DeepFocusError(
            f"{file} has the unknown setting '{(strange or [TABLE])[0]}'",
            wanted=f"one table, [{TABLE}], with its kind and its settings",
            remedy=f"put a finder's settings under [{TABLE}] (docs/settings.md)",
        )
    inner: dict[str, Any] = table.get(TABLE, {})
    return inner


def with_pairs(table: dict[str, Any], pairs: Sequence[str]) -> dict[str, Any]:
    """Plain settings with values replaced by pairs ``a.b=value``.

    A new `kind` of a part discards the old part's settings.
    """
    table = deepcopy(table)
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
        value = _value(text.strip())
        if last == "kind" and inner.get("kind") != value:
            inner.clear()
        inner[last] = value
    return table


def _value(text: str) -> Any:
    """The value as TOML reads it; anything else is text, so quotes can be left out."""
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
