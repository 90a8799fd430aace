"""Builds the network that a config describes."""

from __future__ import annotations

from typing import TypeAlias

from torch import nn

from deepfocus.nets.blobs_finder import BlobsFinder, BlobsFinderConfig
from deepfocus.nets.decoras import Decoras, DecorasConfig
from deepfocus.nets.deep_gru import DeepGRU, DeepGRUConfig
from deepfocus.nets.resnet import ResNet, ResNetConfig

NetworkConfig: TypeAlias = BlobsFinderConfig | DeepGRUConfig | ResNetConfig | DecorasConfig
"""Recipes and cards name a config by its `kind`."""

NETWORKS: dict[type, type[nn.Module]] = {
    BlobsFinderConfig: BlobsFinder,
    DeepGRUConfig: DeepGRU,
    ResNetConfig: ResNet,
    DecorasConfig: Decoras,
}


def build(config: NetworkConfig) -> nn.Module:
    """The network of a config, with random weights from torch's global generator."""
    return NETWORKS[type(config)](config)
