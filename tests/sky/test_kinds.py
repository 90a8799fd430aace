"""Populations beyond the paper's: counts, blends, empty skies, kinds of source, settings files."""

from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.channels import around
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.core.settings import load_settings, settings_from, settings_to
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.instrument.observation import Observation
from deepfocus.ops.boxes import blendness
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.blends import Blends, box_of
from deepfocus.sky.components import Component, EmissionLine
from deepfocus.sky.disc import Disc
from deepfocus.sky.number_counts import NumberCounts
from deepfocus.sky.point import Point
from deepfocus.sky.population import PaperPopulation

GRID = tangent_grid(
    ra_deg=60.0, dec_deg=-35.0, size=256, cell_arcsec=0.1, freq_hz=229.36e9 + 1e7 * np.arange(128)
)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_number_counts_have_their_slope() -> None:
    """Maximum-likelihood slope of 20,000 fluxes; its error is about (slope - 1) / sqrt(n)."""
    for slope in (1.7, 2.5):
        counts = NumberCounts(slope=slope, flux_jy_kms=(0.1, 1e4))
        generator = rng(1)
        flux = np.array([counts.draw_flux(generator) for _ in range(20_000)])
        assert flux.min() >= 0.1
        measured = 1 + 1 / np.mean(np.log(flux / 0.1))
        assert measured == pytest.approx(slope, rel=0.02)


def test_number_counts_fill_the_field_with_their_density() -> None:
    counts = NumberCounts(per_arcmin2=100.0)
    skies = [counts.draw(GRID, rng(seed)) for seed in range(60)]
    numbers = [len(sky.components) for sky in skies]
    mean = 100.0 * counts.field_arcmin2(GRID)
    assert counts.field_arcmin2(GRID) == pytest.approx((0.6 * 25.6 / 60) ** 2)
    assert np.mean(numbers) == pytest.approx(mean, abs=4 * np.sqrt(mean / 60))
    half = 0.3 * 256
    for sky in skies:
        assert all(abs(c.x - 128) <= half and abs(c.y - 128) <= half for c in sky.components)


def test_each_kind_of_source_has_the_flux_that_was_drawn() -> None:
    population = SourcesAnywhere()
    for source in (
        population.gaussian(GRID, rng(2), 1.5),
        population.point(GRID, rng(3), 1.5),
        population.disc(GRID, rng(4), 1.5),
    ):
        (truth,) = source.line_truths(GRID)
        # the continuum's slope within a channel
        assert truth.flux_jy_kms == pytest.approx(1.5, rel=1e-3)


@pytest.mark.parametrize("fwhm_px", [0.6, 0.9, 1.5, 2.1])
def test_of_a_narrow_source_the_flux_is_that_of_its_pixels(fwhm_px: float) -> None:
    """Those of a Gaussian of 0.6 pixels add up to 0.4 to 2.5 of its integral."""
    line = EmissionLine(1.0, 60.0, 8.0)
    for x in (40.0, 40.5, 40.3):
        source = Component(
            x, 60.2, 3.0, fwhm_px, 20.0, peak_jy_px=1e-3, spectral_index=0.0, lines=(line,)
        )
        (truth,) = source.line_truths(GRID)
        pixels = float(source.image((GRID.ny, GRID.nx)).sum(dtype=float))
        kms = float(GRID.width_kms(8.0, 60.0)) * GAUSSIAN_AREA
        assert truth.flux_jy_kms == pytest.approx(1e-3 * pixels * kms, rel=1e-5)


def test_blends_reach_their_overlaps() -> None:
    population = Blends(blendness=(0.35, 0.35), line_overlap=(0.4, 0.4), pairs=(2, 2))
    for seed in range(10):
        sky = population.draw(GRID, rng(seed))
        boxes = [box_of(source) for source in sky.components]
        # Eq 22 over all sources: no other pair interferes
        np.testing.assert_allclose(blendness(boxes), 0.35, atol=1e-6)
        first, second = population.pair(GRID, rng(seed))
        a, b = first.lines[0], second.lines[0]
        overlap = around(a.channel, a.fwhm_chan).iou(around(b.channel, b.fwhm_chan))
        assert overlap == pytest.approx(0.4, abs=1e-6)
        assert 0 <= b.channel <= 127


def test_blends_without_room_are_an_error() -> None:
    with pytest.raises(DeepFocusError, match="no room"):
        Blends(pairs=(30, 30), field_fraction=0.1).draw(GRID, rng(0))


def test_skies_without_sources_keep_a_reference() -> None:
    sky = SourcesAnywhere(sources=(0, 0)).draw(GRID, rng(0))
    assert sky.components == ()
    assert sky.images().shape == (0, 256, 256)
    assert sky.spectra().shape == (0, 128)
    assert len(sky.first_parts) == 0
    assert len(sky.for_noise().components) == 1
    numbers = {
        len(SourcesAnywhere(sources=(0, 2)).draw(GRID, rng(s)).components) for s in range(30)
    }
    assert numbers == {0, 1, 2}


