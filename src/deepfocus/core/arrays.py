"""Arrays keyed by name, as stored for a cube, a training example or a network."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

NamedArrays: TypeAlias = dict[str, NDArray[Any]]
