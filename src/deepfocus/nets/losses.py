"""Losses: how far a prediction is from its target (Eqs 6 to 11 and 20).

Each is a frozen dataclass called as `loss(prediction, target, epoch)`; lower is better.
`epoch` counts from 0 and may be fractional; most losses ignore it. Predictions and targets are
float32 tensors of the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias, Union

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class L1:
    """Mean absolute difference (Eq 6)."""

    kind: ClassVar[str] = "l1"

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        return functional.l1_loss(prediction, target)


@dataclass(frozen=True)
class L2:
    """Mean squared difference."""

    kind: ClassVar[str] = "l2"

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        return functional.mse_loss(prediction, target)


@dataclass(frozen=True)
class SmoothL1:
    """Mean absolute difference, quadratic below `beta`: L1 without its kink at zero."""

    kind: ClassVar[str] = "smooth_l1"

    beta: float = 0.1

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        return functional.smooth_l1_loss(prediction, target, beta=self.beta)


@dataclass(frozen=True)
class SquaredLog:
    """Mean squared difference of ln(1 + value), for values above -1: MSLE, the loss of DECORAS."""

    kind: ClassVar[str] = "squared_log"

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        return functional.mse_loss(torch.log1p(prediction), torch.log1p(target))


@dataclass(frozen=True)
class CrossEntropy:
    """Mean binary cross entropy of probabilities against targets in [0, 1].

    Unlike `L1`, it keeps a gradient when a sigmoid saturates on the wrong side. The entropy of
    the targets is subtracted, so a perfect prediction scores 0.
    """

    kind: ClassVar[str] = "cross_entropy"

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        entropy = functional.binary_cross_entropy(target, target)
        return functional.binary_cross_entropy(prediction, target) - entropy


@dataclass(frozen=True)
class DSSIM:
    """Structural dissimilarity (1 - SSIM) / 2 of images (b, c, y, x) (Eqs 7 to 11).

    Local means are Gaussian-weighted over a window that lies wholly inside the image.
    `dynamic_range` is the L of Eqs 9 and 10: 1 for images in [0, 1]. (The paper's 2^32 - 1 makes
    both constants so large that SSIM is 1 for any images.)
    """

    kind: ClassVar[str] = "dssim"

    window_px: int = 11
    sigma_px: float = 1.5
    dynamic_range: float = 1.0
    k1: float = 0.01
    k2: float = 0.03

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        c1, c2 = (self.k1 * self.dynamic_range) ** 2, (self.k2 * self.dynamic_range) ** 2
        x, y = prediction.flatten(0, 1).unsqueeze(1), target.flatten(0, 1).unsqueeze(1)
        n = x.shape[0]
        means = self._local_mean(torch.cat([x, y, x * x, y * y, x * y]))
        mean_x, mean_y, mean_xx, mean_yy, mean_xy = torch.split(means, n)
        variances = mean_xx - mean_x**2 + mean_yy - mean_y**2
        covariance = mean_xy - mean_x * mean_y
        numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
        denominator = (mean_x**2 + mean_y**2 + c1) * (variances + c2)
        dissimilarity: Tensor = (1 - (numerator / denominator).mean()) / 2
        return dissimilarity

    def _local_mean(self, images: Tensor) -> Tensor:
        offset = torch.arange(self.window_px, device=images.device, dtype=images.dtype)
        offset = offset - (self.window_px - 1) / 2
        kernel = torch.exp(-0.5 * (offset / self.sigma_px) ** 2)
        kernel = kernel / kernel.sum()
        along_y = functional.conv2d(images, kernel.view(1, 1, -1, 1))
        return functional.conv2d(along_y, kernel.view(1, 1, 1, -1))


@dataclass(frozen=True)
class L1ToDssim:
    """a(t) L1 + b(t) DSSIM (Eq 20): a falls linearly from 1 to 0 over `epochs`, b = 1 - a."""

    kind: ClassVar[str] = "l1_to_dssim"

    epochs: int
    dssim: DSSIM = field(default_factory=DSSIM)

    def weights(self, epoch: float) -> tuple[float, float]:
        """(a, b) at an epoch counted from 0; (0, 1) from the last epoch on."""
        b = min(epoch / max(self.epochs - 1, 1), 1.0)
        return 1.0 - b, b

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        a, b = self.weights(epoch)
        return a * L1()(prediction, target) + b * self.dssim(prediction, target)


@dataclass(frozen=True)
class WeightedSum:
    """Sum of `losses`, each multiplied by its weight."""

    kind: ClassVar[str] = "weighted_sum"

    losses: tuple[Loss, ...]
    weights: tuple[float, ...]

    def __call__(self, prediction: Tensor, target: Tensor, epoch: float = 0) -> Tensor:
        """Scalar."""
        parts = zip(self.weights, self.losses, strict=True)
        terms = [weight * loss(prediction, target, epoch) for weight, loss in parts]
        return torch.stack(terms).sum()


Loss: TypeAlias = Union[  # noqa: UP007
    L1, L2, SmoothL1, SquaredLog, CrossEntropy, DSSIM, L1ToDssim, WeightedSum
]
