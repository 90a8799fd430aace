"""Regions: one for each source that is somewhere, and none with a number that is none."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.catalogue import catalogue
from deepfocus.io.regions import regions_text

WHOLE = {
    "ra": 10.0, "dec": -30.0, "x": 4.0, "y": 5.0, "pa": 20.0,
    "fwhm_x": 0.2, "fwhm_y": 0.1, "fwhm_x_px": 2.0, "fwhm_y_px": 1.0,
}  # fmt: skip
ON_SKY = 'ellipse(10.00000000,-30.00000000,0.1000",0.0500",110.00)'
ON_PIXELS = "image; ellipse(5.000,6.000,1.0000,0.5000,110.00)"


@pytest.mark.parametrize(
    ("unknown", "shape"),
    [
        ((), ON_SKY),
        (("x", "y"), ON_SKY),
        (("ra",), ON_PIXELS),
        (("ra", "dec", "fwhm_x"), ON_PIXELS),
        (("ra", "dec", "fwhm_x_px"), "image; point(5.000,6.000)"),
        (("fwhm_y",), "point(10.00000000,-30.00000000)"),
        (("pa",), "point(10.00000000,-30.00000000)"),
        (("dec", "x"), None),
        (("ra", "dec", "x", "y"), None),
    ],
)
@pytest.mark.parametrize("instead", [np.nan, np.inf])
def test_what_is_unknown_is_not_drawn(
    unknown: tuple[str, ...], shape: str | None, instead: float
) -> None:
    given = {**WHOLE, **dict.fromkeys(unknown, instead)}
    found = catalogue(id=[7], **{name: [value] for name, value in given.items()})
    regions = regions_text(found).splitlines()[3:]
    assert regions == ([] if shape is None else [f"{shape} # text={{7}} tag={{accepted}}"])
