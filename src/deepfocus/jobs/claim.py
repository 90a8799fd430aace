"""Claims on output folders: which settings made the contents, and whether more may be added.

Long work is resumed by repeating the same command. A claim, a small JSON file in the output
folder, ensures that the settings are the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file

CLAIM = "settings.json"


def check_output(folder: Path) -> Path:
    """Return `folder` if it can be written or created; nothing is created yet.

    Raises `DeepFocusError` otherwise, before the work instead of after it.
    """
    folder = Path(folder)
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        what = f"{folder} is a file" if existing == folder.absolute() else f"{existing} is a file"
        raise DeepFocusError(what, wanted="a folder", remedy="choose another --out")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DeepFocusError(
            f"cannot write in {existing}: Permission denied",
            wanted="a folder that can be written",
            remedy="choose another --out or change its permissions",
        )
    return folder


def claim(
    folder: Path, made_with: Mapping[str, Any], *, holds: str, free: Sequence[str] = ()
) -> dict[str, Any]:
    """Record in `folder` what its contents are made with, or check that its record agrees.

    made_with : plain tables, as from `settings_to`
    holds : what the folder contains, in words, such as "a set"
    free : keys, at any depth, that may differ

    Returns the folder's record, which differs from `made_with` only in the free keys. Raises
    `DeepFocusError` if other keys differ.
    """
    path = Path(folder) / CLAIM
    if path.exists():
        begun = _read(path)
        refuse_other(begun, made_with, where=str(folder), holds=holds, free=free)
        return begun
    if folder.exists() and not folder.is_dir():
        raise DeepFocusError(
            f"{folder} is a file", wanted=f"a folder for {holds}", remedy="choose another --out"
        )
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(dict(made_with), indent=2) + "\n", encoding="utf-8")
    return dict(made_with)


def give_up(folder: Path) -> None:
    """Remove the claim on a folder that has nothing else, for work that was refused."""
    if [path.name for path in Path(folder).iterdir()] == [CLAIM]:
        (Path(folder) / CLAIM).unlink()


def refuse_other(
    has: Mapping[str, Any],
    wanted: Mapping[str, Any],
    *,
    where: str,
    holds: str,
    free: Sequence[str] = (),
) -> None:
    """Raise `DeepFocusError` if a claim differs from what is wanted, naming what differs.

    where : the folder or store, in words; holds, free : as in `claim`
    """
    differing = list(_differing(has, wanted, free))
    if differing:
        others = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise DeepFocusError(
            f"{where} holds {holds} made with other settings: {', '.join(differing[:3])}{others}",
            wanted=f"an empty output, or {holds} made with the same settings",
            remedy="choose another --out, or remove what is there",
        )


def _differing(one: Any, other: Any, free: Sequence[str], name: str = "") -> Iterator[str]:
    """Names of the values that differ between two nested tables, compared as JSON."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            if key not in free:
                yield from _differing(
                    one.get(key), other.get(key), free, f"{name}.{key}".strip(".")
                )
    elif _plain(one) != _plain(other):
        yield name


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise DeepFocusError(
            f"{path} is damaged, so the settings of its folder are unknown",
            wanted="the file as it was written",
            remedy="choose another --out, or remove the folder",
        )
    return record
