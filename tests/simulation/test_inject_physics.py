"""Injected sources: what the telescope makes of them, flux, blanks, seeds, bad cubes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.core.node_weights import node_weights
from deepfocus.core.noise import DirtyBeam, noise_of_level
from deepfocus.core.orientation import plane_at
from deepfocus.core.settings import settings_from
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse, Source
from deepfocus.forward.noise import measured_level
from deepfocus.forward.response import beam_image, response_of
from deepfocus.instrument.telescope import telescope_of
from deepfocus.ops.ellipses import covariance_of
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.drawn_sources import line_filter_gain
from deepfocus.simulation.inject import inject, injected_truth, render
from deepfocus.simulation.injected_source import Galaxy, Gaussian, rendered
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.settings import SetSettings
from deepfocus.sky.template_files import template_of

SETTINGS = {
    "observation": {
        "size": 96, "channels": 32, "total_time": "100 s", "channel_width": "400 MHz",
    },
    "population": {"companions": [0, 0]},
    "noise": {"kind": "thermal", "target_snr": [20.0, 20.0]},
}  # fmt: skip
POINT = Source(x=40, y=50, fwhm_x_px=0, fwhm_y_px=0, pa=0, channel=16, fwhm_chan=4, line_jy=0.03)
WIDE = Source(
    x=44.3, y=51.7, fwhm_x_px=9, fwhm_y_px=6, pa=33, channel=11.4, fwhm_chan=5, line_jy=0.02,
    continuum_jy=0.01,
)  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> SetSettings:
    return settings_from(SETTINGS, SetSettings)


@pytest.fixture(scope="module")
def cube(settings: SetSettings) -> Cube:
    """One source; the band is 5 % wide, so that the beams differ over it."""
    return simulate(settings, 3).cube


@pytest.fixture
def restored(rng: np.random.Generator) -> Cube:
    """White noise of 2 mJy/beam, 64 x 80 pixels, known by its restoring beam alone."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=80, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(24)
    ).cropped(y0=8, x0=0, ny=64, nx=80)
    data = rng.normal(0, 2e-3, grid.shape).astype(np.float32)
    return Cube(data=data, grid=grid, beam=Beam(0.8, 0.5, 30.0))


def test_a_point_source_is_the_psf_times_its_flux_and_the_primary_beam(cube: Cube) -> None:
    added = render([POINT], response_of(cube))
    assert cube.psf is not None
    assert cube.psf_channels is not None
    assert cube.primary_beam is not None
    for node, channel in enumerate(cube.psf_channels):
        flux = POINT.line_jy * POINT.line(32)[int(channel)]
        seen = flux * cube.primary_beam[node, 50, 40]
        # the PSF, twice as wide as the image, has its pixel [96, 96] at [50, 40]
        expected = seen * cube.psf[node, 46 : 46 + 96, 56 : 56 + 96]
        # float32 of the product; the primary beam's slope about a point smaller than a pixel
        tolerance = 1e-5 * POINT.line_jy
        assert np.abs(added[int(channel)] - expected).max() < tolerance


def test_an_injected_source_is_what_the_simulator_makes_of_it(
    cube: Cube, settings: SetSettings
) -> None:
    seen = telescope_of(settings.observation)
    source = replace(WIDE, x=48.0, y=48.0)
    image = gaussian_2d((96, 96), Ellipse(x=48, y=48, fwhm_x_px=9, fwhm_y_px=6, pa=33))
    area = np.pi / (4 * np.log(2)) * 9 * 6
    simulated = seen.dirty_cube(
        seen.dirty_components(image[None]), source.spectrum(32)[None] / area
    )
    added = render([source], response_of(cube))
    inner = np.s_[:, 16:80, 16:80]  # where no sidelobe beyond the PSF's image reaches
    assert np.abs(added[inner] - simulated[inner]).max() < 1e-4 * simulated.max()


