"""DeepFocus: find and measure line emitters in dirty radio-interferometric cubes.

    import deepfocus as df

    cube = df.read("cube.fits")
    found = df.detect(cube)
    found.catalogue.accepted.table       # an astropy table with units
    df.write(found, "sources.ecsv")

Each name is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepfocus import finders
    from deepfocus.api import (
        clean,
        cutouts,
        detect,
        evaluate,
        fidelity,
        inject,
        read,
        read_catalogue,
        simulate,
        to_spectral_cube,
        write,
    )
    from deepfocus.core.catalogue import Catalogue
    from deepfocus.core.cube import Cube
    from deepfocus.core.errors import DeepFocusError

__version__ = "0.1.0"

__all__ = [
    "Catalogue",
    "Cube",
    "DeepFocusError",
    "clean",
    "cutouts",
    "detect",
    "evaluate",
    "fidelity",
    "finders",
    "inject",
    "read",
    "read_catalogue",
    "simulate",
    "to_spectral_cube",
    "write",
]

_ELSEWHERE = {
    "Catalogue": "deepfocus.core.catalogue",
    "Cube": "deepfocus.core.cube",
    "DeepFocusError": "deepfocus.core.errors",
}


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'deepfocus' has no attribute '{name}'")
    if name == "finders":
        return import_module("deepfocus.finders")
    value = getattr(import_module(_ELSEWHERE.get(name, "deepfocus.api")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
