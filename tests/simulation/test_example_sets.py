"""Every settings file in examples/ that is a set: it loads, simulates, and keeps its promise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.channels import ChannelRange
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import coverage, track_times
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.ops.boxes import Box, blendness
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import load_set
from deepfocus.simulation.settings import SetSettings
from deepfocus.sky.components import Component
from deepfocus.sky.disc import Disc
from deepfocus.sky.point import Point

EXAMPLES = Path(__file__).parents[2] / "examples"
SETS = sorted(
    path for path in EXAMPLES.glob("*.toml") if "\n[observation]\n" in path.read_text("utf-8")
)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in the files count from the repository, where their users start the command."""
    monkeypatch.chdir(EXAMPLES.parent)


def small(name: str, *, size: int | None = 128, channels: int = 32) -> SetSettings:
    """The set with a smaller image and fewer channels."""
    settings = load_set(EXAMPLES / f"{name}.toml")
    return replace(
        settings,
        observation=replace(
            settings.observation, size=size or settings.observation.size, channels=channels
        ),
    )


def a_source(made: Simulated, index: int = 0) -> tuple[Catalogue, np.ndarray]:
    """The truth of one source's lines, and the spectrum of its central pixel without noise."""
    x, y = made.sky.components[index].x, made.sky.components[index].y
    near = np.hypot(made.truth["x"] - x, made.truth["y"] - y) < 1e-6
    return made.truth[near], made.noise_free[:, round(y), round(x)]


def deep_field() -> None:
    """Fluxes within the limits of the counts, noise of the array whatever the sky."""
    settings = small("deep_field")
    made, other = simulate(settings, 1), simulate(settings, 2)
    assert len(made.truth) != len(other.truth)
    flux = np.abs(np.concatenate([made.truth["line_flux"], other.truth["line_flux"]]))
    # the flux of a line follows its continuum, whose slope within the band is under 1%
    assert np.all((flux > 0.099) & (flux < 10.1))
    rms = thermal_rms_jy_beam(
        coverage(settings.observation), telescope_of(settings.observation), 0.8
    )
    assert made.cube.noise.level_jy_beam == other.cube.noise.level_jy_beam
    assert made.cube.noise.level_jy_beam == pytest.approx(np.sqrt(np.mean(rms**2)))
    assert 4.8 < made.cube.beam.minor_arcsec / made.cube.grid.cell_arcsec < 5.7


def mixed_sources() -> None:
    """All kinds of source and line appear in a few skies, and so does no source."""
    settings = small("mixed_sources")
    grid = telescope_of(settings.observation).grid
    skies = [settings.population.draw(grid, np.random.default_rng(seed)) for seed in range(25)]
    sources = [source for sky in skies for source in sky.components]
    lines = [line for source in sources for line in source.line_truths(grid)]
    assert {type(source) for source in sources} == {Component, Point, Disc}
    assert min(len(sky.components) for sky in skies) == 0
    assert any(line.flux_jy_kms < 0 for line in lines)
    assert any(not 0 <= line.channel <= len(grid.freq_hz) - 1 for line in lines)
    assert len(lines) > len(sources)
    assert settings.observation.robust == 0.5
    assert len(simulate(settings, 1).truth) > 0


def source_free() -> None:
    """An empty truth with every column, and noise alone, of the array's rms."""
    settings = small("source_free")
    made = simulate(settings, 1)
    assert len(made.truth) == 0
    assert made.truth.table.colnames == catalogue_of_rows([]).table.colnames
    assert not made.noise_free.any()
    # 32 planes of some 200 beams: 0.9%, and up to four of it
    assert made.cube.data.std() == pytest.approx(made.cube.noise.level_jy_beam, rel=0.04)
    assert made.cube.noise.power.name == "thermal"


