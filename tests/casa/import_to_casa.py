"""Makes CASA images of FITS files; run by CASA's Python.

    python import_to_casa.py FOLDER NAME.fits ...

Writes NAME of each into the folder, as importfits makes it by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from casatasks import importfits


def main(folder: str, *paths: str) -> None:
    for path in map(Path, paths):
        importfits(fitsimage=str(path), imagename=str(Path(folder) / path.name[: -len(".fits")]))


if __name__ == "__main__":
    main(*sys.argv[1:])
