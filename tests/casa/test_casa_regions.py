"""CASA measures in our regions where the sources are: place, size, angle and channels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from casa_python import run_casa

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.write_cube import write_cube

READER = Path(__file__).with_name("regions_in_casa.py")
ANGLES = (10.0, 60.0, 100.0, 155.0)


def test_casa_measures_where_the_sources_are(tmp_path: Path) -> None:
    grid = tangent_grid(
        ra_deg=40, dec_deg=-30, size=200, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(40)
    )
    write_cube(Cube(np.zeros(grid.shape, np.float32), grid, beam=Beam(0.5, 0.5, 0.0)),
               tmp_path / "sky.fits")  # fmt: skip
    n = len(ANGLES)
    x, y, channel = 40 + 35.0 * np.arange(n), 60 + 30.0 * np.arange(n), 8.0 + 6 * np.arange(n)
    sky = grid.sky_at(x, y)
    longer, shorter = np.full(n, 4.0), np.full(n, 2.0)
    along = np.array(ANGLES) < 90
    rows = catalogue(
        x=x, y=y, ra=sky.ra.deg, dec=sky.dec.deg, channel=channel, pa=ANGLES,
        fwhm_x=np.where(along, longer, shorter), fwhm_y=np.where(along, shorter, longer),
        frequency=grid.frequency_at(channel), line_fwhm=grid.width_kms(4.0, channel),
        flag=[0, 0, 0, 1],
    )  # fmt: skip
    path = write_catalogue(rows, tmp_path / "found.crtf")
    run_casa(READER, tmp_path, tmp_path / "read.json", tmp_path / "sky.fits", path)
    (read,) = json.loads((tmp_path / "read.json").read_text()).values()
    assert read[-1] == {}, "of a rejected candidate nothing is measured"
    for i, region in enumerate(read[:-1]):
        # of whole pixels
        assert np.allclose(region["mean"][:2], [x[i], y[i]], atol=0.2)
        variances, vectors = np.linalg.eigh(region["cov"])
        # a full ellipse of semi-axis a has a variance of a^2 / 4
        assert np.allclose(2 * np.sqrt(variances), [10.0, 20.0], rtol=0.03)
        dx, dy = vectors[:, 1]
        turned = np.rad2deg(np.arctan2(-dx, dy)) - ANGLES[i]
        assert abs((turned + 90) % 180 - 90) < 1.0
        assert region["channels"] == [channel[i] - 4, channel[i] + 4]