def blends() -> None:
    """Blendness by Eq 22 over all boxes, and the overlap of lines, are those asked for."""
    settings = small("blends", size=192, channels=64)
    asked = settings.population
    for seed in (1, 2):
        truth = simulate(settings, seed).truth
        assert len(truth) in (4, 6, 8)
        boxes = [
            Box(*edges)
            for edges in zip(
                *(truth[f"box_{end}"] for end in ("x0", "x1", "y0", "y1")), strict=True
            )
        ]
        scores = blendness(boxes)
        assert np.all((scores > asked.blendness[0] - 1e-6) & (scores < asked.blendness[1] + 1e-6))
        # the partner of a source is the one whose box has its blendness
        for i, box in enumerate(boxes):
            partner = next(j for j in range(len(boxes)) if j != i and scores[j] == scores[i])
            mine, theirs = (
                ChannelRange(truth["channel_lo"][k], truth["channel_hi"][k]) for k in (i, partner)
            )
            overlap = mine.iou(theirs)
            assert asked.line_overlap[0] - 1e-6 <= overlap <= asked.line_overlap[1] + 1e-6
            assert box.area > 0


def rotating_discs() -> None:
    """Two horns, as far apart as the line is wide, and the two halves of the disc move apart."""
    settings = small("rotating_discs", size=192, channels=128)
    settings = replace(settings, population=replace(settings.population, sources=(1, 1)))
    made = simulate(settings, 1)
    (disc,), (row,) = made.sky.components, made.truth.rows
    assert isinstance(disc, Disc)
    assert disc.turnover_px < 0.5 * disc.scale_px  # curves that rise slowly make one peak
    spectrum = disc.spectrum(made.cube.grid)
    horns = np.flatnonzero((spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])) + 1
    assert len(horns) == 2
    assert horns.mean() == pytest.approx(row["channel"], abs=1.0)
    # between half of and the whole width: the horns lie within the half maximum
    assert 0.5 < np.diff(horns)[0] / row["line_fwhm_chan"] < 1.0
    y, x = np.indices(made.noise_free.shape[1:])
    angle = np.deg2rad(disc.pa_receding)
    along = -(x - disc.x) * np.sin(angle) + (y - disc.y) * np.cos(angle)
    low, high = (made.noise_free[horn] for horn in horns)
    # channels count upwards in frequency: the receding half is in the lower ones
    brightest = [float(along.flat[plane.argmax()]) for plane in (low, high)]
    assert brightest[0] > 2 > -2 > brightest[1]


def absorption() -> None:
    """Negative line fluxes, a positive continuum, and a dip of the stated depth in the cube."""
    settings = small("absorption", channels=64)
    made = simulate(settings, 1)
    assert len(made.truth) > 0
    assert np.all(made.truth["line_flux"] < 0)
    assert np.all(made.truth["snr_peak"] < 0)
    assert np.all(made.truth["continuum"] > 0)
    alone = replace(settings.population, sources=(1, 1), lines=(1, 1))
    lone = simulate(replace(settings, population=alone), 1)
    rows, spectrum = a_source(lone)
    (source,) = lone.sky.components
    at = round(float(rows["channel"][0]))
    (line,) = source.lines
    depth = 1 - spectrum[at] / np.median(spectrum)
    # the continuum's slope is under 0.5% in this band
    assert depth == pytest.approx(-line.profile(64)[at], abs=0.02)
    assert depth > 0.1


def line_survey() -> None:
    """Two or more lines a source, some beyond the band, in a beam of about 3 arcsec."""
    settings = small("line_survey", size=None, channels=64)  # uniform weights follow the size
    seen = telescope_of(settings.observation)
    assert seen.beam.major_arcsec == pytest.approx(3.0, abs=0.4)
    assert seen.beam.minor_arcsec == pytest.approx(3.0, abs=0.4)
    skies = [settings.population.draw(seen.grid, np.random.default_rng(seed)) for seed in range(10)]
    lines = [source.line_truths(seen.grid) for sky in skies for source in sky.components]
    assert min(map(len, lines)) >= 2
    assert any(not 0 <= line.channel <= 63 for of_one in lines for line in of_one)
    made = simulate(settings, 1)
    assert len(made.truth) >= 2 * len(made.sky.components)


