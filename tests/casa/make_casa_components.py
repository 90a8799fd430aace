"""Makes tests/io/casa_components.tar.gz, component lists as CASA writes them; run by CASA's Python.

python make_casa_components.py OUT.tar.gz
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from pathlib import Path

from casatools import componentlist


def main(out: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        components(str(Path(folder) / "components.cl"))
        with tarfile.open(out, "w:gz") as archive:
            archive.add(Path(folder) / "components.cl", "components.cl")


def components(path: str) -> None:
    """Gaussians in two quadrants, a point, a disc; frames and units that CASA offers."""
    cl = componentlist()
    size = {"majoraxis": "2arcsec", "minoraxis": "1arcsec"}
    at = {"shape": "Gaussian", "freq": ["LSRK", "230.41GHz"]}
    cl.addcomponent(
        dir="ICRS 10h00m00.12s -30d00m02.5s",
        flux=1.5,
        positionangle="30deg",
        label="one",
        **size,
        **at,
    )
    cl.addcomponent(
        dir="J2000 09h59m59.87s -29d59m57.3s",
        flux=[250.0, 0, 0, 0],
        fluxunit="mJy",
        positionangle="130deg",
        **size,
        **at,
    )
    cl.addcomponent(
        dir="GALACTIC 263.9deg 19.7deg",
        flux=[0.3, 0.1, 0, 0],
        shape="point",
        freq=["LSRK", "231.026GHz"],
        spectrumtype="spectral index",
        index=-0.7,
    )
    cl.addcomponent(
        dir="ICRS 10h00m00.12s -30d00m02.5s",
        flux=0.5,
        shape="disk",
        freq=["LSRK", "230.41GHz"],
        positionangle="10deg",
        **size,
    )
    cl.rename(path)
    cl.done()


main(sys.argv[1])
