"""Finders that look at images with a package of others: the extra [peers]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.finder import Detection
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.finder import find_in_images
from deepfocus.finders.images.maps import ChannelMaps, WholeBand
from deepfocus.finders.images.sighting import SeesImages

EXTRA = "peers"


class SettingsOfPackage(SeesImages, Protocol):
    """Settings of such a finder: how it sees an image, which ones, and how lines are sought."""

    kind: ClassVar[str]

    @property
    def maps(self) -> WholeBand | ChannelMaps: ...

    @property
    def line(self) -> LineSearch: ...


@dataclass(frozen=True)
class ReadyPackage:
    """Such a finder, whose package of that version is there."""

    settings: SettingsOfPackage
    package: str
    version: str

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The version of the package."""
        return {self.package: self.version}

    def find(self, cube: Cube) -> Detection:
        """Run the package on the images, look for lines, measure them.

        Raises `DeepFocusError` for a cube without data, of fewer than eight channels, or without a
        beam.
        """
        return find_in_images(
            cube,
            kind=self.settings.kind,
            finder=self.settings,
            maps=self.settings.maps,
            line=self.settings.line,
        )


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
