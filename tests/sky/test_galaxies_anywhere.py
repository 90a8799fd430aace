"""The population of real galaxies: what is drawn, what a set of them contains, its own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.dataset import provenance_of
from deepfocus.simulation.settings import SetSettings
from deepfocus.sky.disc import Disc
from deepfocus.sky.galaxies_anywhere import GalaxiesAnywhere
from deepfocus.sky.template_files import template_of
from deepfocus.sky.template_source import TemplateSource

GRID = tangent_grid(
    ra_deg=60.0, dec_deg=-35.0, size=128, cell_arcsec=0.1, freq_hz=229e9 + 1e7 * np.arange(64)
)
SET = {
    "observation": {
        "size": 128, "channels": 64, "total_time": "300 s", "channel_width": "10 MHz",
    },
    "population": {
        "kind": "galaxies", "sources": [1, 1], "fwhm_px": [14.0, 20.0], "field_fraction": 0.2,
        "line_fwhm_chan": [10.0, 14.0], "line_margin_chan": 28.0, "line_amplitude": [50.0, 60.0],
    },
    "noise": {"kind": "white", "target_snr": [20.0, 20.0]},
}  # fmt: skip


def test_galaxies_and_discs_are_drawn_in_their_shares() -> None:
    population = GalaxiesAnywhere(template_fraction=0.7, disc_fraction=1.0, sources=(3, 3))
    rng = np.random.default_rng(1)
    sources = [one for _ in range(70) for one in population.draw(GRID, rng).components]
    galaxies = [one for one in sources if isinstance(one, TemplateSource)]
    assert {type(one) for one in sources} == {TemplateSource, Disc}
    # binomial: 210 draws of 0.7, standard deviation 6.6
    assert len(galaxies) == pytest.approx(147, abs=20)
    assert {one.template.name for one in galaxies} == set(population.templates)
    assert all(population.fwhm_px[0] <= one.fwhm_px <= population.fwhm_px[1] for one in galaxies)
    assert max(one.pa for one in galaxies) > 180


def test_the_same_seed_gives_the_same_sky() -> None:
    population = GalaxiesAnywhere()
    one, other = (population.draw(GRID, np.random.default_rng(5)) for _ in range(2))
    assert one.components == other.components


def test_a_cube_and_its_truth_agree() -> None:
    settings = settings_from(SET, SetSettings)
    made = simulate(settings, 7)
    (galaxy,) = made.sky.components
    assert isinstance(galaxy, TemplateSource)
    assert made.truth["line_flux"][0] == galaxy.flux_jy_kms
    assert made.truth["line_fwhm_chan"][0] == galaxy.fwhm_chan
    assert made.truth["peak"][0] == pytest.approx(made.noise_free.max() * 1e3, rel=1e-4)
    assert made.truth["snr_peak"][0] == pytest.approx(20.0, rel=0.2)
    # the noise-free sky, whose sum is the visibility of the zero spacing, holds the flux: to 1e-3
    sky = np.einsum("pyx,pk->kyx", made.sky.images(), made.sky.spectra())
    line = sky.sum(axis=(1, 2)) - galaxy.continuum_jy
    flux = line.sum() * float(made.cube.grid.width_kms(1.0, galaxy.channel))
    assert flux == pytest.approx(galaxy.flux_jy_kms, rel=1e-3)


def test_settings_round_trip_and_name_the_content_of_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.fits"
    fits.writeto(path, template_of("G21").voxels)
    table = {**SET, "population": {**SET["population"], "templates": ["G14", str(path)]}}
    settings = settings_from(table, SetSettings)
    assert settings_from(settings_to(settings), SetSettings) == settings
    assert list(provenance_of(settings)["templates"]) == [str(path)]
    assert "templates" not in provenance_of(settings_from(SET, SetSettings))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"templates": ["G99"]}, "no template 'G99'"),
        ({"templates": []}, "at least one template"),
        ({"template_fraction": 1.5}, "a fraction from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], complaint: str) -> None:
    table = {**SET, "population": {**SET["population"], **changes}}
    with pytest.raises(DeepFocusError, match=complaint):
        settings_from(table, SetSettings)
