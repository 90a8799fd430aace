"""What CASA makes of region files; run by CASA's Python in an empty folder.

    python regions_in_casa.py OUT.json IMAGE.fits REGIONS.crtf ...

Of each file, which voxels lie in each of its regions: their mean and second moments, in pixels and
channels. Annotations have none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from casatasks import importfits
from casatools import image, regionmanager


def regions_of(path: str, ia: Any) -> list[dict[str, Any]]:
    rg = regionmanager()
    axes, shape = ia.coordsys(), ia.shape()
    first, *lines = Path(path).read_text().splitlines()
    found = []
    for line in lines:
        if line.startswith("ann "):
            found.append({})
            continue
        Path("one.crtf").write_text(f"{first}\n{line}\n")
        region = rg.fromtextfile("one.crtf", shape, axes.torecord())
        mask = ia.getregion(region=region, getmask=True, dropdeg=True)
        box = ia.boundingbox(region)["blc"][:3]
        at = np.argwhere(mask) + box
        found.append({"mean": at.mean(axis=0).tolist(), "cov": np.cov(at[:, :2].T).tolist(),
                      "channels": [int(at[:, 2].min()), int(at[:, 2].max())]})  # fmt: skip
    return found


def main(out: str, fits: str, *paths: str) -> None:
    importfits(fitsimage=fits, imagename="image.im")
    ia = image()
    ia.open("image.im")
    read = {path: regions_of(path, ia) for path in paths}
    ia.done()
    Path(out).write_text(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
