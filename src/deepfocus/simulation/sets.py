"""Sets of simulated cubes: of one kind, or mixed, whose kinds take turns; and those that ship.

A mixed set is a settings file with tables `[[variants]]`. Each changes some of the settings that
stand above them; seed s has the variant s mod n, so every run of n seeds has one cube of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_table, settings_from, settings_to
from deepfocus.simulation.settings import Seeds, SetSettings

VARIANTS = "variants"


@dataclass(frozen=True)
class MixedSet:
    """Kinds of cube that take turns.

    variants : each with the seeds of the whole set
    Raises `DeepFocusError` for fewer than two.
    """

    variants: tuple[SetSettings, ...]
    split: Seeds

    def __post_init__(self) -> None:
        if len(self.variants) < 2:
            raise DeepFocusError(
                f"{len(self.variants)} variants",
                wanted="two or more that take turns",
                remedy="add one, or write the set without [[variants]]",
            )

    def index_of(self, seed: int) -> int:
        """Which variant a seed has."""
        return seed % len(self.variants)

    def of(self, seed: int) -> SetSettings:
        """The settings of a seed's cube."""
        return replace(self.variants[self.index_of(seed)], split=self.split)

    def seeds(self, split: str, number: int | None = None) -> range:
        """The first `number` seeds of 'train', 'validation' or 'test', or all of them."""
        return self.split.of(split, number)


AnySet = SetSettings | MixedSet


SHIPPED: Mapping[str, str] = {
    "paper": "the paper's sources and array, white noise (Tables 1 and 2)",
    "wide": "the paper's sources with lines of up to half the band, small images",
    "varied": "every array, declination, pixel and kind of source; lines of up to 60% of the band",
    "faint": "lines without continuum at ideal SNR 4 to 12; dirty and cleaned",
    "blends": "pairs within 0.3 to 1.5 beams; lines that coincide to separate; dirty and cleaned",
    "galaxies": "real galaxies and rotating discs at ideal SNR 10 to 200; dirty and cleaned",
    "empty": "noise without any source; dirty and cleaned",
    "faults": "imperfect data: one fault by turns (gains, bandpass, flags, beams ...), and many",
}
"""What is in each shipped set, by its name."""


def load_set(path: Path) -> AnySet:
    """Read a set's TOML file, or the shipped set of that name. Raises `DeepFocusError`."""
    path = Path(path)
    if str(path) in SHIPPED and not path.exists():
        return shipped_set(str(path))
    return set_from(load_table(path), source=str(path))


def load_one(path: Path, *, purpose: str) -> SetSettings:
    """Like `load_set`, for a purpose that needs cubes of one kind."""
    return one_kind(load_set(path), name=str(path), purpose=purpose)


def one_kind(settings: AnySet, *, name: str, purpose: str) -> SetSettings:
    """The settings. Raises `DeepFocusError` for a mixed set."""
    if isinstance(settings, MixedSet):
        raise DeepFocusError(
            f"{name} mixes {len(settings.variants)} kinds of cube",
            wanted=f"one kind {purpose}",
            remedy="write the settings of one of its variants as a set of its own",
        )
    return settings


def paper_settings() -> SetSettings:
    """The paper's population, array and white noise: shipped as settings/paper.toml."""
    return shipped_one("paper")


def shipped_one(name: str) -> SetSettings:
    """A shipped set of one kind of cube."""
    return one_kind(shipped_set(name), name=name, purpose="here")


def shipped_set(name: str) -> AnySet:
    """A set that comes with the package: one of `SHIPPED`."""
    with resources.as_file(resources.files(__package__).joinpath(f"settings/{name}.toml")) as path:
        return load_set(path)


def set_from(table: Mapping[str, Any], *, source: str) -> AnySet:
    """The set of a plain table, such as that of a TOML file. Raises `DeepFocusError`."""
    base = {name: part for name, part in table.items() if name != VARIANTS}
    if VARIANTS not in table:
        return _checked(settings_from(base, SetSettings, source=source), source)
    changes = table[VARIANTS]
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        raise DeepFocusError(
            f"{source} has {VARIANTS} that are not tables",
            wanted="[[variants]] with tables such as [variants.noise]",
            remedy="see docs/settings.md",
        )
    split = settings_from(dict(base.pop("split", {})), Seeds, source=f"[split] of {source}")
    variants = tuple(
        _checked(_variant(base, change, source=f"variant {i} of {source}"), source)
        for i, change in enumerate(changes, start=1)
    )
    return MixedSet(variants=variants, split=split)


def set_to(settings: AnySet) -> dict[str, Any]:
    """The plain table of a set, from which `set_from` makes it again."""
    if isinstance(settings, SetSettings):
        return settings_to(settings)
    variants = [settings_to(variant) for variant in settings.variants]
    for variant in variants:
        del variant["split"]
    return {VARIANTS: variants, "split": settings_to(settings.split)}


def _variant(base: Mapping[str, Any], change: Mapping[str, Any], *, source: str) -> SetSettings:
    """The base with the tables of a variant, key by key; another kind takes no keys over."""
    if "split" in change:
        raise DeepFocusError(
            f"{source} has seeds of its own",
            wanted="one [split] for all variants, which take turns",
            remedy="remove it from the variant",
        )
    tables = dict(base)
    for name, part in change.items():
        before = base.get(name, {})
        tables[name] = part
        if isinstance(part, Mapping) and isinstance(before, Mapping):
            kept = part.get("kind", before.get("kind")) == before.get("kind")
            tables[name] = {**(before if kept else {}), **part}
    return settings_from(tables, SetSettings, source=source)


def _checked(settings: SetSettings, source: str) -> SetSettings:
    if settings.observation.channels < 2:
        raise DeepFocusError(
            f"{source} has cubes of one channel",
            wanted="2 channels or more: one channel cannot show a line width",
            remedy="raise channels in [observation]",
        )
    return settings
