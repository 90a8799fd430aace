"""The noise of a cube as files record it: one word for its kind, and one standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepfocus.core.noise import (
    DirtyBeam,
    Noise,
    Power,
    SquaredWeights,
    White,
    noise_of_level,
)

CLEANED = "clean"
"""Key of a cube's `meta` under which the settings are that it was cleaned with."""


def noise_of_file(
    kind: str | None, level_jy_beam: float | None, meta: Mapping[str, Any]
) -> Noise | None:
    """The noise that a file records; None if it records none.

    kind : 'thermal' or 'white'; meta : provenance, which tells the weighting of visibilities
    """
    power = _power(kind, meta)
    return None if power is None else noise_of_level(power, level_jy_beam)


def _power(kind: str | None, meta: Mapping[str, Any]) -> Power | None:
    if kind == White.name:
        return White()
    if kind == DirtyBeam.name:
        return DirtyBeam() if _natural(meta) and not _cleaned(meta) else SquaredWeights()
    return None


def _cleaned(meta: Mapping[str, Any]) -> bool:
    """Whether the cube is a cleaned one, or was simulated so: its noise is not that of its beam."""
    if CLEANED in meta:
        return True
    settings = meta.get("settings")
    imaging = settings.get("imaging", {}) if isinstance(settings, Mapping) else {}
    return bool(imaging.get("kind", "dirty") != "dirty")


def _natural(meta: Mapping[str, Any]) -> bool:
    """Whether the settings of the simulation or imaging gave all visibilities equal weight."""
    settings = meta.get("settings")
    said = settings.get("observation", {}) if isinstance(settings, Mapping) else meta
    plain = said.get("weighting", "natural") == "natural" and "robust" not in said
    return plain and "taper" not in said
