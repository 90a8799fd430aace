"""Losses against direct computations in numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from deepfocus.core.settings import part_from, parts_to
from deepfocus.nets.losses import (
    DSSIM,
    L1,
    L2,
    CrossEntropy,
    L1ToDssim,
    Loss,
    SmoothL1,
    SquaredLog,
    WeightedSum,
)


def images(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    target = gaussian_filter(rng.random((2, 1, 40, 33)), (0, 0, 2, 2))
    return np.clip(target + 0.1 * rng.standard_normal(target.shape), 0, 1), target


def tensors(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    one, other = images(seed)
    return torch.from_numpy(one).float(), torch.from_numpy(other).float()


def direct_dssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Eqs 7 to 11 for one image, L = 1, with scipy's Gaussian filter cut to the same window."""

    def local(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_filter(values, 1.5, radius=5)[5:-5, 5:-5]

    mx, my = local(x), local(y)
    vx, vy, cov = local(x * x) - mx**2, local(y * y) - my**2, local(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    ssim = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float((1 - ssim.mean()) / 2)


def test_dssim_is_that_of_its_definition() -> None:
    x, y = images(1)
    expected = np.mean([direct_dssim(a[0], b[0]) for a, b in zip(x, y, strict=True)])
    value = DSSIM()(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert value == pytest.approx(expected, rel=1e-9)
    assert expected > 0.05  # the images do differ
    # float32 loses digits in E[x^2] - E[x]^2: errors of 1e-7, compared with c2 = 9e-4
    assert DSSIM()(*tensors(1)).item() == pytest.approx(expected, rel=1e-3)


def test_dssim_has_a_gradient_with_range_1_and_none_with_the_papers() -> None:
    x, y = tensors(2)
    for dynamic_range, moves in ((1.0, True), (2.0**32 - 1, False)):
        prediction = x.clone().requires_grad_()
        DSSIM(dynamic_range=dynamic_range)(prediction, y).backward()
        assert prediction.grad is not None
        assert (prediction.grad.abs().max().item() > 1e-8) == moves


@pytest.mark.parametrize(
    "loss",
    [
        L1(),
        L2(),
        SmoothL1(),
        SquaredLog(),
        CrossEntropy(),
        DSSIM(),
        L1ToDssim(10),
        WeightedSum((CrossEntropy(), DSSIM()), (1.0, 0.5)),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_a_perfect_prediction_costs_nothing_and_any_other_something(loss: Loss) -> None:
    x, y = tensors(3)
    assert loss(y, y, 3).item() == pytest.approx(0, abs=1e-6)
    assert loss(x, y, 3).item() > 1e-3
    assert part_from(parts_to(loss), Loss, source="test") == loss


def test_l1_is_the_mean_absolute_difference() -> None:
    x, y = tensors(4)
    assert L1()(x, y).item() == pytest.approx(np.abs(x.numpy() - y.numpy()).mean(), rel=1e-6)


def test_squared_log_is_the_mean_square_of_the_difference_of_logarithms() -> None:
    x, y = tensors(4)
    expected = np.mean((np.log1p(x.numpy()) - np.log1p(y.numpy())) ** 2)
    assert SquaredLog()(x, y).item() == pytest.approx(expected, rel=1e-5)


def test_schedule_goes_linearly_from_l1_to_dssim() -> None:
    loss = L1ToDssim(epochs=5)
    assert [loss.weights(t) for t in range(5)] == [
        (1.0, 0.0),
        (0.75, 0.25),
        (0.5, 0.5),
        (0.25, 0.75),
        (0.0, 1.0),
    ]
    assert loss.weights(7) == (0.0, 1.0)
    x, y = tensors(5)
    parts = 0.75 * L1()(x, y) + 0.25 * DSSIM()(x, y)
    torch.testing.assert_close(loss(x, y, 1), parts)
