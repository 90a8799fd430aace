"""A training plan: the recipe file for any of the networks (`deepfocus train RECIPE.toml`).

```toml
[data]                      # seeds come from the set's own train and validation splits
set = "paper"               # a shipped set, a set's TOML file, or a store written by simulate
[blobs_finder]
network = { size = "slim" }
truth = { epochs = 10, learning_rate = 2e-3, ... }       # see train.recipe.Recipe
[deep_gru]
...
predicted = { epochs = 5, learning_rate = 5e-4, ... }    # then again, on predictions
```

A network without a table is not trained. Predictions are those of the paper's six networks, so a
recipe that learns from them trains all six.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE
from deepfocus.core.settings import load_settings, part_from, parts_to
from deepfocus.nets.blobs_finder import BlobsFinderConfig
from deepfocus.nets.build import NetworkConfig
from deepfocus.nets.decoras import DecorasConfig
from deepfocus.nets.deep_gru import DeepGRUConfig, WholeHead
from deepfocus.nets.resnet import ResNetConfig
from deepfocus.ops.inputs import BoxSpectrum, Input
from deepfocus.simulation.sets import load_one, one_kind
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.stored_set import settings_of_store
from deepfocus.train import roles
from deepfocus.train.blob_examples import HALVED_PX
from deepfocus.train.least import check_least
from deepfocus.train.recipe import Recipe
from deepfocus.weights.six import ROLES as SIX

RECIPES = ("default", "paper", "paper-night", "decoras", "tiny")
SIZES = ("slim", "paper")


@dataclass(frozen=True)
class DataPlan:
    """What the networks learn from.

    set : name of a shipped set, or path (relative to the recipe's folder) of a set's TOML file or
        of a store written by `simulate`; the arrays of a store are used as they are
    thermal_every : one seed in this many has thermal noise, 0 for none; not applied to a store
    faulty_every : one seed in this many has a fault of the set 'faults', as thermal_every
    images, cubes : number of training seeds for the networks that see integrated images, and for
        the others
    wide_cubes : number of seeds of the shipped set 'wide'; Deep GRU also learns from their spectra
    validation_images, validation_cubes : the same for the validation split
    crop_px : side of the integrated images in training, random crops of the simulated ones
    predicted_cubes : number of seeds for the second training, on what earlier networks find
    """

    set: str = "paper"
    thermal_every: int = 0
    faulty_every: int = 0
    images: int = 5000
    cubes: int = 2000
    wide_cubes: int = 0
    validation_images: int = 250
    validation_cubes: int = 200
    predicted_cubes: int = 1000
    crop_px: int = 192

    def __post_init__(self) -> None:
        check_least(
            "data",
            {
                "thermal_every": (self.thermal_every, 0),
                "faulty_every": (self.faulty_every, 0),
                "images": (self.images, 1),
                "cubes": (self.cubes, 1),
                "wide_cubes": (self.wide_cubes, 0),
                "validation_images": (self.validation_images, 1),
                "validation_cubes": (self.validation_cubes, 1),
                "predicted_cubes": (self.predicted_cubes, 1),
                "crop_px": (self.crop_px, HALVED_PX),
            },
        )
        if self.crop_px % HALVED_PX:
            raise DeepFocusError(
                f"crop_px = {self.crop_px} in [data]",
                wanted=f"a multiple of {HALVED_PX}, since networks halve images four times",
                remedy=f"take {self.crop_px // HALVED_PX * HALVED_PX}",
            )


@dataclass(frozen=True)
class RoleTable:
    """A network's table in the recipe file; `network` is a config or just its `size`."""

    network: dict[str, Any] = field(default_factory=lambda: {"size": "slim"})
    truth: Recipe = field(default_factory=Recipe)
    predicted: Recipe | None = None


@dataclass(frozen=True)
class RecipeFile:
    """All tables that a recipe file may have."""

    data: DataPlan
    blobs_finder: RoleTable | None = None
    deep_gru: RoleTable | None = None
    major: RoleTable | None = None
    minor: RoleTable | None = None
    angle: RoleTable | None = None
    flux: RoleTable | None = None
    decoras: RoleTable | None = None


@dataclass(frozen=True)
class RolePlan:
    """One network: its size, its training on the truth, and its training on predictions, if any."""

    role: str
    network: NetworkConfig
    truth: Recipe
    predicted: Recipe | None

    @property
    def input(self) -> Input:
        """The input of the role, in the form that this network takes."""
        usual = roles.ROLES[self.role].input
        head = self.network.head if isinstance(self.network, DeepGRUConfig) else None
        if isinstance(usual, BoxSpectrum) and isinstance(head, WholeHead):
            return replace(usual, channels=head.channels)
        return usual


TO_LEARN_FROM = "to learn from, since a network's card states one domain"


@dataclass(frozen=True)
class Plan:
    """The content of a recipe file.

    base : settings of the set; store : path of the store, if the set is one
    """

    data: DataPlan
    base: SetSettings
    store: Path | None
    roles: Mapping[str, RolePlan]

    @property
    def sees_images(self) -> bool:
        """Whether any network learns from integrated images."""
        return any(roles.sees_whole_image(role) for role in self.roles)

    @property
    def sees_sources(self) -> bool:
        """Whether any network learns from what is cut out around sources."""
        return not all(roles.sees_whole_image(role) for role in self.roles)


def load_plan(path: Path) -> Plan:
    """Read a recipe file, or the shipped recipe of that name.

    Raises `DeepFocusError` if anything in it is invalid.
    """
    path = find_recipe(path)
    file = load_settings(path, RecipeFile)
    base, store = _set_of(file.data.set, folder=path.parent)
    tables = {role: getattr(file, role) for role in roles.ROLES}
    plans = {role: _role(role, table, source=str(path)) for role, table in tables.items() if table}
    _refuse_incomplete(plans, source=str(path))
    return Plan(data=file.data, base=base, store=store, roles=plans)


def _refuse_incomplete(plans: Mapping[str, RolePlan], *, source: str) -> None:
    """Raise `DeepFocusError` for no network, or for predictions without the six that make them."""
    if not plans:
        raise DeepFocusError(
            f"{source} trains no network",
            wanted=f"a table for one or more of {', '.join(roles.ROLES)}",
            remedy="add the tables of the networks, as in a shipped recipe",
        )
    missing = [role for role in SIX if role not in plans]
    again = [role for role, plan in plans.items() if plan.predicted]
    if again and missing:
        raise DeepFocusError(
            f"{source} trains {again[0]} on predictions, and leaves out {missing[0]}",
            wanted=f"all six networks that predict: {', '.join(SIX)}",
            remedy=f"add their tables, or leave out [{again[0]}.predicted]",
        )


def find_recipe(path: Path) -> Path:
    """The path itself, or the path of a shipped recipe, one of `RECIPES`."""
    path = Path(path)
    return shipped_recipe(str(path)) if str(path) in RECIPES and not path.exists() else path


def shipped_recipe(name: str) -> Path:
    """The path of a recipe that comes with the package."""
    return Path(str(resources.files(__package__).joinpath("recipes", f"{name}.toml")))


def _set_of(name: str, *, folder: Path) -> tuple[SetSettings, Path | None]:
    """The settings of a set, and the path of its store if it is one."""
    path = folder / name
    if path.suffix != STORE:
        return load_one(path if path.exists() else Path(name), purpose=TO_LEARN_FROM), None
    return one_kind(settings_of_store(path), name=str(path), purpose=TO_LEARN_FROM), path


def _role(role: str, table: RoleTable, *, source: str) -> RolePlan:
    network = network_from(role, table.network, source=f"{source}, [{role}]")
    return RolePlan(role=role, network=network, truth=table.truth, predicted=table.predicted)


def network_from(role: str, table: Mapping[str, Any], *, source: str) -> NetworkConfig:
    """A network's config, from all of its fields or from a `size` and the fields that differ.

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


_CONFIGS: dict[str, Any] = {
    "blobs_finder": BlobsFinderConfig,
    "deep_gru": DeepGRUConfig,
    "decoras": DecorasConfig,
}
