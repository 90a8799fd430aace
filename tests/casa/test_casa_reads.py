"""What we write, CASA opens without complaint, and reads from it what we meant.

CASA is no dependency: without it these tests are skipped (`casa_python`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from casa_python import casa_python, run_casa

from deepfocus.core.cube import Cube
from deepfocus.instrument.observation import Observation
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.inject import inject
from deepfocus.simulation.injected_files import write_injected
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.settings import Noise, SetSettings

READER = Path(__file__).with_name("read_in_casa.py")
CUBES = ("white", "natural", "pwv", "natural.injected")
NAMES = [f"{cube}{kind}.fits" for cube in CUBES for kind in ("", ".psf", ".pb")]
SETTINGS = SetSettings(observation=Observation(size=64, channels=8))


def in_casa(folder: Path, *paths: Path) -> dict[str, dict]:
    """What CASA reads from each file, by its path."""
    run_casa(READER, folder, folder / "read.json", *paths)
    return json.loads((folder / "read.json").read_text())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Cube]]:
    """The files by name, each with the cube that it is of."""
    casa_python()
    folder = tmp_path_factory.mktemp("written")
    noises = {"white": Noise(kind="white"), "natural": Noise(), "pwv": Noise(pwv=1 * u.mm)}
    cubes = {
        name: simulate(replace(SETTINGS, noise=noise), 7).cube for name, noise in noises.items()
    }
    paths = [
        path for name, cube in cubes.items() for path in write_cube(cube, folder / f"{name}.fits")
    ]
    original = read_cube(folder / "natural.fits")
    added = inject(original, Injection(number=2, snr=(200.0, 300.0)), 1)
    *injected, _ = write_injected(folder / "natural.fits", folder, added, seed=1)
    cubes["natural.injected"] = read_cube(injected[0])
    return {
        path.name: (path, cubes[path.name.split(".p")[0].removesuffix(".fits")])
        for path in [*paths, *injected]
    }


@pytest.fixture(scope="module")
def read(written: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("casa")
    found = in_casa(folder, *(path for path, _ in written.values()))
    return {Path(path).name: what for path, what in found.items()}


def planes(name: str, cube: Cube) -> tuple[np.ndarray, np.ndarray]:
    """Values (plane, y, x) of a product and the frequencies of its planes."""
    if ".p" not in name.removesuffix(".fits"):
        return cube.data, cube.grid.freq_hz
    values = cube.psf if name.endswith(".psf.fits") else cube.primary_beam
    assert values is not None
    assert cube.psf_channels is not None
    return values, cube.grid.frequency_at(cube.psf_channels)


@pytest.mark.parametrize("name", NAMES)
def test_casa_reads_what_was_written(name: str, written: dict, read: dict) -> None:
    _, cube = written[name]
    casa = read[name]
    values, _ = planes(name, cube)
    assert casa["complaints"] == []
    assert casa["names"] == ["Right Ascension", "Declination", "Frequency", "Stokes"]
    shape = [*values.shape[::-1], 1]
    assert casa["shape"] == casa["summary_shape"] == shape
    unit = "Jy/beam" if values is cube.data else ""
    assert casa["unit"] == casa["summary_unit"] == unit
    assert cube.beam is not None
    beam = [cube.beam.major_arcsec, cube.beam.minor_arcsec, cube.beam.pa_deg]
    assert casa["beam_arcsec_deg"] == pytest.approx(beam, rel=1e-12)
    assert casa["rest_hz"] == casa["listed_restfreq"] == [cube.grid.rest_hz]
    assert casa["frames"] == ["ICRS", "LSRK"]
    assert casa["projection"] == "SIN"


@pytest.mark.parametrize("name", NAMES)
def test_casa_finds_everything_where_it_is(name: str, written: dict, read: dict) -> None:
    _, cube = written[name]
    casa = read[name]
    values, freq_hz = planes(name, cube)
    wcs = cube.grid.sky.wcs
    # a dirty beam is twice as wide, its centre in the middle
    middle = np.array(values.shape[:0:-1]) // 2 - np.array([cube.grid.nx, cube.grid.ny]) // 2
    assert casa["reference_px"][:2] == list(wcs.crpix - 1 + middle)
    turns = np.array(casa["reference_rad"]) - np.deg2rad(wcs.crval)
    # right ascension may come with a turn more; a card has 14 digits
    assert np.abs((turns + np.pi) % (2 * np.pi) - np.pi).max() < 1e-12
    assert casa["first_hz"] == pytest.approx(freq_hz[0], rel=1e-14)
    last = casa["first_hz"] + casa["step_hz"] * (len(freq_hz) - 1)
    assert last == pytest.approx(freq_hz[-1], rel=1e-14)
    stokes, *where = casa["brightest_px"][::-1]
    assert stokes == 0
    assert casa["brightest"] == [pytest.approx(float(np.nanmax(values)), rel=1e-7)]
    assert values[tuple(where)] == np.nanmax(values)  # a beam has its peak in every plane


@pytest.mark.parametrize("name", ["NGC4324", "Orion.methanol.cbc.contsub.image"])
def test_an_injected_real_cube_is_as_good_as_the_original(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    casa_python()
    path = shared_data / "data" / "real" / f"{name}.fits"
    if not path.exists():
        pytest.skip(f"no real cube {path.name} in the folder 'shared'")
    added = inject(read_cube(path), Injection(number=2), 1)
    injected, *_ = write_injected(path, tmp_path, added, seed=1)
    before, after = in_casa(tmp_path, path, injected).values()
    same = set(before) - {"brightest", "brightest_px", "complaints"}
    assert {key: before[key] for key in same} == {key: after[key] for key in same}
    assert len(after["complaints"]) == len(before["complaints"])
