"""Cubes, truth and data sets: physics, seeds, resumption."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.observation import Observation
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.jobs.workers import Processes
from deepfocus.simulation.cube import integrated_image, observe, simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.sets import load_set, paper_settings
from deepfocus.simulation.settings import Noise, Seeds, SetSettings
from deepfocus.sky.population import PaperPopulation

SMALL = SetSettings(
    observation=Observation(size=128, channels=32),
    population=PaperPopulation(offset_px=(-30.0, 30.0)),
    noise=Noise(kind="white", target_snr=(10.0, 100.0)),
)
REPOSITORY = Path(__file__).parents[2]


def test_the_same_seed_gives_the_same_cube_and_another_does_not() -> None:
    one, again, other = (simulate(SMALL, seed).cube.data for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_noise_has_the_level_that_gives_the_target_snr() -> None:
    made = simulate(SMALL, 7)
    noise = made.cube.data - made.noise_free
    assert made.cube.noise.level_jy_beam is not None
    # half a million independent voxels: 0.1%; allow five of it
    assert noise.std() == pytest.approx(made.cube.noise.level_jy_beam, rel=5e-3)
    snr = [observe(SMALL, s).peaks[0] / observe(SMALL, s).noise.level_jy_beam for s in range(30)]
    assert 10 <= min(snr) < 20
    assert 50 < max(snr) <= 100


@pytest.mark.parametrize("kind", ["white", "thermal"])
def test_the_integrated_image_is_the_sum_of_the_cube(kind: str) -> None:
    """Exact but for its noise, which here is a millionth of the source."""
    quiet = replace(SMALL, noise=Noise(kind=kind, target_snr=(1e6, 1e6)))
    image, _ = integrated_image(quiet, 7)
    summed = simulate(quiet, 7).cube.data.sum(axis=0)
    np.testing.assert_allclose(image, summed, atol=1e-4 * summed.max())


def test_truth_states_the_flux_that_the_sky_has() -> None:
    made = simulate(SMALL, 7)
    grid = made.cube.grid
    for i, component in enumerate(made.sky.components):
        line = component.spectrum(grid) - component.continuum(grid)
        kms = grid.width_kms(1.0, made.truth["channel"][i])
        flux = component.image((128, 128)).sum() * line.sum() * kms
        if 8 < made.truth["channel"][i] < 24:  # else the band cuts the line
            # the continuum's slope across the line, and the image's edge
            assert made.truth["line_flux"][i] == pytest.approx(flux, rel=0.01)


def test_truth_peak_is_the_brightest_voxel_of_a_lone_source() -> None:
    lone = replace(
        SMALL, population=PaperPopulation(companions=(0, 0)), noise=Noise("white", (1e5, 1e5))
    )
    made = simulate(lone, 3)
    assert made.truth["peak"][0] * 1e-3 == pytest.approx(made.cube.data.max(), rel=1e-3)
    assert len(made.truth) == 1


def test_a_set_resumes_and_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    seeds = [11, 12, 13]
    FitsSet(SMALL, tmp_path / "a").write(seeds[:1])
    before = (tmp_path / "a" / "11.fits").stat().st_mtime_ns
    (tmp_path / "a" / "12.fits").write_bytes(b"half a file")  # no truth beside it: not finished
    FitsSet(SMALL, tmp_path / "a").write(seeds)
    FitsSet(SMALL, tmp_path / "b").write(seeds, workers=Processes(2))
    assert (tmp_path / "a" / "11.fits").stat().st_mtime_ns == before
    for seed in seeds:
        ours = (tmp_path / "a" / f"{seed}.fits").read_bytes()
        assert ours == (tmp_path / "b" / f"{seed}.fits").read_bytes()
    cube = read_cube(tmp_path / "a" / "12.fits")
    np.testing.assert_array_equal(cube.data, simulate(SMALL, 12).cube.data)
    assert cube.psf is not None
    assert cube.primary_beam is not None
    assert len(read_catalogue(tmp_path / "a" / "12.truth.ecsv")) == len(simulate(SMALL, 12).truth)


def test_shipped_sets_go_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_set(Path("paper")) == paper_settings()
    (tmp_path / "wide").write_text("[observation]\nsize = 64\n")  # a file of one's own comes first
    assert load_set(Path("wide")).observation.size == 64
    with pytest.raises(DeepFocusError, match="other"):
        load_set(Path("other"))


def test_what_killed_writers_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    for name, age_s in ((".11.fits.abc.fits", 7200), (".12.fits.abc.fits", 60), (".mine", 7200)):
        path = tmp_path / name
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age_s,) * 2)
    FitsSet(SMALL, tmp_path).write([11])
    hidden = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert hidden == {".12.fits.abc.fits", ".mine"}


def test_check_makes_cubes_anew_and_sees_a_changed_byte(tmp_path: Path) -> None:
    FitsSet(SMALL, tmp_path).write([11, 12])
    assert FitsSet(SMALL, tmp_path).check([11, 12]) == []
    cube = tmp_path / "12.fits"
    data = bytearray(cube.read_bytes())
    data[-4000] ^= 1
    cube.write_bytes(data)
    assert FitsSet(SMALL, tmp_path).check([11, 12]) == [12]
    with pytest.raises(DeepFocusError, match="no finished cube of seed 13"):
        FitsSet(SMALL, tmp_path).check([13])


def test_a_folder_with_another_set_is_refused(tmp_path: Path) -> None:
    FitsSet(SMALL, tmp_path).write([11])
    with pytest.raises(DeepFocusError, match="other settings"):
        FitsSet(replace(SMALL, noise=Noise()), tmp_path).write([11])


def test_the_benchmark_is_the_shipped_set() -> None:
    assert load_set(REPOSITORY / "benchmarks" / "paper.toml") == paper_settings()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Seeds(train=(0, 10), test=(5, 10)),
        lambda: Noise(kind="pink"),
        lambda: Noise(target_snr=(10.0, 1.0)),
        lambda: paper_settings().seeds("test", 10**9),
    ],
)
def test_settings_that_make_no_sense_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DeepFocusError):
        make()


def test_unknown_settings_are_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "set.toml"
    path.write_text('[observation]\nconfigurtion = "C-3"\n')
    with pytest.raises(DeepFocusError, match="did you mean 'configuration'"):
        load_set(path)
