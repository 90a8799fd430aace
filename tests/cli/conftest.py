"""A small simulated cube, a finder that knows the truth, and networks that were not trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.core.catalogue import Catalogue, stacked
from deepfocus.core.cube import Cube
from deepfocus.core.settings import settings_from
from deepfocus.finders.evidence import ImagePanel
from deepfocus.finders.finder import Detection
from deepfocus.ops.integrate import integrate
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


class Knowing:
    """A finder whose catalogue is the truth."""

    provenance = {"told": "the truth"}  # noqa: RUF012

    def __init__(self, truth: Catalogue) -> None:
        self.truth = truth

    def find(self, cube: Cube) -> Detection:
        image = integrate(cube.data)
        rejected = self.truth.where(self.truth["id"] == 2).with_columns(flag=1)
        return Detection(
            catalogue=stacked([self.truth, rejected.with_columns(id=3)]),
            notes=("a note",),
            evidence=(ImagePanel("Integrated", image, "Jy/beam"),),
        )


@pytest.fixture
def knowing(small: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever finder is chosen, all cubes have the sources of `small`."""
    finder = Knowing(small.truth)
    monkeypatch.setattr("deepfocus.cli.searching.made_ready", lambda finder_settings: finder)


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures and reports are files with their names alone: drawing them takes most of the time."""

    def draw(cube: Cube, detection: Detection, path: Path, **_: object) -> Path:
        path.write_text(str(cube.meta.get("name")))
        return path

    def write(cube: Cube, detection: Detection, path: Path, *, name: str, **_: object) -> Path:
        path.write_text(name)
        return path

    monkeypatch.setattr("deepfocus.report.figures.detection_figure", draw)
    monkeypatch.setattr("deepfocus.report.page.write_report", write)


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
