"""The whole pipeline with oracle networks: positions, channels, fluxes, flags, odd cubes."""

from dataclasses import replace

import numpy as np
import pytest
from oracle_networks import BEAM_PX, DOMAIN, Source, cube_of, oracles

from deepfocus.core.catalogue import NAMES
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel
from deepfocus.finders.slim.finder import ReadySlim, Slim
from deepfocus.ops.gaussians import gaussian_1d


def detect(sources, **options):
    names = ("noise", "shape", "seed", "psf")
    cube = cube_of(sources, **{k: options.pop(k) for k in names if k in options})
    settings = options.pop("settings", Slim())
    return cube, ReadySlim(oracles(cube, sources, **options), settings).find(cube)


def flag_of(detection, *, channel):
    cat = detection.catalogue
    return Flag(int(cat["flag"][np.nanargmin(np.abs(cat["channel"] - channel))]))


def test_isolated_sources_are_found_and_measured():
    sources = [
        Source(80.3, 90.7, channel=40.2, line=1.0),
        Source(150.6, 120.2, channel=75.6, line=0.6),
        Source(100.0, 180.5, channel=100.0, line=0.5, continuum=0.0),
    ]
    cube, detection = detect(sources)
    found = detection.catalogue.accepted
    assert len(found) == 3
    for source in sources:
        row = found.where(np.abs(found["channel"] - source.channel) < 1)
        assert len(row) == 1
        # Peak SNR 10 to 20 per channel, observed FWHM 8.5 px: twice 8.5 / (2.35 * 25) px.
        assert row["x"][0] == pytest.approx(source.x, abs=0.3)
        assert row["y"][0] == pytest.approx(source.y, abs=0.3)
        assert row["line_fwhm_chan"][0] == pytest.approx(6.0, rel=0.02)
        sky = cube.grid.sky_at(source.x, source.y)
        assert row["ra"][0] == pytest.approx(sky.ra.deg, abs=0.4 * 0.1 / 3600)
        kms = cube.grid.width_kms(1.0, source.channel)
        assert row["line_fwhm"][0] == pytest.approx(6 * kms, rel=0.02)
        assert row["line_flux"][0] == pytest.approx(source.line_flux_jy_chan * kms, rel=0.1)
        assert row["peak"][0] == pytest.approx(1e3 * (source.line + source.continuum), rel=0.05)
        assert row["snr_peak"][0] == pytest.approx(source.line / 0.05, rel=0.05)
        area = (source.observed_px / BEAM_PX) ** 2
        want = 1e3 * source.continuum * area
        assert row["continuum"][0] == pytest.approx(want, rel=0.1, abs=15)
        assert row["global_snr_focused"][0] > row["global_snr"][0] or row["global_snr"][0] > 6
        assert row["snr_focused"][0] > 20
        assert 0 < row["probability"][0] <= 1
        assert np.isnan(row["line_flux_err"][0])
    panels = detection.evidence
    cutouts = {p.source_id: p.image for p in panels if isinstance(p, CutoutPanel)}
    assert set(cutouts) == set(found["id"])
    assert cutouts[1].shape == (64, 64)
    spectra = {p.source_id for p in panels if isinstance(p, SpectrumPanel)}
    assert spectra == set(detection.catalogue["id"])
    steps = ("blobs_finder", "deep_gru", "focusing")
    assert [len(detection.snapshots[step]) for step in steps] == [3] * 3


def test_flux_is_corrected_for_the_primary_beam():
    source = Source(80, 90, channel=40)
    cube = cube_of([source])
    dimmed = replace(cube, primary_beam=np.full((1, 256, 256), 0.5), psf_channels=np.array([64]))
    networks = oracles(cube, [source])
    plain = ReadySlim(networks).find(cube).catalogue
    corrected = ReadySlim(networks).find(dimmed).catalogue
    for name in ("line_flux", "continuum"):
        assert corrected[name][0] == pytest.approx(2 * plain[name][0])
    assert corrected["peak"][0] == plain["peak"][0]


