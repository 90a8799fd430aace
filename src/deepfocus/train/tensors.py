"""Converts tensors of modules and optimisers to named numpy arrays and back; safetensors files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor, nn

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file


def weights_of(model: nn.Module) -> NamedArrays:
    """Copies of all parameters and buffers, by torch's names."""
    return {name: _array(value) for name, value in model.state_dict().items()}


def set_weights(model: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load arrays of `weights_of`. Raises `RuntimeError` if names or shapes differ."""
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def moments_of(optimiser: torch.optim.Optimizer) -> NamedArrays:
    """Adam's moments and step counts, named ``<parameter index>.<name>``."""
    state = optimiser.state_dict()["state"]
    return {
        f"{index}.{name}": _array(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def set_moments(optimiser: torch.optim.Optimizer, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load arrays of `moments_of`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, array in arrays.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = torch.from_numpy(array)
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], facts: dict[str, Any]) -> None:
    """Write arrays to one safetensors file, with `facts` as JSON in its header."""
    # safetensors writes a view's memory from its first byte on, so views need contiguous copies.
    # (ascontiguousarray would turn a scalar into a vector.)
    plain = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    with whole_file(path) as temporary:
        save_file(plain, temporary, metadata={"facts": json.dumps(facts)})


def read_arrays(path: Path) -> tuple[NamedArrays, dict[str, Any]]:
    """Arrays and facts of a file written by `write_arrays`.

    Raises `DeepFocusError` if the file is not one.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise DeepFocusError(
            f"cannot read {path}: {error}",
            wanted="a safetensors file with its facts in the header",
            remedy="remove it and start the training again",
        ) from error


def _array(value: Tensor) -> NDArray[Any]:
    return value.detach().cpu().numpy().copy()
