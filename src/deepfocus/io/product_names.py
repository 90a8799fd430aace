"""What an imaging product is, by its name, and which field it belongs to.

CASA writes `X.image`, `X.image.pbcor`, `X.psf`, `X.pb`, `X.residual`, `X.model`, `X.mask`,
`X.sumwt`, with `.tt0` at the end of a Taylor expansion, older versions `X.flux`; ALMA's archive
`X.cube.I.pbcor.fits` and `X.cube.I.pb.fits.gz`; other packages end in `_pb` or `-psf`; this package
puts `X.truth` and `X.catalogue` beside its cubes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deepfocus.io.casa_folder import is_casa_image

SUFFIXES = (".fits.gz", ".fits.fz", ".fits.bz2", ".fits", ".fit", ".fts")
"""Of FITS files; the longer ones first."""


class Kind(Enum):
    """Of an imaging product."""

    IMAGE = "image"
    CORRECTED = "image corrected for the primary beam"
    PSF = "psf"
    PRIMARY_BEAM = "pb"
    OTHER = "other product"


KIND_OF_WORD: Mapping[str, Kind] = {
    "image": Kind.IMAGE,
    "dirty": Kind.IMAGE,
    "pbcor": Kind.CORRECTED,
    "psf": Kind.PSF,
    "pb": Kind.PRIMARY_BEAM,
    "flux": Kind.PRIMARY_BEAM,
    "gain": Kind.PRIMARY_BEAM,
    "weight": Kind.PRIMARY_BEAM,
    "residual": Kind.OTHER,
    "model": Kind.OTHER,
    "mask": Kind.OTHER,
    "sumwt": Kind.OTHER,
    "pbcoverage": Kind.OTHER,
    "truth": Kind.OTHER,
    "catalogue": Kind.OTHER,
    "alpha": Kind.OTHER,
    "beta": Kind.OTHER,
}
LAST_WORD = re.compile(r"^(?P<left>.+)[._-](?P<word>[A-Za-z]+)$")
TERM = re.compile(r"^(?P<left>.+)(?P<term>\.tt\d+)$")
CONTINUUM = re.compile(r"\.(cont|continuum|mfs)(\.(?!sub)|$)", re.IGNORECASE)
"""In names of the archive's images of the whole band, and not of what `cont.sub` stands for."""


@dataclass(frozen=True)
class ProductName:
    """field : what the products of one image have in common; word : that tells the kind, or ''."""

    field: str
    kind: Kind
    word: str


def base_name(path: Path) -> str:
    """File name without its FITS suffix."""
    name = Path(path).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def product_name(path: Path) -> ProductName:
    """The last words of a name tell what it is; a name without any is an image.

    >>> product_name(Path("uid___A1.spw25.cube.I.pbcor.fits"))
    ProductName(field='uid___A1.spw25.cube.I', kind=<Kind.CORRECTED: ...>, word='pbcor')
    """
    name, term = base_name(path), ""
    if ends := TERM.match(name):
        name, term = ends["left"], ends["term"]
    kind, word = Kind.IMAGE, ""
    while (last := LAST_WORD.match(name)) and last["word"].lower() in KIND_OF_WORD:
        said = last["word"].lower()
        if not word or kind is Kind.IMAGE:
            kind, word = KIND_OF_WORD[said], said
        name = last["left"]
    return ProductName(name + term, kind, word)


def is_continuum(path: Path) -> bool:
    """Whether a name is that of an image of the continuum.

    >>> is_continuum(Path("uid___A1.spw25_27.cont.I.pbcor.fits"))
    True
    """
    return CONTINUUM.search(base_name(path)) is not None


def is_fits(path: Path) -> bool:
    """Whether a name ends as those of FITS files do."""
    return path.name.lower().endswith(SUFFIXES)


def is_image(path: Path) -> bool:
    """Whether there is a file with the name of a FITS file, or the folder of a CASA image."""
    return (is_fits(path) and path.is_file()) or is_casa_image(path)