def aca() -> None:
    """Ten 7 m dishes, a field wider than a 12 m dish's, an image that covers it to 0.2."""
    settings = small("aca", size=None, channels=4)
    seen = telescope_of(settings.observation)
    assert len(antennas("ACA")) == 10
    assert len(seen.uv_m) == 45 * len(track_times(settings.observation))
    edge = seen.primary_beam[0, seen.size // 2, [0, -1]]
    assert np.all((edge > 0.08) & (edge < 0.2))
    # a 12 m dish at 345 GHz is down to 0.2 at 26 arcsec across; 7 m see 1.7 times as far
    assert seen.size * seen.grid.cell_arcsec > 35
    made = simulate(settings, 1)
    rms = thermal_rms_jy_beam(coverage(settings.observation), seen, 0.6)
    assert made.cube.noise.level_jy_beam == pytest.approx(np.sqrt(np.mean(rms**2)))


def long_baselines() -> None:
    """A beam of under 0.06 arcsec on five cells."""
    seen = telescope_of(small("long_baselines", channels=2).observation)
    assert seen.beam.major_arcsec < 0.06
    assert 4.5 < seen.beam.minor_arcsec / seen.grid.cell_arcsec < 5.7
    assert len(simulate(small("long_baselines", channels=8), 1).truth) > 0


def own_array() -> None:
    """The sixteen dishes of the file beside it are those that observe."""
    settings = small("own_array", channels=8)
    seen = telescope_of(settings.observation)
    assert len(seen.uv_m) == 16 * 15 / 2 * len(track_times(settings.observation))
    made = simulate(settings, 1)
    snr = made.truth["snr_peak"].max()
    assert 0 < snr < 101


def arrays_together() -> None:
    """Two kinds of dish, of which the smaller have the shorter baselines and the larger beam."""
    settings = small("arrays_together", size=None, channels=4)
    seen = telescope_of(settings.observation)
    large, seven = seen.fields
    assert np.hypot(*seen.uv_m[seven.rows].T).min() < np.hypot(*seen.uv_m[large.rows].T).min()
    assert seven.primary_beam.mean() > large.primary_beam.mean()
    made = simulate(settings, 1)
    rms = thermal_rms_jy_beam(coverage(settings.observation), seen, 1.0)
    assert made.cube.noise.level_jy_beam == pytest.approx(np.sqrt(np.mean(rms**2)))
    assert np.nanmax(made.truth["ideal_snr"]) == pytest.approx(50, abs=30)


def total_power() -> None:
    """The beam of all three has an integral; that of the arrays alone has next to none."""
    settings = small("total_power", size=None, channels=4)
    observation = settings.observation
    cell = telescope_of(observation).grid.cell_arcsec * u.arcsec
    arrays = replace(observation, total_power=None, cell=cell)
    seen, without = telescope_of(observation), telescope_of(arrays)
    middle = np.indices(seen.dirty_beam[0].shape) - seen.size
    window = np.exp(-((np.hypot(*middle) / (0.3 * seen.size)) ** 2))
    with_map, of_arrays = ((one.dirty_beam[0] * window).sum() for one in (seen, without))
    assert with_map > 3 * abs(of_arrays)
    made = simulate(settings, 1)
    assert np.all(made.truth["ideal_snr"] < 301)


def mosaic() -> None:
    """Seven pointings, a wide field, flat noise."""
    settings = small("mosaic", size=None, channels=4)
    seen = telescope_of(settings.observation)
    assert len(seen.fields) == 7
    assert seen.noise_pattern is None
    one = telescope_of(replace(settings.observation, mosaic=None))
    half = [
        np.sqrt(np.mean(each.primary_beam[0] > 0.5)) * each.size * each.grid.cell_arcsec
        for each in (seen, one)
    ]
    assert 1.6 < half[0] / half[1] < 2.2
    made = simulate(settings, 1)
    assert np.all(made.truth["primary_beam"] > 0)


PROMISES: dict[str, Callable[[], None]] = {
    check.__name__: check
    for check in (
        absorption,
        aca,
        arrays_together,
        blends,
        deep_field,
        line_survey,
        long_baselines,
        mixed_sources,
        mosaic,
        own_array,
        rotating_discs,
        source_free,
        total_power,
    )
}


def test_each_set_has_a_promise_and_a_line_in_the_list_of_them() -> None:
    assert [path.stem for path in SETS] == sorted(PROMISES)
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    for path in SETS:
        assert f"[{path.name}]({path.name})" in listed


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_set_keeps_its_promise(path: Path) -> None:
    settings = load_set(path)
    assert settings_from(settings_to(settings), SetSettings) == settings
    assert all(settings.seeds(split, 100) for split in ("train", "validation", "test"))
    PROMISES[path.stem]()
