"""A training plan: the recipe file of all six networks (`deepfocus train RECIPE.toml`).

```toml
[data]                      # seeds are those of the set's own train and validation splits
set = "paper"               # a shipped set, a set's TOML file, or a store that simulate wrote
[blobs_finder]
network = { size = "slim" }
truth = { epochs = 10, learning_rate = 2e-3, ... }       # see train.recipe.Recipe
[deep_gru]
...
predicted = { epochs = 5, learning_rate = 5e-4, ... }    # then again, on what was found
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_settings, part_from, parts_to
from deepfocus.nets.blobs_finder import BlobsFinderConfig
from deepfocus.nets.build import NetworkConfig
from deepfocus.nets.deep_gru import DeepGRUConfig
from deepfocus.nets.resnet import ResNetConfig
from deepfocus.simulation.settings import SetSettings, load_set
from deepfocus.simulation.stored_set import settings_of_store
from deepfocus.train.recipe import Recipe
from deepfocus.weights.six import ROLES

RECIPES = ("default", "paper", "tiny")
SIZES = ("slim", "paper")
STORE = ".zarr"


@dataclass(frozen=True)
class DataPlan:
    """What the networks learn from.

    set : a shipped set's name, or the path of a set's TOML file or of a store of `simulate`,
        from the recipe's folder. Of a store the derived arrays are taken as they are
    thermal_every : each so many seeds has thermal noise, 0 none; not of a store
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
class RoleTable:
    """A network's table in the recipe file; `network` is a config or just its `size`."""

    network: dict[str, Any] = field(default_factory=lambda: {"size": "slim"})
    truth: Recipe = field(default_factory=Recipe)
    predicted: Recipe | None = None


@dataclass(frozen=True)
class RecipeFile:
    """All tables of a recipe file."""

    data: DataPlan
    blobs_finder: RoleTable
    deep_gru: RoleTable
    major: RoleTable
    minor: RoleTable
    angle: RoleTable
    flux: RoleTable


@dataclass(frozen=True)
class RolePlan:
    """One network: its size, its training on the truth, and that on predictions, if any."""

    role: str
    network: NetworkConfig
    truth: Recipe
    predicted: Recipe | None


@dataclass(frozen=True)
class Plan:
    """All of a recipe file.

    base : settings of the set; store : where its derived arrays lie, if they are kept
    """

    data: DataPlan
    base: SetSettings
    store: Path | None
    roles: Mapping[str, RolePlan]


def load_plan(path: Path) -> Plan:
    """Read a recipe file, or the shipped recipe of that name.

    Raises `DeepFocusError` for anything that is not as wanted.
    """
    path = find_recipe(path)
    file = load_settings(path, RecipeFile)
    base, store = _set_of(file.data.set, beside=path.parent)
    roles = {role: _role(role, getattr(file, role), source=str(path)) for role in ROLES}
    return Plan(data=file.data, base=base, store=store, roles=roles)


def find_recipe(path: Path) -> Path:
    """The path itself, or that of the shipped recipe: 'default', 'paper' or 'tiny'."""
    path = Path(path)
    return shipped_recipe(str(path)) if str(path) in RECIPES and not path.exists() else path


def shipped_recipe(name: str) -> Path:
    """The path of a recipe that comes with the package."""
    return Path(str(resources.files(__package__).joinpath("recipes", f"{name}.toml")))


def _set_of(name: str, *, beside: Path) -> tuple[SetSettings, Path | None]:
    """The settings of a set, and its store where it is one."""
    path = beside / name
    if path.suffix != STORE:
        return load_set(path if path.exists() else Path(name)), None
    return settings_of_store(path), path


def _role(role: str, table: RoleTable, *, source: str) -> RolePlan:
    network = network_from(role, table.network, source=f"{source}, [{role}]")
    return RolePlan(role=role, network=network, truth=table.truth, predicted=table.predicted)


def network_from(role: str, table: Mapping[str, Any], *, source: str) -> NetworkConfig:
    """The config of a role's network: all of its fields, or a `size` and what differs from it.

    Raises `DeepFocusError` for an unknown size or field.
    """
    config = _CONFIGS.get(role, ResNetConfig)
    fields = {key: value for key, value in table.items() if key != "size"}
    if role == "angle" and "outputs" not in fields:
        fields["outputs"] = 2
    size = table.get("size")
    if size is not None:
        if size not in SIZES:
            raise DeepFocusError(
                f"{source} has a network of size '{size}'",
                wanted=f"one of {', '.join(SIZES)}",
                remedy="choose one of these, or give all fields of the network",
            )
        fields = parts_to(getattr(config, size)()) | fields
    made: NetworkConfig = part_from({"kind": config.kind, **fields}, NetworkConfig, source=source)
    return made


_CONFIGS: dict[str, Any] = {"blobs_finder": BlobsFinderConfig, "deep_gru": DeepGRUConfig}
