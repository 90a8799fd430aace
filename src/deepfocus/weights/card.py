"""The card of a weight file: what it is for, and where it comes from."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file


@dataclass(frozen=True)
class Card:
    """Facts beside a network's weights; all plain values, kept as JSON.

    role : what the network does in the pipeline, e.g. ``"blobs_finder"``; names its files
    network : its config as a table, with its ``kind``
    normalisation : of its input, as a table that `ops.normalise` understands
    recipe : of its training, as a table
    epochs : epochs after which the weights were taken
    validation_curve : validation loss of each epoch
    commit : revision of the code that trained it
    data_seeds : seeds of its training and validation data, by name
    scores : measures of its quality on validation data, by name
    version : of DeepFocus
    sha256 : of the weight file; filled on export
    """

    role: str
    network: dict[str, Any] = field(default_factory=dict)
    normalisation: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    epochs: int = 0
    validation_curve: list[float] = field(default_factory=list)
    commit: str = ""
    data_seeds: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    version: str = ""
    sha256: str = ""


def write_card(path: Path, card: Card) -> None:
    """Write a card as JSON."""
    with whole_file(path) as temporary:
        text = json.dumps(dataclasses.asdict(card), indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_card(path: Path) -> Card:
    """Read a card. Raises `DeepFocusError` if the file is missing or is not a card."""
    try:
        return Card(**json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DeepFocusError(
            f"cannot read the weight card {path}: {reason}",
            wanted="the JSON card that stands beside a network's weights",
            remedy="name a folder of exported weights, or leave it out for the shipped ones",
        ) from error
