"""Shipped networks on real cubes from other telescopes and at other scales: sane, with warnings."""

from pathlib import Path

import numpy as np
import pytest

from deepfocus.finders.slim.finder import Slim
from deepfocus.io.fits_cube import read_cube
from deepfocus.ops.integrate import integrate

SCALE = "so that the beam has as many as the networks know"

CUBES = {
    "admit_mom_integ_test_input.fits": ("cleaned", SCALE),  # ALMA NGC 3256 CO
    "Orion.methanol.cbc.contsub.image.fits": ("cleaned", SCALE, "resolved"),  # ALMA
    "UGC_1281_Original.fits": ("cleaned", SCALE, "resolved"),  # WSRT H I
}


@pytest.mark.parametrize("name", CUBES)
def test_the_brightest_source_lies_on_the_emission(shared_data: Path, name: str) -> None:
    cube = read_cube(shared_data / "data" / "real" / name)
    detection = Slim().ready().find(cube)
    found = detection.catalogue.accepted
    brightest = int(np.argmax(found["line_flux"]))
    moment_0 = integrate(cube.data)
    y, x = round(found["y"][brightest]), round(found["x"][brightest])
    # resolved objects have several maxima of nearly the same height
    assert moment_0[y, x] > 0.9 * np.nanmax(moment_0)
    for word in CUBES[name]:
        assert any(word in note for note in detection.notes), word