def test_flux_is_conserved(restored: Cube) -> None:
    wide = replace(WIDE, x=40.0, y=32.0)
    added = render([wide], response_of(restored)).sum(axis=(1, 2), dtype=float)
    area = restored.beam.area_px(restored.grid.cell_arcsec)  # type: ignore[union-attr]
    assert added / area == pytest.approx(wide.spectrum(24), rel=1e-4)
    row = injected_truth([Gaussian(wide)], response_of(restored), cube=restored, noise_jy_beam=1e-3)
    line = (added / area - wide.continuum_jy).sum()
    # sum over channels times the width of one, against the analytic line flux
    width_kms = restored.grid.width_kms(1.0, wide.channel)
    assert line * width_kms == pytest.approx(row["line_flux"][0], rel=1e-3)


def test_the_restoring_beam_convolves_sizes_and_turns_as_the_sky_does(restored: Cube) -> None:
    assert restored.beam is not None
    same = gaussian_2d((64, 80), Ellipse(x=40, y=32, fwhm_x_px=8, fwhm_y_px=5, pa=30))
    assert beam_image(restored.beam, restored.grid) == pytest.approx(same, abs=2e-6)
    parallel = replace(WIDE, x=40.0, y=32.0, fwhm_x_px=6, fwhm_y_px=12, pa=120, continuum_jy=0)
    image = render([parallel], response_of(restored))[11]
    expected = gaussian_2d((64, 80), Ellipse(x=40, y=32, fwhm_x_px=10, fwhm_y_px=13, pa=120))
    assert image / image.max() == pytest.approx(expected, abs=1e-3)


def test_difference_is_the_sources_and_blanks_stay(restored: Cube) -> None:
    data = restored.data.copy()
    data[:, :10] = np.nan
    data[5] = np.nan
    holed = restored.with_data(data)
    made = inject(holed, Injection(number=4), 7)
    assert np.array_equal(np.isnan(made.cube.data), np.isnan(data))
    # one rounding of the sum in float32
    difference = made.cube.data.astype(float) - data - made.added
    assert np.nanmax(np.abs(difference)) <= 2**-23 * np.nanmax(np.abs(made.cube.data))
    assert (made.truth["y"] >= 9.5).all()
    assert made.cube.grid is holed.grid


def test_noise_is_measured_and_sets_the_snr(restored: Cube) -> None:
    assert measured_level(restored.data) == pytest.approx(2e-3, rel=0.02)
    injection = Injection(number=6, snr=(8.0, 20.0), with_continuum=0.5)
    made = inject(restored, injection, 2)
    truth = made.truth
    assert ((truth["snr_peak"] >= 8) & (truth["snr_peak"] <= 20)).all()
    assert 0 < (truth["continuum"] > 0).sum() < 6
    for source, snr in zip(made.sources, truth["snr_peak"], strict=True):
        alone = render([replace(source, continuum_jy=0.0)], response_of(restored))
        assert alone.max() == pytest.approx(snr * made.noise_jy_beam, rel=1e-5)
    both = render([made.sources[0]], response_of(restored)).max()
    assert truth["peak"][0] == pytest.approx(both * 1e3, rel=1e-5)


def test_sources_lie_where_the_primary_beam_is_high(cube: Cube) -> None:
    assert cube.primary_beam is not None
    narrow = np.tile(
        gaussian_2d((96, 96), Ellipse(48, 48, 40, 40, 0)), (len(cube.primary_beam), 1, 1)
    )
    made = inject(replace(cube, primary_beam=narrow), Injection(number=20), 1)
    radius = np.hypot(made.truth["x"] - 48, made.truth["y"] - 48)
    edge = 20 * np.sqrt(np.log2(1 / 0.3))
    assert radius.max() < edge + 1
    assert radius.max() > 0.7 * edge
    channel, width = made.truth["channel"], made.truth["line_fwhm_chan"]
    assert ((channel - width >= 0) & (channel + width <= 31)).all()


def test_sources_keep_a_beam_from_edges_and_blanks(restored: Cube) -> None:
    blank = restored.data.copy()
    blank[:, :, :40] = np.nan
    made = inject(restored.with_data(blank), Injection(number=40), 1)
    beam_px = response_of(restored).beam_px
    _, ny, nx = restored.data.shape
    x, y = made.truth["x"], made.truth["y"]
    # a place is a pixel, in which the source lies anywhere
    nearest = np.min([x - 39, nx - x, y + 1, ny - y], axis=0)
    assert beam_px - 0.5 < nearest.min() < beam_px + 3


