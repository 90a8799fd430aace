"""The card of a weight file: the network's input and output, and its provenance."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.core.settings import parts_to, settings_from
from deepfocus.ops.inputs import Input
from deepfocus.ops.targets import Target
from deepfocus.weights.domain import Domain


@dataclass(frozen=True)
class Card:
    """Metadata of a network's weights, stored as JSON.

    role : what the network does, e.g. ``"blobs_finder"``; names its files
    network : its configuration as a table, with its ``kind``
    input : what it sees; target : what its output means; both as in training
    domain : the cubes and sources that it was trained on
    recipe : training recipe, as a table
    epochs : number of epochs after which the weights were taken
    validation_curve : validation loss of each epoch
    commit : revision of the code that trained it
    data_seeds : seeds of its training and validation data, by name
    scores : quality measures on validation data, by name
    version : DeepFocus version
    sha256 : hash of the weight file, filled on export
    """

    role: str
    input: Input
    target: Target
    domain: Domain
    network: dict[str, Any] = field(default_factory=dict)
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
        temporary.write_text(json.dumps(parts_to(card), indent=2) + "\n", encoding="utf-8")


def read_card(path: Path) -> Card:
    """Read a card. Raises `DeepFocusError` if the file is missing or is not a card."""
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise ValueError("it contains no table")
        return settings_from(table, Card, source="it")
    except (OSError, ValueError, DeepFocusError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DeepFocusError(
            f"cannot read the weight card {path}: {reason}",
            wanted="the JSON card that this version writes next to a network's weights",
            remedy="name a folder of exported weights, or leave it out for the shipped ones",
        ) from error
