"""ResNet: from a focused 64x64 image of a source to one property (section 4.3, Figures 7, 8).

A stem, four pairs of residual blocks, pooling and a perceptron. The first block of each of the
last three pairs halves the resolution. Skips are added, not concatenated: concatenation would
double the number of feature maps at each block and contradict the paper's own shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

IMAGE_PX = 64  # side of the focused image


@dataclass(frozen=True)
class ResNetConfig:
    """Size of a `ResNet`.

    widths : feature maps of the four pairs of blocks
    pooled_px : side to which the last feature maps (4x4 for a 64x64 image) are max-pooled; 1
        discards the position of a feature, 4 keeps it
    hidden : width of the first fully connected layer
    outputs : number of quantities measured
    """

    kind: ClassVar[str] = "resnet"

    widths: tuple[int, int, int, int]
    pooled_px: int
    hidden: int
    outputs: int = 1

    @classmethod
    def paper(cls, outputs: int = 1) -> ResNetConfig:
        """Section 4.3: 512 features of 4x4 pixels, pooled to a vector."""
        return cls((64, 128, 256, 512), pooled_px=1, hidden=512, outputs=outputs)

    @classmethod
    def slim(cls, outputs: int = 1) -> ResNetConfig:
        """The shipped size. It keeps positions, which matter because the source is centred."""
        return cls((16, 32, 48, 64), pooled_px=4, hidden=64, outputs=outputs)


class ResNet(nn.Module):
    """Focused image (b, 1, 64, 64) -> measured quantities (b, outputs)."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        first = config.widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(first), nn.ReLU()
        )
        inputs = (first, *config.widths[:-1])
        self.blocks = nn.ModuleList(map(_pair, inputs, config.widths))
        self.pool = nn.AdaptiveMaxPool2d(config.pooled_px)
        self.perceptron = nn.Sequential(
            nn.Linear(config.widths[-1] * config.pooled_px**2, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.outputs),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Measured quantities (b, outputs) of `image` (b, 1, 64, 64)."""
        features = self.stem(image)
        for block in self.blocks:
            features = block(features)
        quantities: Tensor = self.perceptron(self.pool(features).flatten(1))
        return quantities


class ResBlock(nn.Module):
    """Two convolutional blocks with a skip connection (Figure 7).

    If the number of feature maps grows, the first convolution has stride 2 and the skip is
    another convolutional block; otherwise the skip is the input itself.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        halve = inputs != outputs
        stride = 2 if halve else 1
        self.convolve = nn.Sequential(
            _conv_block(inputs, outputs, stride), _conv_block(outputs, outputs, 1)
        )
        self.skip = _conv_block(inputs, outputs, stride) if halve else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """(b, inputs, y, x) -> (b, outputs, y / stride, x / stride)."""
        return torch.relu(self.convolve(features) + self.skip(features))


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(ResBlock(inputs, outputs), ResBlock(outputs, outputs))


def _conv_block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(outputs),
    )
