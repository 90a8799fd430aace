"""A small simulated cube, and networks that run without having been trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.core.settings import settings_from
from deepfocus.simulate.cube import Simulated, simulate
from deepfocus.simulate.settings import SetSettings

SMALL = {
    "observation": {
        "size": 96, "channels": 32, "total_time": "100 s", "channel_width": "40 MHz",
    },
    "population": {"companions": [1, 1], "offset_px": [-20.0, 20.0]},
    "noise": {"kind": "white", "target_snr": [60.0, 60.0]},
}  # fmt: skip


@pytest.fixture(scope="session")
def small_settings() -> SetSettings:
    return settings_from(SMALL, SetSettings)


@pytest.fixture(scope="session")
def small(small_settings: SetSettings) -> Simulated:
    """Two sources in 96 x 96 pixels and 32 channels."""
    return simulate(small_settings, 3)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of exported networks with random weights: what `--weights` names."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from deepfocus.nets.build import build, part_from
    from deepfocus.ops.normalise import normalisation_to
    from deepfocus.train.export import export
    from deepfocus.train.roles import ROLES
    from deepfocus.weights.card import Card

    folder = tmp_path_factory.mktemp("untrained")
    torch.manual_seed(1)
    for role, part in ROLES.items():
        table = {"size": "slim", "kind": role if role in ("blobs_finder", "deep_gru") else "resnet"}
        if table["kind"] == "resnet":
            table |= {"outputs": 2 if role == "angle" else 1}
        config = part_from(table)
        card = Card(role=role, normalisation=normalisation_to(part.normalisation))
        export(build(config).eval(), config, card, folder)
    return folder
