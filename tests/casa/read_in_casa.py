"""What CASA makes of FITS images; run by CASA's Python in an empty folder.

    python read_in_casa.py OUT.json IMAGE.fits ...

imhead of the file and of its import, imstat, and the image tool's coordinates. What CASA logs
from here on is kept with each file; what it logs on being imported is about its own set-up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from casatasks import casalog, imhead, importfits, imstat
from casatools import image, quanta


def as_read(path: str, log: Path) -> dict[str, Any]:
    casalog.setlogfile(str(log))
    summary = imhead(path, mode="summary")
    imported = f"{log.stem}.im"
    importfits(fitsimage=path, imagename=imported)
    listed = imhead(imported, mode="list")
    statistics = imstat(imported)
    ia = image()
    ia.open(imported)
    axes = ia.coordsys()
    reference = axes.referencepixel()["numeric"]
    world = axes.toworld(reference, "m")["measure"]
    corner = axes.toworld([0.0] * len(reference), "n")["numeric"]
    found = {
        "summary_shape": summary["shape"],
        "summary_unit": summary["unit"],
        "shape": ia.shape(),
        "names": axes.names(),
        "unit": ia.brightnessunit(),
        "beam_arcsec_deg": beam(ia.restoringbeam()),
        "rest_hz": axes.restfrequency()["value"],
        "frames": [axes.referencecode("direction")[0], axes.referencecode("spectral")[0]],
        "projection": axes.projection()["type"],
        "reference_px": reference,
        "reference_rad": [world["direction"][f"m{i}"]["value"] for i in (0, 1)],
        "first_hz": corner[axes.names().index("Frequency")],
        "step_hz": axes.increment("n")["numeric"][axes.names().index("Frequency")],
        "brightest_px": statistics["maxpos"],
        "brightest": statistics["max"],
        "listed_restfreq": listed["restfreq"],
    }
    ia.done()
    text = log.read_text() if log.exists() else ""
    bad = [line for line in text.splitlines() if "WARN" in line or "SEVERE" in line]
    return {name: plain(value) for name, value in found.items()} | {"complaints": bad}


def beam(found: dict[str, Any]) -> list[float]:
    qa = quanta()
    wanted = (("major", "arcsec"), ("minor", "arcsec"), ("positionangle", "deg"))
    return [qa.convert(found[name], unit)["value"] for name, unit in wanted]


def plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def main(out: str, *paths: str) -> None:
    read = {path: as_read(path, Path(f"{i}.log").absolute()) for i, path in enumerate(paths)}
    Path(out).write_text(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
