"""Arrays by their names: what is kept of a cube, of an example, of a network."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

NamedArrays: TypeAlias = dict[str, NDArray[Any]]