def test_points_can_be_injected(restored: Cube) -> None:
    made = inject(restored, Injection(number=2, size_beams=(0.0, 0.0)), 1)
    # the beam itself, whose peak lies between pixels
    box = made.truth["box_x1"] - made.truth["box_x0"]
    assert box == pytest.approx(np.ones(2))
    for source, peak in zip(made.sources, made.truth["peak"] * 1e-3, strict=True):
        flux = source.spectrum(24).max()
        assert 0.95 * flux < peak <= flux


def test_flux_of_the_truth_is_before_the_primary_beam(cube: Cube) -> None:
    assert cube.primary_beam is not None
    half = replace(cube, primary_beam=np.full_like(cube.primary_beam, 0.5))
    full = replace(cube, primary_beam=np.ones_like(cube.primary_beam))
    seen_half, seen_full = (inject(c, Injection(number=3), 5).truth for c in (half, full))
    assert seen_half["snr_peak"] == pytest.approx(seen_full["snr_peak"])
    assert seen_half["line_flux"] == pytest.approx(2 * seen_full["line_flux"], rel=1e-6)


def test_the_truth_says_the_beam_even_if_only_the_psf_does(cube: Cube, restored: Cube) -> None:
    one = Injection(number=1)
    assert inject(restored, one, 1).truth.meta["beam_px"] == pytest.approx(restored.beam_px)
    fitted = inject(replace(cube, beam=None), one, 1).truth.meta["beam_px"]
    assert fitted == pytest.approx(cube.beam_px, rel=0.1)  # the simulator fits to a wider image


def test_the_same_seed_gives_the_same_sources(restored: Cube) -> None:
    first, again, other = (inject(restored, Injection(), seed) for seed in (1, 1, 2))
    assert np.array_equal(first.cube.data, again.cube.data)
    assert first.sources == again.sources
    assert first.sources != other.sources


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cube: replace(cube, beam=None), "neither a PSF nor a beam"),
        (lambda cube: cube.with_data(np.ones_like(cube.data)), "no noise"),
        (lambda cube: replace(cube, primary_beam=np.zeros((1, 64, 80))), "no data where"),
        (lambda cube: replace(cube, meta={"name": "a.image.pbcor"}), "corrected for the primary"),
    ],
)
def test_unusable_cubes_are_refused(restored: Cube, change: object, words: str) -> None:
    with pytest.raises(DeepFocusError, match=words):
        inject(change(restored), Injection(), 1)  # type: ignore[operator]


@pytest.mark.parametrize(
    "values",
    [
        {"number": 0}, {"snr": (0.0, 3.0)}, {"snr": (5.0, 3.0)}, {"size_beams": (-1.0, 1.0)},
        {"line_fwhm_chan": (0.5, 2.0)}, {"with_continuum": 2.0}, {"continuum_over_line": (2.0, 1)},
    ],
)  # fmt: skip
def test_settings_are_checked(values: dict) -> None:
    with pytest.raises(DeepFocusError, match="correct the value"):
        Injection(**values)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_weights_of_nodes_add_to_one_and_meet_the_nodes(nodes: int) -> None:
    freq = np.linspace(240e9, 230e9, 21)  # falling, as many cubes have it
    at = freq[np.unique(np.linspace(0, 20, nodes).astype(int))]
    weights = node_weights(at, freq)
    assert weights.sum(axis=0) == pytest.approx(np.ones(21))
    assert node_weights(at, at) == pytest.approx(np.eye(nodes), abs=1e-9)


def _on_cells(cube: Cube, matrix: list[list[float]]) -> Cube:
    """The same pixels with this matrix from (x, y) to (east, north), arcsec."""
    sky = cube.grid.sky.deepcopy()
    sky.wcs.cdelt = [1 / 3600, 1 / 3600]
    sky.wcs.pc = matrix
    sky.wcs.set()
    return replace(cube, grid=replace(cube.grid, sky=sky))