def test_a_blob_without_a_line_is_kept_with_its_flag():
    source, empty = Source(80, 90, channel=40), Source(180, 160, channel=40)
    cube = cube_of([source])
    networks = oracles(cube, [source], blobs=[source, empty])
    found = ReadySlim(networks).find(cube).catalogue
    assert sorted(found["flag"]) == [0, Flag.NO_LINE]
    assert "no emission line" in found["reason"][np.argmax(found["flag"])]
    assert np.isnan(found["channel"][np.argmax(found["flag"])])


def test_blend_in_one_blob_is_deblended_by_channels():
    bright = Source(100, 100, channel=40, line=1.0, fwhm_px=8)
    faint = Source(108, 104, channel=80, line=0.5, fwhm_px=5)
    cube = cube_of([bright, faint])
    # The map shows one blob that contains both.
    networks = oracles(cube, [bright, faint], blobs=[replace(bright, x=103, y=102, fwhm_px=14)])
    detection = ReadySlim(networks).find(cube)
    found = detection.catalogue.accepted
    assert len(found) == 2
    child = found.where(found["parent_id"] > 0)
    assert child["channel"][0] == pytest.approx(80, abs=0.5)
    assert child["x"][0] == pytest.approx(108, abs=0.5)
    assert child["y"][0] == pytest.approx(104, abs=0.5)
    assert child["box_x0"][0] < 108 < child["box_x1"][0]
    # Its own box, not the blob's: within a beam of the source's observed extent.
    assert child["box_x1"][0] - child["box_x0"][0] < 2.5 * faint.observed_px
    primary = found.where(found["parent_id"] == 0)
    assert primary["x"][0] == pytest.approx(100, abs=0.3)


def test_two_lines_at_one_position_are_two_rows():
    first = Source(100, 100, channel=40)
    second = Source(100.5, 100, channel=80, line=0.7)
    _, detection = detect([first, second])
    found = detection.catalogue.accepted
    assert sorted(np.round(found["channel"])) == [40, 80]
    assert np.hypot(found["x"] - 100, found["y"] - 100).max() < 1


def test_one_line_seen_as_two_peaks_is_merged():
    source = Source(100, 100, channel=50, fwhm_chan=12)
    clean = np.maximum(gaussian_1d(128, 46, 5), 0.8 * gaussian_1d(128, 54, 5))
    _, detection = detect([source], clean=clean)
    found = detection.catalogue
    assert sorted(found["flag"]) == [0, Flag.MERGED]
    kept = found.accepted
    # The union of both ranges: 46 - 5 to 54 + 5.
    assert (kept["channel_lo"][0], kept["channel_hi"][0]) == (
        pytest.approx(41, abs=0.7),
        pytest.approx(59, abs=0.7),
    )
    assert kept["channel"][0] == pytest.approx(50, abs=0.5)


def test_a_spike_on_a_lines_flank_is_no_source_of_its_own():
    source = Source(100, 100, channel=50, fwhm_chan=6)
    clean = np.maximum(gaussian_1d(128, 50, 6), 0.3 * gaussian_1d(128, 61, 8))
    _, detection = detect([source], clean=clean)
    assert flag_of(detection, channel=61) == Flag.SAME_AS_PRIMARY
    assert flag_of(detection, channel=50) == Flag.ACCEPTED


def test_a_faint_blob_focused_on_noise_gains_nothing():
    """Condition 1: a peak where there is no line, in a blob that is not bright."""
    ghost = Source(100, 100, channel=50)
    flags = []
    for seed in range(8):
        cube = cube_of([Source(200, 200, channel=90)], seed=seed)
        networks = oracles(cube, [ghost], blobs=[ghost])
        flags.append(Flag(int(ReadySlim(networks).find(cube).catalogue["flag"][0])))
    # Noise may gain by chance, but then the last cut rejects it.
    assert all(flag & (Flag.NO_GAIN_WHEN_FOCUSED | Flag.LOW_FOCUSED_SNR) for flag in flags)
    assert any(flag & Flag.NO_GAIN_WHEN_FOCUSED for flag in flags)


