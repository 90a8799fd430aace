"""How the files of `detect` are to be read, where their headers do not tell or are not believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.core.cube import Cube

AT_ONCE = 1 << 22
"""Bytes of a file that are hashed at a time."""


@dataclass(frozen=True)
class Reading:
    """What the user says of the files; None where they are to tell themselves.

    rest_hz : rest frequency, Hz; velocity : 'radio' or 'optical'; stokes : such as 'V'
    hdu : number or EXTNAME; psf, primary_beam : files for one cube
    """

    rest_hz: float | None = None
    velocity: str | None = None
    stokes: str | None = None
    hdu: int | str | None = None
    psf: Path | None = None
    primary_beam: Path | None = None

    @cached_property
    def said(self) -> Mapping[str, Any]:
        """What the user said, by name."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def lines(self) -> Iterator[str]:
        """The same for a file of settings."""
        for name, value in self.said.items():
            yield (
                f"{name.replace('_', ' ')}: {value!r}"
                if name != "rest_hz"
                else (f"rest frequency: {value!r} Hz")
            )

    def of(self, path: Path) -> Cube:
        """The cube of a file. Raises `DeepFocusError` if it is none, or changes meanwhile."""
        from deepfocus.io.fits_cube import read_cube

        before = _state(path)
        cube = read_cube(path, **self.said)
        if _state(path) != before:
            raise DeepFocusError(
                f"{path} changed while it was read",
                wanted="a file that is complete",
                remedy="wait until it is written, and start again",
            )
        return cube

    def shape_of(self, path: Path) -> tuple[int, int, int]:
        """(chan, y, x) of the cube of a file. Raises `DeepFocusError` if it is none."""
        from deepfocus.io.fits_image import read_shape

        of_axes = {
            key: self.said[key]
            for key in ("rest_hz", "velocity", "stokes", "hdu")
            if key in self.said
        }
        return read_shape(path, **of_axes)

    def content(self, path: Path) -> str:
        """Hash of a file and of the companions that may belong to it; '' if it cannot be read."""
        from deepfocus.io.companions import companions_beside

        files = {path, *companions_beside(path), *filter(None, (self.psf, self.primary_beam))}
        digest = blake2b(digest_size=16)
        try:
            for each in sorted(files):
                with each.open("rb") as file:
                    while part := file.read(AT_ONCE):
                        digest.update(part)
        except OSError:
            return ""
        return digest.hexdigest()


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