def test_mixed_skies_with_several_lines() -> None:
    population = SourcesAnywhere(
        sources=(12, 12),
        point_fraction=0.3,
        disc_fraction=0.3,
        lines=(1, 3),
        absorption_fraction=0.3,
        fwhm_px=(4.0, 10.0),
    )
    sky = population.draw(GRID, rng(5))
    assert {type(source) for source in sky.components} == {Component, Point, Disc}
    truths = [source.line_truths(GRID) for source in sky.components]
    assert {len(lines) for lines in truths} == {1, 2, 3}
    assert any(line.flux_jy_kms < 0 for lines in truths for line in lines)
    brightest = [max(abs(line.flux_jy_kms) for line in lines) for lines in truths]
    assert brightest == sorted(brightest, reverse=True)
    # absorption never takes more than there is
    for i in range(len(sky.components)):
        own = sky.source_of_part == i
        total = sky.images()[own].sum(axis=(1, 2)) @ sky.spectra()[own]
        assert total.min() > -1e-9 * total.max()


@pytest.mark.parametrize("kind", [{"disc_fraction": 1.0}, {"point_fraction": 1.0}])
def test_truth_of_a_lone_source_in_its_cube(kind: dict[str, float]) -> None:
    """The truth's peak is the cube's, whatever the number of parts; noise is 1e-4 of it."""
    settings = SetSettings(
        observation=Observation(size=128, channels=64),
        population=SourcesAnywhere(sources=(1, 1), **kind),  # type: ignore[arg-type]
        noise=Noise(kind="white", target_snr=(1e4, 1e4)),
    )
    made = simulate(settings, 1)
    assert len(made.truth) == 1
    assert made.truth["peak"][0] == pytest.approx(made.cube.data.max() * 1e3, rel=1e-3)
    assert 0.5e4 < made.truth["snr_peak"][0] < 1e4
    assert made.truth["box_x1"][0] - made.truth["box_x0"][0] >= 0.999


def test_lines_at_the_edge_of_the_band() -> None:
    population = SourcesAnywhere(sources=(10, 10), edge_fraction=1.0)
    channels, inside = [], 0
    for seed in range(5):
        for source in population.draw(GRID, rng(seed)).components:
            (line,) = source.line_truths(GRID)
            assert min(abs(line.channel), abs(line.channel - 127)) <= line.fwhm_chan
            channels.append(line.channel)
            inside += 0 <= line.channel <= 127
    assert min(channels) < 0
    assert max(channels) > 127
    assert 10 < inside < 40


POPULATIONS = [
    PaperPopulation(companions=(1, 2)),
    SourcesAnywhere(sources=(0, 9), disc_fraction=0.5),
    NumberCounts(slope=1.8),
    Blends(blendness=(0.2, 0.2)),
]


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda p: p.kind)
def test_settings_return_from_their_tables(population) -> None:  # type: ignore[no-untyped-def]
    settings = SetSettings(population=population)
    table = settings_to(settings)
    assert settings_from(table, SetSettings) == settings
    # sets written before there were kinds have none
    assert ("kind" in table["population"]) == (population.kind != "paper")


def test_a_file_chooses_by_kind(tmp_path: Path) -> None:
    path = tmp_path / "set.toml"
    path.write_text('[population]\nkind = "number_counts"\nslope = 2.2\n')
    assert load_settings(path, SetSettings).population == NumberCounts(slope=2.2)
    path.write_text('[population]\nkind = "paper"\ncompanions = [0, 0]\n')
    assert load_settings(path, SetSettings).population == PaperPopulation(companions=(0, 0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "blend"', "did you mean 'blends'"),
        ('kind = "blends"\nblendnes = [0.1, 0.2]', "did you mean 'blendness'"),
        ("slope = 2.0", "unknown setting 'population.slope'"),
        ('kind = "blends"\nblendness = [0.1, 1.2]', "overlaps from 0 to 1"),
        ('kind = "corrected"\nfwhm_px = [9.0, 3.0]', "lower end first"),
        ('kind = "corrected"\npoint_fraction = 0.8\ndisc_fraction = 0.8', "at most 1"),
        ('kind = "corrected"\nsources = [-1, 3]', "0 sources or more"),
        ('kind = "corrected"\nfwhm_px = [0.3, 0.6]', "may lie between them"),
        ('kind = "corrected"\nline_fwhm_chan = [0.05, 0.06]', "do not add up to"),
        ("kind = 3", "unknown population.kind"),
    ],
)
def test_bad_populations_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "set.toml"
    path.write_text(f"[population]\n{text}\n")
    with pytest.raises(DeepFocusError, match=message):
        load_settings(path, SetSettings)
