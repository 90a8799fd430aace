"""How the files of `detect` are to be read, where their headers do not tell or are not believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepfocus.cli.room import Room
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.casa_folder import files_of
from deepfocus.io.content_hash import content_line
from deepfocus.io.overrides import NO_OVERRIDES, Overrides

if TYPE_CHECKING:
    from deepfocus.core.cube import Cube

State = Mapping[Path, tuple[int, int] | None]
"""Size and time of the last change of files; None of one that is gone."""


@dataclass(frozen=True)
class Reading:
    """What the user says of the files.

    overrides : of their headers; psf, primary_beam : files for one cube
    room : of a process, which decides whether a cube is read as a whole or by parts
    """

    overrides: Overrides = NO_OVERRIDES
    psf: Path | None = None
    primary_beam: Path | None = None
    room: Room = field(default_factory=Room)

    @property
    def lines(self) -> Iterator[str]:
        """What the user said, for a file of settings."""
        rest_hz = self.overrides.rest_hz
        if rest_hz is not None:
            yield f"rest frequency: {rest_hz!r} Hz"
        for name in ("velocity", "stokes", "hdu"):
            if (value := getattr(self.overrides, name)) is not None:
                yield f"{name}: {value!r}"

    def at(self, path: Callable[[Path], Path]) -> Reading:
        """With its paths as workers know them."""
        psf, primary_beam = (
            None if each is None else path(each) for each in (self.psf, self.primary_beam)
        )
        return replace(self, psf=psf, primary_beam=primary_beam)

    def of(self, path: Path, since: State | None = None) -> Cube:
        """The cube of a file.

        since : state from which on it counts as changed, instead of that at the start
        Raises `DeepFocusError` if it is none, or changes meanwhile.
        """
        from deepfocus.io.fits_cube import read_cube

        before = self.state(path) if since is None else since
        cube = read_cube(
            path,
            self.overrides,
            psf=self.psf,
            primary_beam=self.primary_beam,
            workspace=self.room.workspace(self.shape_of(path), _share(path)),
        )
        if (changed := self.state(path)) != before:
            first = next(
                each for each in (*before, *changed) if before.get(each) != changed.get(each)
            )
            raise DeepFocusError(
                f"{first} changed while it was read",
                wanted="a file that is complete",
                remedy="wait until it is written, and start again",
            )
        return cube

    def shape_of(self, path: Path) -> tuple[int, int, int]:
        """(chan, y, x) of the cube of a file. Raises `DeepFocusError` if it is none."""
        from deepfocus.io.image_file import read_shape

        return read_shape(path, self.overrides)

    def content(self, path: Path) -> str:
        """What tells the content of a file, and of the companions that may belong to it."""
        return content_line(self._files(path))

    def state(self, path: Path) -> State:
        """Of a file, and of the companions that may belong to it."""
        return {each: _state(each) for each in self._files(path)}

    def _files(self, path: Path) -> list[Path]:
        from deepfocus.io.cube_files import files_of_cube

        return files_of_cube(path, filter(None, (self.psf, self.primary_beam)))


def _share(path: Path) -> float:
    """Of the files of an image that is no hole: a compressed one has none."""
    found = [each.stat() for each in files_of(path)]
    if not all(hasattr(status, "st_blocks") for status in found):
        return 1.0
    held, size = sum(each.st_blocks for each in found), sum(each.st_size for each in found)
    return min(1.0, 512 * held / max(size, 1))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
