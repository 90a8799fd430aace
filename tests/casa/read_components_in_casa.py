"""What CASA's component list tool makes of a list; run by CASA's Python.

python read_components_in_casa.py LIST.cl OUT.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from casatools import componentlist, quanta


def read(path: str) -> list[dict[str, Any]]:
    cl, qa = componentlist(), quanta()
    cl.open(path)
    found = []
    for number in range(cl.length()):
        component = cl.getcomponent(number)
        shape = component["shape"]
        direction = shape["direction"]
        spectrum = component["spectrum"]
        found.append({
            "type": shape["type"],
            "size": [qa.convert(shape[name], unit)["value"] for name, unit in
                     (("majoraxis", "arcsec"), ("minoraxis", "arcsec"), ("positionangle", "deg"))]
            if shape["type"] == "Gaussian" else [],
            "errors": [qa.convert(shape[name], unit)["value"] for name, unit in
                       (("majoraxiserror", "arcsec"), ("minoraxiserror", "arcsec"),
                        ("positionangleerror", "deg"))]
            if shape["type"] == "Gaussian" else [],
            "frame": direction["refer"],
            "place": [qa.convert(direction[name], "deg")["value"] for name in ("m0", "m1")],
            "place_error": [qa.convert(direction["error"][name], "deg")["value"]
                            for name in ("longitude", "latitude")],
            "flux": [float(value.real) for value in component["flux"]["value"]],
            "flux_error": [float(value.real) for value in component["flux"]["error"]],
            "unit": component["flux"]["unit"],
            "basis": component["flux"]["polarisation"],
            "spectrum": spectrum["type"],
            "frequency": qa.convert(spectrum["frequency"]["m0"], "Hz")["value"],
            "frequency_frame": spectrum["frequency"]["refer"],
            "label": component["label"],
        })  # fmt: skip
    cl.done()
    return found


Path(sys.argv[2]).write_text(json.dumps(read(sys.argv[1])))