def test_a_bright_source_with_one_line_needs_no_gain():
    source = Source(100, 100, channel=50, line=1.0, continuum=0.5)
    _, detection = detect([source])
    found = detection.catalogue.accepted
    assert len(found) == 1
    assert found["global_snr"][0] > 6


def test_a_false_peak_in_a_continuum_source_is_cut_by_its_line_image():
    source = Source(100, 100, channel=50, line=0.0, continuum=0.5)
    _, detection = detect([source])
    assert detection.catalogue["flag"][0] & Flag.LOW_FOCUSED_SNR


def test_a_rejected_primary_gives_way_to_the_next_peak():
    source = Source(100, 100, channel=60, line=0.3, continuum=0.0, fwhm_chan=5)
    # Brightest in the clean spectrum: an artefact at the edge of the band.
    clean = np.maximum(gaussian_1d(128, 1, 3), 0.5 * gaussian_1d(128, 60, 5))
    cube = cube_of([source], seed=3)
    cube.data[:3, 90:111, 90:111] += 0.12  # makes it the strongest peak
    detection = ReadySlim(oracles(cube, [source], clean=clean)).find(cube)
    assert flag_of(detection, channel=60) == Flag.ACCEPTED


def test_a_neighbours_line_in_a_blobs_spectrum_is_a_duplicate():
    bright = Source(100, 100, channel=40, line=2.0)
    faint = Source(122, 100, channel=80, line=0.4)
    _, detection = detect([bright, faint], leaks=True)
    found = detection.catalogue.accepted
    assert len(found) == 2
    for source in (bright, faint):
        row = found.where(np.abs(found["channel"] - source.channel) < 1)
        assert row["x"][0] == pytest.approx(source.x, abs=0.5)
        assert row["parent_id"][0] == 0 or source is faint
    assert np.sum(detection.catalogue["flag"] & Flag.DUPLICATE > 0) == 2


def test_two_sources_in_the_same_channels_are_both_kept():
    first = Source(100, 100, channel=50, line=1.0)
    second = Source(116, 108, channel=51, line=0.6)
    _, detection = detect([first, second])
    found = detection.catalogue.accepted
    assert len(found) == 2
    assert np.sort(found["x"]) == pytest.approx([100, 116], abs=0.5)


def test_the_same_emission_found_in_two_blobs_is_one_row():
    source = Source(100, 100, channel=50, fwhm_px=16, line=0.8)
    cube = cube_of([source])
    halves = [replace(source, x=91, fwhm_px=7), replace(source, x=108, fwhm_px=7)]
    networks = oracles(cube, [source], blobs=halves, leaks=True)
    found = ReadySlim(networks).find(cube).catalogue
    assert len(found.accepted) == 1
    assert found.accepted["x"][0] == pytest.approx(100, abs=0.5)


def test_a_sidelobe_of_a_brighter_source_is_flagged():
    yy, xx = np.mgrid[-128:128, -128:128]
    gauss = np.exp(-4 * np.log(2) * (xx**2 + yy**2) / BEAM_PX**2)
    lobes = sum(
        0.15 * np.exp(-4 * np.log(2) * ((xx - s * 40) ** 2 + yy**2) / BEAM_PX**2) for s in (1, -1)
    )
    bright = Source(100, 100, channel=50, line=2.0)
    image = [replace(bright, x=x, line=0.3, continuum=0.03) for x in (60, 140)]
    real = Source(100, 140, channel=50, line=0.3)
    cube = cube_of([bright, *image, real], psf=(gauss + lobes)[None].astype("f4"))
    found = ReadySlim(oracles(cube, [bright, *image, real])).find(cube).catalogue
    assert np.sort(found.accepted["y"]) == pytest.approx([100, 140], abs=0.5)
    assert np.sum(found["flag"] == Flag.SIDELOBE) == 2


