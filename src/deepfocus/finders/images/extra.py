"""Packages that only some finders need: the extra [peers]."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from deepfocus.core.errors import DeepFocusError

EXTRA = "peers"


def require(module: str, *, package: str) -> str:
    """The version of a package. Raises `DeepFocusError` if it is not installed.

    module : what is imported; package : what is installed
    """
    try:
        if find_spec(module) is not None:
            return version(package)
    except (ImportError, PackageNotFoundError):
        pass
    raise DeepFocusError(
        f"{package} is not installed",
        wanted=f"the extra [{EXTRA}]",
        remedy=f'pip install "deepfocus-alma[{EXTRA}]"',
    )