def test_where_cells_are_oblong_sizes_and_angles_are_those_on_the_sky(restored: Cube) -> None:
    cube = _on_cells(restored, [[-0.1, 0.03], [0.0, 0.2]])
    injected = inject(cube, Injection(number=4, snr=(20.0, 20.0)), 5)
    beam_arcsec = np.sqrt(0.8 * 0.5)
    sizes = [injected.truth["fwhm_x"], injected.truth["fwhm_y"]]
    # as the settings say, in beams on the sky
    assert np.min(sizes) > 0.5 * beam_arcsec
    assert np.max(sizes) < 2.0 * beam_arcsec
    np.testing.assert_allclose(sizes[0], injected.truth["fwhm_x_px"] * cube.grid.cell_arcsec)
    for row, source in zip(injected.truth.rows, injected.sources, strict=True):
        plane = plane_at(cube.grid, x=source.x, y=source.y)
        seen = Ellipse(0.0, 0.0, row["fwhm_x_px"], row["fwhm_y_px"], row["pa"])
        np.testing.assert_allclose(plane @ covariance_of(source) @ plane.T, covariance_of(seen))


def test_limits_on_oblong_cells_are_those_on_square_ones() -> None:
    """A beam that is sampled well tells the same, however long its cells are."""
    limits = []
    for sides, shape in (((0.1, 0.1), (96, 96)), ((0.08, 0.125), (78, 120))):
        ny, nx = shape
        grid = tangent_grid(
            ra_deg=10, dec_deg=-20, size=120, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(24)
        ).cropped(y0=0, x0=0, ny=ny, nx=nx)
        blank = Cube(np.zeros(grid.shape, np.float32), grid, beam=Beam(0.9, 0.6, 30.0))
        cube = _on_cells(blank, [[-sides[0], 0.0], [0.0, sides[1]]])
        cube = replace(cube, noise=noise_of_level(DirtyBeam(), 1e-3))
        # 1.6 x 0.8 arcsec at 30 deg, in the middle of the field
        angle = np.deg2rad(30.0)
        along = np.array([-np.sin(angle), np.cos(angle)])
        across = np.array([-np.cos(angle), -np.sin(angle)])
        matrix = 1.6**2 * np.outer(along, along) + 0.8**2 * np.outer(across, across)
        per_pixel = np.diag(1 / np.array(sides))
        values, vectors = np.linalg.eigh(per_pixel @ matrix @ per_pixel)
        pa = float(np.rad2deg(np.arctan2(-vectors[0, 1], vectors[1, 1])) % 180.0)
        major, minor = np.sqrt(values[::-1])
        assert pa < 90.0
        source = Source(nx // 2, ny // 2, major, minor, pa, 12.0, 5.0, 0.02)
        truth = injected_truth([Gaussian(source)], response_of(cube), cube=cube, noise_jy_beam=1e-3)
        assert truth["pa"][0] == pytest.approx(30.0, abs=1e-3)
        assert truth["fwhm_x"][0] == pytest.approx(1.6, rel=1e-5)
        limits.append([truth[f"{name}_err"][0] for name in ("fwhm_x", "fwhm_y", "pa", "line_flux")])
    # the noise in a beam is the same; the patch around the source ends at other pixels
    np.testing.assert_allclose(limits[0], limits[1], rtol=0.02)


def test_a_galaxy_has_the_flux_and_the_width_that_were_asked_for(restored: Cube) -> None:
    wide = replace(WIDE, fwhm_x_px=12.0, fwhm_y_px=12.0, fwhm_chan=8.0, continuum_jy=0.0)
    galaxy = Galaxy.like(wide, template_of("G14"), restored.grid)
    response = response_of(restored)
    spectrum = rendered([galaxy], response).sum(axis=(1, 2), dtype=float)
    area = response.dirty_beam[0].sum()
    jy_kms = spectrum.sum() / area * float(restored.grid.width_kms(1.0, 11.4))
    wanted = wide.line_jy * float(restored.grid.width_kms(8.0, 11.4)) * GAUSSIAN_AREA
    # the primary beam takes from what lies outside, and noise-free sums lose the image's edge
    seen = response.seen_mid_band(x=wide.x, y=wide.y)
    assert abs(jy_kms / (wanted * seen) - 1) < 0.03
    above = np.flatnonzero(spectrum > spectrum.max() / 2)
    # W50 in whole channels
    assert abs(above[-1] - above[0] + 1 - 8.0) <= 1.5
    truth = injected_truth([galaxy], response, cube=restored, noise_jy_beam=1e-3)
    assert abs(truth["line_flux"][0] / wanted - 1) < 1e-6
    assert truth["snr_peak"][0] > 0


def test_what_a_galaxy_moves_on_oblong_cells_is_what_it_moves_on_the_sky(restored: Cube) -> None:
    """The covariance of place and velocity, of a galaxy that is injected into its channels."""
    wide = replace(WIDE, fwhm_x_px=12.0, fwhm_y_px=12.0, fwhm_chan=8.0, continuum_jy=0.0)
    for cells in ([[-0.1, 0.0], [0.0, 0.1]], [[-0.07, 0.0], [0.0, 0.15]]):
        cube = replace(_on_cells(restored, cells), primary_beam=None)
        galaxy = Galaxy.like(wide, template_of("G14"), cube.grid)
        planes = rendered([galaxy], response_of(cube)).astype(float)
        truth = injected_truth([galaxy], response_of(cube), cube=cube, noise_jy_beam=1e-3)
        spectrum = planes.sum(axis=(1, 2))
        y, x = np.indices(planes.shape[1:])
        channel = np.arange(len(planes)) - np.average(np.arange(len(planes)), weights=spectrum)
        moved = [
            (channel * (planes * at).sum(axis=(1, 2))).sum() / (channel**2 * spectrum).sum()
            for at in (x - wide.x, y - wide.y)
        ]
        own = np.hypot(*(np.array(cells) @ moved)) * float(truth["line_fwhm_chan"][0])
        # what leaves the image and the band is in the truth alone
        assert truth["line_shift"][0] == pytest.approx(own, rel=0.05)


def test_a_share_of_what_is_injected_are_galaxies(restored: Cube) -> None:
    settings = Injection(number=6, galaxies=1.0, size_beams=(1.0, 1.5))
    made = inject(restored, settings, 4)
    gaussians = inject(restored, replace(settings, galaxies=0.0), 4)
    # the same places and widths, with other light in them
    assert np.allclose(made.truth["x"], gaussians.truth["x"])
    assert np.allclose(made.truth["line_flux"], gaussians.truth["line_flux"])
    assert np.abs(made.added - gaussians.added).max() > 0.1 * gaussians.added.max()


def test_line_snr_is_that_of_a_filter_like_the_line(restored: Cube) -> None:
    made = inject(restored, Injection(number=8, line_snr=(12.0, 12.0), with_continuum=0.0), 5)
    gain = line_filter_gain(made.truth["line_fwhm_chan"])
    # the peak lies between channels, 4% below that of a line of three channels
    assert np.allclose(made.truth["snr_peak"] * gain, 12.0, rtol=1e-6)
    for width in (3.0, 8.0):
        line = Source(0, 0, 0, 0, 0, 20.0, width, 1.0).line(40)
        assert abs(line_filter_gain(width) / np.sqrt(np.sum(line**2)) - 1) < 1e-3


def test_sources_that_share_channels_lie_apart(restored: Cube) -> None:
    made = inject(restored, Injection(number=6, apart_beams=2.0, size_beams=(0.0, 1.0)), 6)
    truth, beam_px = made.truth, response_of(restored).beam_px
    for i in range(6):
        for j in range(i):
            apart = np.hypot(truth["x"][i] - truth["x"][j], truth["y"][i] - truth["y"][j])
            shared = abs(truth["channel"][i] - truth["channel"][j]) < 1.5 * (
                truth["line_fwhm_chan"][i] + truth["line_fwhm_chan"][j]
            )
            # half a pixel each way is drawn last
            assert not shared or apart > 3.0 * beam_px - 2**0.5


def test_a_cube_without_room_for_as_many_is_told(restored: Cube) -> None:
    with pytest.raises(DeepFocusError, match="apart from other sources"):
        inject(restored, Injection(number=200, apart_beams=3.0), 7)
