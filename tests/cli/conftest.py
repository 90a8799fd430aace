"""A small simulated cube, and networks that run without having been trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.core.settings import settings_from
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.settings import SetSettings

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
    from deepfocus.nets.build import build
    from deepfocus.train.export import export
    from deepfocus.train.plan import network_from
    from deepfocus.train.roles import ROLES
    from deepfocus.weights.card import Card
    from deepfocus.weights.domain import Domain

    folder = tmp_path_factory.mktemp("untrained")
    domain = Domain((8, 8), (0.1, 0.1), (32, 32), (96, 96), (5, 20), 2.5, (3, 10))
    torch.manual_seed(1)
    for role, part in ROLES.items():
        config = network_from(role, {"size": "slim"}, source="test")
        card = Card(role=role, input=part.input, target=part.target, domain=domain)
        export(build(config).eval(), config, card, folder)
    return folder
