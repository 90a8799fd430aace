"""Configs and losses as plain tables and back, and the network of a config.

A weight card and a recipe name a part by its `kind`; all other keys are the part's own fields.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from torch import nn

from deepfocus.nets.blobs_finder import BlobsFinder, BlobsFinderConfig, Dense, Dilated
from deepfocus.nets.deep_gru import ChannelHead, DeepGRU, DeepGRUConfig, WholeHead
from deepfocus.nets.losses import DSSIM, L1, L2, CrossEntropy, L1ToDssim, SmoothL1, WeightedSum
from deepfocus.nets.resnet import ResNet, ResNetConfig

NetworkConfig: TypeAlias = BlobsFinderConfig | DeepGRUConfig | ResNetConfig

NETWORKS: dict[type, type[nn.Module]] = {
    BlobsFinderConfig: BlobsFinder,
    DeepGRUConfig: DeepGRU,
    ResNetConfig: ResNet,
}

KINDS: dict[str, type] = {
    "blobs_finder": BlobsFinderConfig,
    "dense": Dense,
    "dilated": Dilated,
    "deep_gru": DeepGRUConfig,
    "whole_head": WholeHead,
    "channel_head": ChannelHead,
    "resnet": ResNetConfig,
    "l1": L1,
    "l2": L2,
    "smooth_l1": SmoothL1,
    "cross_entropy": CrossEntropy,
    "dssim": DSSIM,
    "l1_to_dssim": L1ToDssim,
    "weighted_sum": WeightedSum,
}


def build(config: NetworkConfig) -> nn.Module:
    """The network of a config, with fresh random weights (torch's global generator)."""
    return NETWORKS[type(config)](config)


def part_to(part: Any) -> dict[str, Any]:
    """Plain table of a config or a loss: `kind` and its fields, ready for JSON."""
    kind = next(name for name, cls in KINDS.items() if cls is type(part))
    fields = ((field.name, getattr(part, field.name)) for field in dataclasses.fields(part))
    return {"kind": kind} | {name: _plain(value) for name, value in fields}


def part_from(table: dict[str, Any]) -> Any:
    """The config or the loss of a table, as `part_to` writes it.

    For a network, `size = "paper"` or `"slim"` stands for all fields but a ResNet's `outputs`.
    Raises `ValueError` for an unknown kind, size or field.
    """
    fields = dict(table)
    kind = fields.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    cls: Any = KINDS[kind]
    size = fields.pop("size", None)
    if size not in (None, "paper", "slim") or (size and cls not in NETWORKS):
        raise ValueError(f"{kind} has no size {size!r}")
    values = {name: _structured(value) for name, value in fields.items()}
    try:
        return getattr(cls, size)(**values) if size else cls(**values)
    except TypeError as error:
        raise ValueError(f"{kind}: {error}") from error


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return part_to(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _structured(value: Any) -> Any:
    if isinstance(value, dict):
        return part_from(value)
    return tuple(_structured(item) for item in value) if isinstance(value, list) else value
