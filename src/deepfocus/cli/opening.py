"""A cube of a file as a whole, for commands that change it: read here, or in each worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.core.cube import Cube


@dataclass(frozen=True)
class Opening:
    """Reads the cube, here or in a worker."""

    path: Path
    reading: Reading

    def __call__(self) -> Cube:
        """The whole of it: sources are added to a copy."""
        from deepfocus.io.fits_cube import read_cube

        reading = self.reading
        return read_cube(
            self.path, reading.overrides, psf=reading.psf, primary_beam=reading.primary_beam
        )
