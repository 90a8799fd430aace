"""Exports a trained network as three files: weights, an ONNX graph without weights, and a card.

The graph refers to each weight by its torch name and its offset in the safetensors file, so
training, the pipeline's sessions and any other ONNX tool read the same file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from deepfocus import __version__
from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.core.settings import part_from, parts_to
from deepfocus.nets import blobs_finder, resnet
from deepfocus.nets.blobs_finder import BlobsFinderConfig, Dilated
from deepfocus.nets.build import NetworkConfig, build
from deepfocus.nets.decoras import DecorasConfig
from deepfocus.nets.deep_gru import ChannelHead, DeepGRUConfig
from deepfocus.nets.resnet import ResNetConfig
from deepfocus.train.tensors import read_arrays, set_weights, weights_of, write_arrays
from deepfocus.weights.card import Card, read_card, write_card

OPSET = 17


def export(model: nn.Module, config: NetworkConfig, card: Card, folder: Path) -> Card:
    """Write ``<role>.safetensors``, ``<role>.onnx`` and ``<role>.json`` to `folder`.

    Returns the card as written, with the network's config, the version and the weights' hash.
    The batch axis is dynamic, as is any other axis that the network does not fix.
    """
    folder = Path(folder)
    graph = _graph(config)
    names = {tensor.name for tensor in graph.graph.initializer}
    weights = {name: array for name, array in weights_of(model).items() if name in names}
    path = folder / f"{card.role}.safetensors"
    write_arrays(path, weights, {"role": card.role})
    _refer_to(graph, path)
    with whole_file(folder / f"{card.role}.onnx") as temporary:
        temporary.write_bytes(graph.SerializeToString(deterministic=True))
    card = dataclasses.replace(
        card,
        network=parts_to(config),
        version=__version__,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    write_card(folder / f"{card.role}.json", card)
    return card


def load_exported(folder: Path, role: str) -> tuple[nn.Module, Card]:
    """The torch network of exported files, ready for further training, and its card.

    Raises `DeepFocusError` if the files are missing or do not belong together.
    """
    card = read_card(Path(folder) / f"{role}.json")
    path = Path(folder) / f"{role}.safetensors"
    arrays, _ = read_arrays(path)
    try:
        model = build(part_from(card.network, NetworkConfig, source=card.role))
        # Batch norm's counters are the only state that the graph does not need.
        set_weights(model, _counters(model) | arrays)
    except (DeepFocusError, RuntimeError) as error:
        raise DeepFocusError(
            f"{path} does not fit the network of its card: {error}",
            wanted="weights and card of one export",
            remedy="export it again",
        ) from error
    return model, card


def _counters(model: nn.Module) -> NamedArrays:
    return {k: v for k, v in weights_of(model).items() if k.endswith("num_batches_tracked")}


def _graph(config: NetworkConfig) -> onnx.ModelProto:
    """The ONNX graph of a network. Its initializers have torch's names but meaningless values.

    It is traced from a network with random weights and statistics, because the exporter merges
    tensors of equal content, such as those of a fresh batch norm, under one name.
    """
    model = build(config).eval()
    generator = torch.Generator().manual_seed(0)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator))
    shape, free = _input(config)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "graph.onnx"
        # The exporter that needs only torch and onnx warns about its successor and about shapes
        # that the trace fixes; the tests run other shapes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(shape),),
            path,
            dynamo=False,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": free, "output": _output_axes(config, free)},
            # Preserved and not folded; otherwise the weights would be renamed.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            opset_version=OPSET,
        )
        graph = onnx.load(path)
    onnx.checker.check_model(graph)
    return graph


def _input(config: NetworkConfig) -> tuple[tuple[int, ...], dict[int, str]]:
    """Shape of an example batch and names of its dynamic axes."""
    if isinstance(config, BlobsFinderConfig | DecorasConfig):
        side = blobs_finder.IMAGE_PX
        free = {2: "y", 3: "x"} if isinstance(config.bottleneck, Dilated) else {}
        return (1, 1, side, side), {0: "batch"} | free
    if isinstance(config, DeepGRUConfig):
        if isinstance(config.head, ChannelHead):
            return (1, 128), {0: "batch", 1: "chan"}
        return (1, config.head.channels), {0: "batch"}
    return (1, 1, resnet.IMAGE_PX, resnet.IMAGE_PX), {0: "batch"}


def _output_axes(config: NetworkConfig, free: dict[int, str]) -> dict[int, str]:
    """As many as the input has where a network answers with a map, else the batch alone."""
    return {0: "batch"} if isinstance(config, ResNetConfig) else free


def _refer_to(graph: onnx.ModelProto, path: Path) -> None:
    """Replace the values of all initializers with their offsets in a safetensors file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    for tensor in graph.graph.initializer:
        begin, end = header[tensor.name]["data_offsets"]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        place = {"location": path.name, "offset": 8 + length + begin, "length": end - begin}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
