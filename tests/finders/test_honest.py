"""Errors that count what was fitted to noise, and models that do not explain the data.

And the flux that these leave.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from deepfocus.core.noise import White
from deepfocus.finders.deepfocus.galaxy_errors import (
    IN_DIRECTION,
    IN_FLUX,
    IN_MOTION,
    MOTION_OF_ONE,
)
from deepfocus.finders.deepfocus.honest import honest
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sidelobes import Sidelobes
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SHIFT, SourceFit, summary_of
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, GX, GY, SIGMA, X, Y
from deepfocus.search.noise_map import NoiseMap

SHAPE = (32, 48, 48)


def found(gain: float = 1e6) -> SourceFit:
    """A source of 6 px and 6 channels in the middle."""
    row = np.zeros(COUNT)
    row[[X, Y, CXX, CYY, CHANNEL, SIGMA, FLUX]] = 24.0, 24.0, 6.0, 6.0, 16.0, 2.5, 1.0
    summary = summary_of(row[None], SHAPE[0])
    return SourceFit(row[None], summary, np.eye(len(summary)), gain=gain, freedom=9)


def seen(left: float, *, correlated_px: float = 0.0, more: float = 0.0) -> tuple[Sight, Looked]:
    """A cube where it shines, of which its model leaves so many times the noise, and `more`."""
    residual = left * np.random.default_rng(1).standard_normal(SHAPE) + more
    noise = NoiseMap(np.ones(SHAPE[0]), np.ones(SHAPE[1:]))
    explained = SimpleNamespace(residual=residual)
    sight = SimpleNamespace(
        data=residual + 10,
        beam_px=6.0,
        correlated_px=correlated_px,
        power=White(),
        response=SimpleNamespace(seen_at=lambda **_: 0.5),
        sidelobes=Sidelobes(np.full((8, 8), 0.5), 6.0),
    )
    looked = SimpleNamespace(noise=noise, explained=explained)
    return cast(Any, sight), cast(Any, looked)


def of_several(source: SourceFit) -> SourceFit:
    """The same as two components of half its flux each."""
    return replace(source, components=np.repeat(source.components, 2, axis=0))


def test_noise_that_is_left_makes_no_error_larger() -> None:
    assert honest(found(), *seen(1.0)).error("flux") == pytest.approx(1.0, abs=0.03)


def test_a_model_that_leaves_twice_the_noise_has_errors_four_times_as_large() -> None:
    """Reduced chi^2 of 4: it stands for how wrong the model is, not for noise alone."""
    error = honest(found(), *seen(2.0)).error("flux")
    assert error == pytest.approx(4.0, rel=0.03)
    # few independent voxels tell less, so that less of it counts
    correlated = honest(found(), *seen(2.0, correlated_px=12.0)).error("flux")
    assert 1.0 < correlated < error - 0.1


def test_a_faint_source_is_known_less_well_than_its_fit_says() -> None:
    """Of a gain of 36, nine free numbers took 9 from noise; a place is no linear number."""
    faint = honest(found(gain=36.0), *seen(1.0))
    assert faint.error("flux") == pytest.approx(np.sqrt(36 / 27), rel=0.03)
    assert faint.error("x") == pytest.approx(np.sqrt(36 / 18), rel=0.03)


def test_what_moves_or_has_several_components_is_not_trusted_to_be_gaussian() -> None:
    row = found().components.copy()
    row[0, GX] = 0.3
    for source in (replace(found(), components=row), of_several(found())):
        bright = replace(source, summary=100.0 * source.summary)
        share = IN_FLUX.share * bright.value("flux")
        assert honest(bright, *seen(1.0)).error("flux") == pytest.approx(
            np.hypot(1.0, share), rel=0.03
        )


def test_the_flux_that_several_gaussians_leave_is_added_where_the_beam_has_no_sidelobes() -> None:
    """0.1 Jy/beam in each voxel where it shines, over the beam's area, over the primary beam."""
    one = found().value("flux")
    assert honest(found(), *seen(1e-6, more=0.1)).value("flux") == one
    sight, looked = seen(1e-6, more=0.1)
    cast(Any, sight).sidelobes = Sidelobes(np.full((8, 8), 0.5), 2.0)  # all of it beyond 3 px
    assert honest(of_several(found()), sight, looked).value("flux") == one
    restored = np.zeros((65, 65))
    restored[28:37, 28:37] = 0.5
    cast(Any, sight).sidelobes = Sidelobes(restored, 6.0)
    whole = honest(of_several(found()), sight, looked)
    more = whole.value("flux") - one
    reach = int(np.hypot(6.0, 2.3548 * np.sqrt(6.0)) + 0.5)
    voxels = (2 * reach + 1) ** 2 * (2 * round(2.3548 * 2.5) + 1)
    assert more == pytest.approx(0.1 * voxels / restored.sum() / 0.5, rel=0.15)
    # and it is known as well as such a sum of noise of 1 Jy/beam
    in_aperture = np.sqrt(voxels) / restored.sum() / 0.5
    assert in_aperture > 1.3
    assert whole.error("flux") == pytest.approx(np.hypot(in_aperture, IN_FLUX.share * one), rel=0.1)


def test_what_is_too_faint_for_one_more_gaussian_counts_by_the_signal_to_noise() -> None:
    faint = replace(of_several(found(gain=400.0)), summary=100.0 * found().summary)
    flux = faint.value("flux")
    error = honest(faint, *seen(1.0)).error("flux")
    fitted_to_noise = np.sqrt(400 / 391)
    assert error == pytest.approx(np.hypot(fitted_to_noise, flux * IN_FLUX.at(20)), rel=0.03)
    alone = honest(replace(faint, components=found().components), *seen(1.0))
    assert alone.error("flux") == pytest.approx(fitted_to_noise, rel=0.03)


def test_a_galaxy_moves_farther_than_its_model_and_that_is_known_to_a_share() -> None:
    """Towards (3, 4): the error along it is a share of the motion, that across it an angle."""
    gain = 400.0
    source = found(gain)
    row = source.components[0].copy()
    row[[GX, GY]] = 3.0, 4.0
    known = np.zeros_like(source.covariance)
    moving = replace(
        source, components=row[None], summary=summary_of(row[None], SHAPE[0]), covariance=known
    )
    seen_moving = honest(moving, *seen(1.0))
    np.testing.assert_allclose(
        seen_moving.summary[SHIFT], MOTION_OF_ONE * moving.summary[SHIFT], rtol=1e-12
    )
    shift = seen_moving.shift
    assert shift.length_px_err == pytest.approx(IN_MOTION.at(20) * shift.length_px)
    assert shift.pa_err == pytest.approx(np.rad2deg(IN_DIRECTION.at(20)))
    assert shift.pa == pytest.approx(moving.shift.pa)
    # what stays in place has none
    assert np.isnan(honest(found(gain), *seen(1.0)).shift.length_px)
