"""Which part of the image SoFiA-2 searches: all of it, or a square in its middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class WholeImage:
    """All of the image."""

    kind: ClassVar[str] = "whole_image"

    def window(self, *, ny: int, nx: int) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(0, ny), slice(0, nx)


@dataclass(frozen=True)
class CentralSquare:
    """A square around the middle of the image; SoFiA gets nothing else.

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

    def window(self, *, ny: int, nx: int) -> tuple[slice, slice]:
        """Rows and columns. The pixel size // 2 of both, the phase centre, is the same."""
        return _middle(ny, self.size_px), _middle(nx, self.size_px)


Region = WholeImage | CentralSquare


def _middle(length: int, size: int) -> slice:
    size = min(size, length)
    first = length // 2 - size // 2
    return slice(first, first + size)
