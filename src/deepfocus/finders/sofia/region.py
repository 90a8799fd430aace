"""Which part of the image SoFiA-2 searches: all of it, or a square in its middle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class WholeImage:
    """All of the image."""

    kind: ClassVar[str] = "whole_image"

    def parameters(self, shape: tuple[int, int, int]) -> Mapping[str, Any]:
        """None: it is what SoFiA does."""
        return {}


@dataclass(frozen=True)
class CentralSquare:
    """A square around the middle of the image; SoFiA reads nothing else.

    size_px : its side; the whole axis where that is shorter
    """

    kind: ClassVar[str] = "central_square"

    size_px: int = 256

    def __post_init__(self) -> None:
        if self.size_px < 1:
            raise DeepFocusError(
                f"a central square of {self.size_px} px",
                wanted="1 px or more",
                remedy="correct the finder's settings",
            )

    def parameters(self, shape: tuple[int, int, int]) -> Mapping[str, Any]:
        """`input.region`, with positions that count from the first pixel of the whole image."""
        channels, ny, nx = shape
        ranges = (*_middle(nx, self.size_px), *_middle(ny, self.size_px), 0, channels - 1)
        return {"input.region": list(ranges), "parameter.offset": True}


Region = WholeImage | CentralSquare


def _middle(length: int, size: int) -> tuple[int, int]:
    """First and last element of the middle of an axis."""
    size = min(size, length)
    first = (length - size) // 2
    return first, first + size - 1
