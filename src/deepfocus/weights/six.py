"""The six networks of the paper's decision graph, each in its role."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from deepfocus.ops.inputs import BoxSpectrum, FocusedImage, IntegratedImage, MaskedLineImage
from deepfocus.ops.targets import Elongation, Fwhm, LineProbability, LogFlux, ProbabilityMap
from deepfocus.weights.card import Card
from deepfocus.weights.load import load_network

I = TypeVar("I", covariant=True)  # noqa: E741
T = TypeVar("T", covariant=True)


class Trained(Protocol[I, T]):
    """What a finder needs from a network: its input, its target, and a way to run it."""

    @property
    def card(self) -> Card: ...

    @property
    def input(self) -> I: ...

    @property
    def target(self) -> T: ...

    @property
    def parameters(self) -> int:
        """Number of its weights."""
        ...

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Outputs (b, ...), float32, of encoded inputs (b, ...)."""
        ...


@dataclass(frozen=True, eq=False)
class SixNetworks:
    """Blobs Finder, Deep GRU and the four ResNets."""

    blobs_finder: Trained[IntegratedImage, ProbabilityMap]
    deep_gru: Trained[BoxSpectrum, LineProbability]
    major: Trained[FocusedImage, Fwhm]
    minor: Trained[FocusedImage, Fwhm]
    angle: Trained[FocusedImage, Elongation]
    flux: Trained[MaskedLineImage, LogFlux]

    @property
    def in_words(self) -> str:
        """Which networks these are, in a sentence."""
        weights = sum(getattr(self, role).parameters for role in ROLES)
        commits = sorted({getattr(self, role).card.commit or "?" for role in ROLES})
        return (
            f"ran on networks of {weights / 1e6:.3g} million weights in all, trained at "
            f"{', '.join(commits)}; the paper's own have 86 million"
        )

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each network's weights, by its role."""
        return {role: getattr(self, role).card.sha256 for role in ROLES}


ROLES = tuple(each.name for each in fields(SixNetworks))

SEES_AND_ANSWERS: dict[str, tuple[Any, Any]] = {
    "blobs_finder": (IntegratedImage, ProbabilityMap),
    "deep_gru": (BoxSpectrum, LineProbability),
    "major": (FocusedImage, Fwhm),
    "minor": (FocusedImage, Fwhm),
    "angle": (FocusedImage, Elongation),
    "flux": (MaskedLineImage, LogFlux),
}
"""The input and target of each role."""


def load_six(folder: Path | None = None) -> SixNetworks:
    """The networks of a folder; None for the shipped ones. Raises as `load_network` does."""
    return SixNetworks(
        **{role: load_network(folder, role, *parts) for role, parts in SEES_AND_ANSWERS.items()}
    )
