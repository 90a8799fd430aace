"""Training examples show what the networks should learn; augmentation keeps targets correct."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from deepfocus.core.source import Ellipse
from deepfocus.finders.six_networks.candidate import Candidate
from deepfocus.instrument.observation import Observation
from deepfocus.ops.boxes import Box
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.morphology import elongation_vector
from deepfocus.ops.targets import Elongation
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.components import EmissionLine, SkyModel
from deepfocus.sky.point import Point
from deepfocus.sky.population import PaperPopulation
from deepfocus.train.blob_examples import BlobExamples, blob_target
from deepfocus.train.places import empty_boxes, jittered_places
from deepfocus.train.predicted_examples import matching_truth
from deepfocus.train.roles import turned_bands, turned_images
from deepfocus.train.simulated_examples import SkySettings, SourcesOfSeed, shipped_faults
from deepfocus.train.source_examples import (
    apparent_line_flux,
    clean_spectrum,
    image_examples,
    spectra_examples,
)

SMALL = SetSettings(
    observation=Observation(size=128, channels=64),
    population=PaperPopulation(offset_px=(-35.0, 35.0)),
    noise=Noise(kind="white", target_snr=(200.0, 200.0)),
)


@pytest.fixture(scope="module")
def made() -> Simulated:
    return simulate(SMALL, 5)


def test_the_target_map_gives_each_source_the_same_peak(made: Simulated) -> None:
    target = blob_target(made.sky)
    for x, y in zip(made.truth["x"], made.truth["y"], strict=True):
        assert target[round(y), round(x)] > 240  # 255, except for the sub-pixel offset


def test_a_point_is_a_blob_of_its_pixel_and_nothing_else() -> None:
    """What is drawn of a point in a cube has waves, which became probabilities of 1 elsewhere."""
    lines = (EmissionLine(40.0, 6.0, 1.0),)
    points = [(21.29, 40.12), (90.5, 64.5), (60.0, 100.0)]
    sky = SkyModel(
        SMALL.observation.grid(),
        tuple(Point(x, y, 1.0, 0.0, lines) for x, y in points),
    )
    target = blob_target(sky)
    for x, y in points:
        nearest = target[int(y) - 1 : int(y) + 3, int(x) - 1 : int(x) + 3]
        assert nearest.max() == 255
        nearest[:] = 0
    assert target.max() == 0


def test_a_point_has_no_direction() -> None:
    point = Ellipse(3.0, 4.0, 0.0, 0.0, 0.0)
    np.testing.assert_array_equal(Elongation().encode(point), [0.0, 0.0])


def test_of_the_seeds_some_have_faults_whatever_their_noise() -> None:
    sky = SkySettings(SMALL, thermal_every=4, faulty_every=2)
    each = [sky.of(seed) for seed in range(1000)]
    faulty = [settings.faults != Faults() for settings in each]
    # binomial: 1,000 draws at a half scatter by 16
    assert abs(sum(faulty) - 500) < 64
    assert {settings.faults for settings in each} == {Faults(), *shipped_faults()}
    for kind, seeds in (("thermal", 250), ("white", 750)):
        have = sum(f for f, s in zip(faulty, each, strict=True) if s.noise.kind == kind)
        assert abs(have - seeds / 2) < 2.0 * np.sqrt(seeds)
    assert SkySettings(SMALL, thermal_every=4).of(7).faults == Faults()


def test_an_example_of_a_faulty_cube_has_the_faults_and_the_truth_of_the_perfect_one() -> None:
    sky = SkySettings(SMALL, faulty_every=1)
    seed = next(seed for seed in range(99) if sky.of(seed).faults.gains is not None)
    (with_faults, without) = (SourcesOfSeed(each)(seed) for each in (sky, SkySettings(SMALL)))
    for name in ("clean", "major", "minor", "angle"):
        np.testing.assert_array_equal(with_faults[name], without[name])
    assert np.abs(with_faults["focused"] - without["focused"]).max() > 0.05


def test_blob_batches_are_aligned_and_repeatable() -> None:
    images = np.random.default_rng(0).random((6, 224, 224)).astype(np.float16)
    targets = np.rint(images.astype(np.float32) * 255).astype(np.uint8)
    examples = BlobExamples(images, targets)
    first = list(examples.batches(2, rng=np.random.default_rng([1, 2])))
    again = list(examples.batches(2, rng=np.random.default_rng([1, 2])))
    assert [pair[0].shape for pair in first] == [(2, 1, 192, 192)] * 3
    for (image, target), (same, _) in zip(first, again, strict=True):
        np.testing.assert_allclose(image, target, atol=1 / 255)  # augmented alike
        np.testing.assert_array_equal(image, same)


def test_the_clean_spectrum_holds_the_lines_of_the_sources_in_the_box(made: Simulated) -> None:
    truth = made.truth
    everything = Box(-0.5, 127.5, -0.5, 127.5)
    clean = clean_spectrum(truth, everything, channels=64)
    for channel in truth["channel"]:
        assert clean[round(channel)] > 0.8
    one = Box(*(float(truth[f"box_{edge}"][0]) for edge in ("x0", "x1", "y0", "y1")))
    alone = clean_spectrum(truth.where(np.arange(len(truth)) == 0), one, channels=64)
    line = gaussian_1d(64, truth["channel"][0], truth["line_fwhm_chan"][0])
    np.testing.assert_array_equal(alone, line)


def test_empty_boxes_have_an_empty_clean_spectrum(made: Simulated) -> None:
    boxes = empty_boxes(made.truth, made.cube.grid, np.random.default_rng(0))
    arrays = spectra_examples(made, boxes)
    assert arrays["clean"].max(initial=0.0) == 0.0
    assert arrays["spectra"].shape == (len(boxes), 64)


def test_images_show_the_source_in_the_centre(made: Simulated) -> None:
    places = jittered_places(made.truth, np.random.default_rng(1))
    arrays = image_examples(made, places)
    assert arrays["focused"].shape == (len(places), 64, 64)
    assert arrays["angle"].shape == (len(places), 2)
    brightest = int(np.argmax(made.truth["snr_peak"]))
    y, x = np.unravel_index(arrays["focused"][brightest].argmax(), (64, 64))
    assert np.hypot(y - 32, x - 32) < 8
    assert arrays["focused"][brightest].max() == pytest.approx(1.0)


def test_apparent_flux_is_the_flux_through_the_primary_beam(made: Simulated) -> None:
    """It equals the sum of the sky's line emission times the primary beam, Jy * chan."""
    grid, sky = made.cube.grid, made.sky
    inside = [i for i, c in enumerate(made.truth["channel"]) if 12 < c < 52]
    for i in inside:
        component = sky.components[i]
        line = component.spectrum(grid) - component.continuum(grid)
        response = made.cube.primary_beam[1]  # type: ignore[index]
        seen = (component.image((128, 128)) * response).sum() * line.sum()
        # tolerance: the beam's slope across the source
        assert apparent_line_flux(made, i) == pytest.approx(seen, rel=0.02)


