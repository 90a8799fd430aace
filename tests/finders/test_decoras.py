"""Round blobs in a map of the sky, and the lines and sizes that `decoras` gives them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source
from oracle_networks import Oracle

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse, Source
from deepfocus.finders.decoras.finder import Decoras, ReadyDecoras
from deepfocus.finders.decoras.round_blobs import FindRoundBlobs
from deepfocus.finders.finder import Detection
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.inputs import IntegratedImage
from deepfocus.ops.targets import ProbabilityMap
from deepfocus.weights.domain import Domain

BEAM_PX = float(np.sqrt(8 * 6))  # that of finder_cubes
DOMAIN = Domain((BEAM_PX, BEAM_PX), (0.1, 0.1), (64, 64), (128, 128), (4, 20), 2.5, (3, 10))
SIDE = 128


def found_in(
    cube: Cube, shown: Sequence[tuple[float, float]], settings: Decoras | None = None
) -> Detection:
    """What is found if the network's answer shows round sources of 7 px at these places."""
    sky = np.zeros((SIDE, SIDE), np.float32)
    for x, y in shown:
        sky = np.maximum(sky, gaussian_2d(sky.shape, Ellipse(x, y, 7.0, 7.0, 0.0)))

    def answer(batch: np.ndarray) -> np.ndarray:
        return np.broadcast_to(sky, batch.shape)

    network = Oracle(answer, IntegratedImage(tile_px=SIDE), ProbabilityMap(), DOMAIN)
    return ReadyDecoras(network, settings or Decoras()).find(cube)


def test_sources_are_found_at_their_blobs_and_measured() -> None:
    sources = [
        source(40.3, 50.6, 20.4, snr=60, continuum_jy=20 * SIGMA),
        source(80.7, 70.2, 41.5, snr=40, fwhm_chan=10, continuum_jy=15 * SIGMA),
    ]
    cube = cube_with(sources)
    found = found_in(cube, [(each.x, each.y) for each in sources]).catalogue.accepted
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        # a blob has a whole pixel; the fit to the line brings the rest
        assert found["x"][at] == pytest.approx(each.x, abs=0.2)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.3)
        assert found["line_flux"][at] == pytest.approx(flux_of(each, cube), rel=0.1)
        assert found["probability"][at] > 0.9


def flux_of(each: Source, cube: Cube) -> float:
    """Jy km/s."""
    kms = float(cube.grid.width_kms(1.0, each.channel))
    return each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms


def test_a_blob_without_a_line_stays_with_its_reason() -> None:
    continuum = source(60, 60, 20, snr=0.0, continuum_jy=20 * SIGMA)
    detection = found_in(cube_with([continuum]), [(60, 60)])
    found = detection.catalogue
    assert list(found["flag"]) == [Flag.NO_LINE]
    assert "no emission line" in found["reason"][0]
    assert found["box_x0"][0] < 60 < found["box_x1"][0]
    assert list(detection.snapshots["seen in images"]["x"]) == [60]


def test_a_source_that_the_network_does_not_show_is_not_found() -> None:
    pair = [source(40, 50, 20, snr=60), source(80, 70, 40, snr=60)]
    found = found_in(cube_with(pair), [(80, 70)]).catalogue.accepted
    assert len(found) == 1
    assert found["x"][0] == pytest.approx(80, abs=0.2)


def test_an_empty_map_gives_an_empty_catalogue() -> None:
    assert len(found_in(empty_cube(), []).catalogue) == 0


def test_a_blob_where_there_are_no_data_is_none() -> None:
    """The network cannot know what it is not shown."""
    cube = cube_with([source(40, 50, 20, snr=60)])
    data = cube.data.copy()
    data[:, :, 64:] = np.nan
    found = found_in(cube.with_data(data), [(40, 50), (100, 50)]).catalogue
    assert list(found["x"].round()) == [40]


def test_settings_that_find_nothing_are_refused() -> None:
    with pytest.raises(DeepFocusError, match="kernels of 3 to 2 pixels"):
        FindRoundBlobs(min_sigma_px=3.0, max_sigma_px=2.0)
    with pytest.raises(DeepFocusError, match="cannot read the weight card"):
        Decoras(weights="nowhere").ready()


def test_detection_imports_no_torch() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from finder_cubes import cube_with, source;"
        "from deepfocus.finders.decoras.finder import Decoras;"
        "Decoras().ready().find(cube_with([source(60, 60, 30, snr=60)]));"
        "assert not {'torch', 'onnx'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], check=True)


# --- its blobs
@pytest.mark.parametrize("sigma", [3.0, 5.0, 8.0])
def test_the_blob_of_a_gaussian_has_its_place_and_width(sigma: float) -> None:
    yy, xx = np.mgrid[:SIDE, :SIDE]
    image = 0.8 * np.exp(-0.5 * ((xx - 50) ** 2 + (yy - 70) ** 2) / sigma**2)
    (blob,) = FindRoundBlobs()(image)
    assert (blob.x, blob.y) == (50, 70)
    assert blob.height == pytest.approx(0.8)
    # widths are steps of 1.6 apart: half a step, and half a step more for the pair's own width
    assert blob.sigma_px == pytest.approx(sigma, rel=0.6)
    assert blob.box.x1 - blob.box.x0 == pytest.approx(6 * blob.sigma_px)  # Eq 21


def test_blobs_come_by_height_and_end_at_the_threshold() -> None:
    image = np.zeros((SIDE, SIDE))
    for x, height in ((30, 0.5), (60, 1.0), (90, 0.2)):
        image += height * gaussian_2d(image.shape, Ellipse(x, 64, 8.0, 8.0, 0.0))
    assert [blob.x for blob in FindRoundBlobs(threshold=0.01)(image)] == [60, 30, 90]
    assert [blob.x for blob in FindRoundBlobs(threshold=0.1)(image)] == [60, 30]
    assert FindRoundBlobs()(np.zeros((16, 24))) == []
