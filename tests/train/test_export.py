"""Exported files: ONNX Runtime agrees with torch for any batch and refuses mismatched files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import part_from
from deepfocus.nets.blobs_finder import BlobsFinderConfig
from deepfocus.nets.build import NetworkConfig, build
from deepfocus.nets.decoras import DecorasConfig
from deepfocus.nets.deep_gru import DeepGRUConfig
from deepfocus.nets.resnet import ResNetConfig
from deepfocus.ops.inputs import BoxSpectrum, FocusedImage
from deepfocus.ops.targets import Fwhm, LineProbability
from deepfocus.train.export import export, load_exported
from deepfocus.train.tensors import weights_of
from deepfocus.weights.card import Card, read_card
from deepfocus.weights.domain import Domain
from deepfocus.weights.load import Network, load_network

CARD = Card(
    "role",
    input=BoxSpectrum(),
    target=LineProbability(),
    domain=Domain((8, 8), (0.1, 0.1), (128, 128), (192, 360), (5, 20), 2.5, (3, 60)),
)
CASES = [
    pytest.param(BlobsFinderConfig.slim(), [(3, 1, 256, 256), (1, 1, 64, 96)], id="blobs-slim"),
    pytest.param(BlobsFinderConfig.paper(), [(2, 1, 256, 256)], id="blobs-paper"),
    pytest.param(DeepGRUConfig.slim(), [(5, 128), (2, 77)], id="gru-slim"),
    pytest.param(DeepGRUConfig.paper(), [(5, 128)], id="gru-paper"),
    pytest.param(ResNetConfig.slim(outputs=2), [(4, 1, 64, 64), (1, 1, 64, 64)], id="resnet-slim"),
    pytest.param(ResNetConfig.paper(), [(3, 1, 64, 64)], id="resnet-paper"),
    pytest.param(DecorasConfig.slim(), [(3, 1, 256, 256), (1, 1, 64, 96)], id="decoras-slim"),
    pytest.param(DecorasConfig.paper(), [(2, 1, 256, 256)], id="decoras-paper"),
]


def load(folder: Path) -> Network[BoxSpectrum, LineProbability]:
    return load_network(folder, "role", BoxSpectrum, LineProbability)


def used_network(config: NetworkConfig, shape: tuple[int, ...]) -> torch.nn.Module:
    """A network whose batch norms have seen data, so that no two have equal statistics."""
    torch.manual_seed(5)
    model = build(config)
    with torch.no_grad():
        model.train()(torch.randn((2, *shape[1:])))
    return model.eval()


def torch_output(model: torch.nn.Module, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.no_grad():
        return model(torch.from_numpy(inputs)).numpy()


@pytest.mark.parametrize(("config", "shapes"), CASES)
def test_onnx_runtime_agrees_with_torch(
    config: NetworkConfig, shapes: list[tuple[int, ...]], tmp_path: Path
) -> None:
    model = used_network(config, shapes[0])
    written = export(model, config, CARD, tmp_path)
    network = load(tmp_path)
    assert network.card == written
    assert part_from(written.network, NetworkConfig, source="card") == config
    for shape in shapes:
        inputs = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
        expected = torch_output(model, inputs)
        output = network.run(inputs)
        assert output.shape == expected.shape
        assert output.dtype == np.float32
        # The libraries sum in different orders; float32 resolves 1e-7.
        np.testing.assert_allclose(output, expected, atol=1e-5, rtol=1e-5)


@pytest.fixture(name="folder")
def exported_gru(tmp_path: Path) -> Path:
    config = DeepGRUConfig.slim()
    model = used_network(config, (2, 128))
    export(model, config, CARD, tmp_path)
    return tmp_path


def test_large_and_empty_batches(folder: Path) -> None:
    network = load(folder)
    inputs = np.random.default_rng(3).standard_normal((130, 16)).astype(np.float32)
    np.testing.assert_allclose(network.run(inputs)[129:], network.run(inputs[129:]), atol=1e-6)
    assert network.run(inputs[:0]).shape == (0, 16)


def test_training_goes_on_from_exported_files(folder: Path) -> None:
    model, card = load_exported(folder, "role")
    original = weights_of(used_network(DeepGRUConfig.slim(), (2, 128)))
    assert card == read_card(folder / "role.json")
    for name, array in weights_of(model).items():
        np.testing.assert_array_equal(array, original[name])


def test_any_onnx_tool_reads_graph_and_weights_as_one(folder: Path) -> None:
    inputs = np.random.default_rng(3).standard_normal((2, 128)).astype(np.float32)
    alone = ort.InferenceSession(str(folder / "role.onnx"))
    (output,) = alone.run(None, {"input": inputs})
    np.testing.assert_allclose(output, load(folder).run(inputs), atol=1e-6)
    whole = onnx.load(str(folder / "role.onnx"))
    names = {tensor.name for tensor in whole.graph.initializer}
    assert "pairs.0.upward.weight_ih_l0" in names


def test_the_graph_holds_no_weights(folder: Path) -> None:
    assert (folder / "role.onnx").stat().st_size < (folder / "role.safetensors").stat().st_size
    bare = onnx.load(str(folder / "role.onnx"), load_external_data=False)
    assert not any(tensor.raw_data for tensor in bare.graph.initializer)


def test_files_that_do_not_belong_together_are_refused(folder: Path) -> None:
    with pytest.raises(DeepFocusError, match="cannot read the weight card"):
        load_network(folder, "flux", BoxSpectrum, LineProbability)
    graph = (folder / "role.onnx").read_bytes()
    (folder / "role.onnx").write_bytes(graph[:100])
    with pytest.raises(DeepFocusError, match=r"cannot use .*onnx"):
        load(folder)
    (folder / "role.onnx").write_bytes(graph)
    weights = folder / "role.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(DeepFocusError, match="not the weights that its card describes"):
        load(folder)
    card = json.loads((folder / "role.json").read_text())
    (folder / "role.json").write_text(json.dumps(card | {"colour": "red"}))
    with pytest.raises(DeepFocusError, match="colour"):
        load(folder)
    (folder / "role.json").write_text(json.dumps(card))
    with pytest.raises(DeepFocusError, match="sees box_spectrum and answers line_probability"):
        load_network(folder, "role", FocusedImage, Fwhm)


def test_running_imports_neither_torch_nor_onnx(folder: Path) -> None:
    code = (
        "import sys; import numpy as np; from pathlib import Path;"
        "from deepfocus.ops.inputs import BoxSpectrum;"
        "from deepfocus.ops.targets import LineProbability;"
        "from deepfocus.weights.load import load_network;"
        "network = load_network(Path(sys.argv[1]), 'role', BoxSpectrum, LineProbability);"
        "network.run(np.zeros((1, 128)));"
        "assert not {'torch', 'onnx'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