@pytest.mark.parametrize("channel", [0.5, 126.0])
def test_a_line_at_the_edge_of_the_band_is_found(channel):
    source = Source(100, 100, channel=channel)
    _, detection = detect([source])
    found = detection.catalogue.accepted
    assert len(found) == 1
    assert found["channel"][0] == pytest.approx(channel, abs=0.3)
    assert found["x"][0] == pytest.approx(100, abs=0.4)


# --- odd cubes
def test_an_empty_sky_is_an_empty_catalogue_with_all_columns():
    _, detection = detect([], shape=(40, 64, 64))
    assert len(detection.catalogue) == 0
    assert tuple(detection.catalogue.table.colnames) == NAMES
    assert all(len(snapshot) == 0 for snapshot in detection.snapshots.values())
    assert all(isinstance(panel, ImagePanel) for panel in detection.evidence)


def test_a_cube_without_data_is_refused():
    cube = cube_of([], shape=(10, 20, 20))
    networks = oracles(cube, [])
    with pytest.raises(DeepFocusError, match="no finite value"):
        ReadySlim(networks).find(cube.with_data(np.full_like(cube.data, np.nan)))


@pytest.mark.parametrize("shape", [(41, 100, 100), (50, 64, 80), (64, 300, 340)])
def test_other_sizes_and_missing_edges(shape):
    source = Source(44.4, 50.3, channel=20, fwhm_chan=5)
    cube = cube_of([source], shape=shape)
    yy, xx = np.mgrid[: shape[1], : shape[2]]
    outside = np.hypot(yy - shape[1] / 2, xx - shape[2] / 2) > 0.6 * max(shape[1:])
    cube.data[:, outside] = np.nan
    cube.data[3] = np.nan
    detection = ReadySlim(oracles(cube, [source])).find(cube)
    found = detection.catalogue.accepted
    assert len(found) == 1
    assert found["x"][0] == pytest.approx(44.4, abs=0.4)
    assert found["y"][0] == pytest.approx(50.3, abs=0.4)
    assert [p.image.shape for p in detection.evidence[:2]] == [shape[1:]] * 2


def test_a_resolved_source_with_a_line_over_the_band_is_kept():
    source = Source(50, 50, channel=20, fwhm_chan=25, fwhm_px=70, line=1.0, continuum=0)
    _, detection = detect([source], shape=(41, 100, 100))
    found = detection.catalogue.accepted
    assert len(found) == 1
    assert np.hypot(found["x"][0] - 50, found["y"][0] - 50) < 3
    assert np.isfinite(found["line_flux"][0])
    assert any("larger than any trained on" in note for note in detection.notes)
    assert found["warning"][0] == "larger than any source trained on"
    assert any("41 channels" in note for note in detection.notes)


def test_notes_say_when_a_cube_is_unlike_the_training():
    source = Source(80, 90, channel=40)
    cube = cube_of([source])
    networks = oracles(cube, [source])
    assert ReadySlim(networks).find(cube).notes == ()
    wider = replace(networks.blobs_finder, domain=replace(DOMAIN, beam_px=(8.0, 8.5)))
    others = replace(networks, blobs_finder=wider)
    said = "searched with pixels of 0.0728 in place of 0.1 arcsec"  # 6 / sqrt(8 x 8.5)
    assert any(said in note for note in ReadySlim(others).find(cube).notes)
    cleaned = replace(cube, noise=None, beam=None)
    notes = ReadySlim(networks).find(cleaned).notes
    assert any("cleaned" in note for note in notes)
    assert any("beam is not known" in note for note in notes)


def test_improbable_candidates_can_be_cut():
    _, detection = detect([Source(80, 90, channel=40)], settings=Slim(min_probability=2))
    assert detection.catalogue["flag"][0] == Flag.LOW_PROBABILITY
    assert np.isnan(detection.catalogue["pa"][0])


def test_settings_survive_their_table():
    settings = Slim(min_probability=0.3)
    assert settings_from(settings_to(settings), Slim) == settings
