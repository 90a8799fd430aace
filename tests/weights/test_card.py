"""Cards survive as JSON and are refused with a clear line when they are not cards."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.weights.card import Card, read_card, write_card
from deepfocus.weights.load import ROLES, Networks, load_networks


def test_card_survives_as_json(tmp_path: Path) -> None:
    card = Card(
        "flux",
        network={"kind": "resnet", "widths": [16, 32, 48, 64]},
        validation_curve=[0.5, 0.25],
        data_seeds={"train": [0, 3000]},
        scores={"recall": 0.9},
    )
    write_card(tmp_path / "flux.json", card)
    assert read_card(tmp_path / "flux.json") == card


@pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"network": {}}', b"\xff\xfe"])
def test_what_is_no_card_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "flux.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeepFocusError, match="cannot read the weight card"):
        read_card(path)


def test_networks_has_a_field_for_each_role() -> None:
    assert tuple(Networks.__dataclass_fields__) == ROLES


def test_a_folder_without_networks_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"blobs_finder\.json"):
        load_networks(tmp_path)
