"""Cards survive as JSON and are refused with a clear line when they are not cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.ops.inputs import MaskedLineImage
from deepfocus.ops.normalise import Peak
from deepfocus.ops.targets import LogFlux
from deepfocus.weights.card import Card, read_card, write_card
from deepfocus.weights.domain import Domain
from deepfocus.weights.six import ROLES, SEES_AND_ANSWERS, load_six


def test_card_survives_as_json(tmp_path: Path) -> None:
    card = Card(
        "flux",
        input=MaskedLineImage(normalise=Peak(8), crop_px=32),
        target=LogFlux(),
        domain=Domain((8.0, 8.5), (0.1, 0.1), (128, 128), (192, 360), (4.7, 18.9), 2.5, (3.0, 60)),
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


def test_each_role_sees_and_answers_something() -> None:
    assert tuple(SEES_AND_ANSWERS) == ROLES


def test_cards_without_inputs_and_targets_are_refused(tmp_path: Path) -> None:
    """As versions wrote them that kept a normalisation alone."""
    card = {"role": "flux", "normalisation": {"kind": "peak"}}
    (tmp_path / "flux.json").write_text(json.dumps(card))
    with pytest.raises(DeepFocusError, match=r"cannot read the weight card .* this version writes"):
        read_card(tmp_path / "flux.json")


def test_a_folder_without_networks_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"blobs_finder\.json"):
        load_six(tmp_path)
