"""The images that CASA made (`tests/casa/make_casa_images.py`), unpacked for a test."""

from __future__ import annotations

import tarfile
from pathlib import Path

SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python 3.11.0 to 3.11.3 know of no filter."""
ARCHIVE = Path(__file__).parent / "io" / "casa_images.tar.gz"


def unpacked(folder: Path) -> Path:
    """The folder, with x.image and its products, less usual images, and `exported`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, **SAFELY)
    return folder