@pytest.mark.parametrize("pa", [10.0, 62.0, 100.0, 171.0])
def test_mirrored_images_are_images_of_mirrored_sources(pa: float) -> None:
    """Augmented images are compared with Gaussians drawn from the augmented targets."""
    major, minor = 14.0, 7.0
    axes = (major, minor) if pa < 90 else (minor, major)
    image = gaussian_2d((64, 64), Ellipse(32, 32, *axes, pa))[None, None]
    target = elongation_vector(major, minor, pa)[None].astype(np.float32)
    for seed in range(8):
        turned, vector = turned_images(image, target, np.random.default_rng(seed))
        new_pa = np.rad2deg(np.arctan2(vector[0, 1], vector[0, 0])) / 2 % 180
        new_axes = (major, minor) if new_pa < 90 else (minor, major)
        expected = gaussian_2d((64, 64), Ellipse(32, 32, *new_axes, float(new_pa)))
        # the rolled edge row is a copy; the Gaussian is negligible there
        np.testing.assert_allclose(turned[0, 0], expected, atol=2e-3)


def test_turned_bands_turn_both() -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    a, b = turned_bands(x, x, np.random.default_rng(0))
    np.testing.assert_array_equal(a, b)
    assert {tuple(row) for row in a} <= {tuple(row[::d]) for row in x for d in (1, -1)}


def test_a_candidate_is_matched_to_the_source_with_its_line(made: Simulated) -> None:
    truth = made.truth
    x, y, channel = (float(truth[name][1]) for name in ("x", "y", "channel"))

    def found(**changes: float) -> Candidate:
        place = {"x": x + 1, "y": y, "channel": channel} | changes
        return cast(Candidate, SimpleNamespace(**place))

    assert matching_truth(found(), truth) == 1
    assert matching_truth(found(channel=channel + 40), truth) is None
    assert matching_truth(found(x=x + 10), truth) is None
