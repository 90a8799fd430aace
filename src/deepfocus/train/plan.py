"""A training plan: the recipe file of all six networks (`deepfocus train RECIPE.toml`).

```toml
[data]                      # seeds are those of the set's own train and validation splits
set = "paper"               # a shipped set, or the path of a set's TOML file
[blobs_finder]
network = { size = "slim" }
truth = { epochs = 10, learning_rate = 2e-3, ... }       # see train.recipe.Recipe
[deep_gru]
...
predicted = { epochs = 5, learning_rate = 5e-4, ... }    # then again, on what was found
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.nets.build import NetworkConfig, part_from
from deepfocus.simulate.settings import SetSettings, load_set, paper_settings
from deepfocus.train.recipe import Recipe, recipe_from
from deepfocus.train.roles import ROLES

KIND = {"blobs_finder": "blobs_finder", "deep_gru": "deep_gru"}
OUTPUTS = {"angle": 2}


@dataclass(frozen=True)
class DataPlan:
    """set : 'paper' or a path; thermal_every : each so many seeds has thermal noise, 0 none

    images, cubes : seeds of the train split for Blobs Finder, and for the networks after it
    wide_cubes : seeds of the shipped set 'wide', whose spectra Deep GRU learns from as well
    validation_images, validation_cubes : the same of the validation split
    crop_px : side of Blobs Finder's training images, cut at random out of the simulated ones
    predicted_cubes : seeds on which the networks before are run for the second training
    """

    set: str = "paper"
    thermal_every: int = 0
    images: int = 5000
    cubes: int = 2000
    wide_cubes: int = 0
    validation_images: int = 250
    validation_cubes: int = 200
    predicted_cubes: int = 1000
    crop_px: int = 192


@dataclass(frozen=True)
class RolePlan:
    """One network: its size, its training on the truth, and that on predictions, if any."""

    role: str
    network: NetworkConfig
    truth: Recipe
    predicted: Recipe | None


@dataclass(frozen=True)
class Plan:
    """All of a recipe file."""

    data: DataPlan
    base: SetSettings
    roles: Mapping[str, RolePlan]


def load_plan(path: Path) -> Plan:
    """Read a recipe file. Raises `DeepFocusError` for anything that is not as wanted."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _plan(table, beside=path.parent)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DeepFocusError(
            f"cannot use the recipe {path}: {reason}",
            wanted=f"a TOML file with [data] and one table for each of {', '.join(ROLES)}",
            remedy="start from the shipped recipe (deepfocus train default)",
        ) from error


def shipped_recipe(name: str) -> Path:
    """The path of a recipe that comes with the package: 'default', 'paper' or 'tiny'."""
    return Path(str(resources.files(__package__).joinpath("recipes", f"{name}.toml")))


def _plan(table: dict[str, Any], *, beside: Path) -> Plan:
    unknown = set(table) - {"data", *ROLES}
    missing = set(ROLES) - set(table)
    if unknown or missing:
        raise ValueError(f"unknown tables {sorted(unknown)}, missing {sorted(missing)}")
    data_table = table.get("data", {})
    strange = set(data_table) - {field.name for field in fields(DataPlan)}
    if strange:
        raise ValueError(f"unknown keys in [data]: {sorted(strange)}")
    data = DataPlan(**data_table)
    base = paper_settings() if data.set == "paper" else load_set(beside / data.set)
    roles = {role: _role(role, table[role]) for role in ROLES}
    return Plan(data=data, base=base, roles=roles)


def _role(role: str, table: dict[str, Any]) -> RolePlan:
    strange = set(table) - {"network", "truth", "predicted"}
    if strange:
        raise ValueError(f"unknown keys in [{role}]: {sorted(strange)}")
    network = {"kind": KIND.get(role, "resnet"), **table.get("network", {"size": "slim"})}
    if network["kind"] == "resnet":
        network.setdefault("outputs", OUTPUTS.get(role, 1))
    return RolePlan(
        role=role,
        network=part_from(network),
        truth=recipe_from(table["truth"]),
        predicted=recipe_from(table["predicted"]) if "predicted" in table else None,
    )
