"""Settings of finders as tuned on validation cubes (docs/peers.md), by a name: `blobcat-tuned`."""

from __future__ import annotations

from importlib import resources
from typing import Any

from deepfocus.core.settings import load_table

ENDING = "-tuned"


def tuned_names() -> tuple[str, ...]:
    """KIND-tuned of every finder that comes with tuned settings.

    >>> "blobcat-tuned" in tuned_names()
    True
    """
    with resources.as_file(resources.files(__name__)) as folder:
        return tuple(sorted(f"{file.stem}{ENDING}" for file in folder.glob("*.toml")))


def tuned_settings(name: str) -> dict[str, Any]:
    """Plain settings of a name that `tuned_names` lists, with the finder's kind."""
    kind = name.removesuffix(ENDING)
    with resources.as_file(resources.files(__name__) / f"{kind}.toml") as file:
        settings: dict[str, Any] = load_table(file)["finder"]
    return settings
