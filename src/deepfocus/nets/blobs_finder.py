"""Blobs Finder: from the integrated dirty image to a map of source probability (section 4.1).

A convolutional autoencoder: four blocks each halve the resolution, a bottleneck sees the whole
image, and a decoder restores the resolution. The paper's network has a fully connected bottleneck
and no skip connections. The slim one is fully convolutional, with a bottleneck of dilated
convolutions and with skips, because a position need not be squeezed through a vector when the
image itself is available.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

IMAGE_PX = 256  # side of the image, Table 3
HALVINGS = 4  # conv blocks, each with stride 2


@dataclass(frozen=True)
class Dense:
    """Bottleneck of two fully connected layers through `atoms` numbers (Table 3: FC 1, FC 2)."""

    kind: ClassVar[str] = "dense"

    atoms: int = 1024


@dataclass(frozen=True)
class Dilated:
    """Bottleneck of residual 3x3 convolutions, one for each dilation.

    At a sixteenth of the resolution, dilations 1, 2, 4, 8 reach 15 * 16 = 240 px to each side, so
    the network can tell a sidelobe anywhere in the image from the peak that causes it.
    """

    kind: ClassVar[str] = "dilated"

    dilations: tuple[int, ...] = (1, 2, 4, 8)


@dataclass(frozen=True)
class BlobsFinderConfig:
    """Size of a `BlobsFinder`.

    encoder : feature maps after each of the four conv blocks
    decoder : feature maps after each deconv block
    bottleneck : `Dense` (image size fixed to 256x256) or `Dilated` (any multiple of 16)
    skips : whether each deconv block also sees the encoder's features at its resolution
    sub_pixel : side of the square of pixels that the final block predicts from one feature
        vector; the decoder has four blocks with 1, three with 2. Half of a large network's time
        goes into the last doubling, which sources several pixels wide do not need.
    """

    kind: ClassVar[str] = "blobs_finder"

    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    bottleneck: Dense | Dilated
    skips: bool
    sub_pixel: int = 1

    def __post_init__(self) -> None:
        if len(self.encoder) != HALVINGS:
            raise ValueError(f"the encoder has {HALVINGS} widths, not {len(self.encoder)}")
        if 2 ** len(self.decoder) * self.sub_pixel != 2**HALVINGS:
            raise ValueError("decoder and sub_pixel do not lead back to the image's size")

    @classmethod
    def paper(cls) -> BlobsFinderConfig:
        """Table 3."""
        return cls((8, 16, 32, 64), (32, 16, 8, 1), Dense(1024), skips=False)

    @classmethod
    def slim(cls) -> BlobsFinderConfig:
        """The shipped size: fewer than half a million weights."""
        return cls((12, 24, 48, 64), (40, 20, 12), Dilated((1, 2, 4, 8)), skips=True, sub_pixel=2)


class BlobsFinder(nn.Module):
    """Integrated dirty image (b, 1, y, x) -> source probability (b, 1, y, x) in [0, 1]."""

    def __init__(self, config: BlobsFinderConfig) -> None:
        super().__init__()
        self.config = config
        inputs = (1, *config.encoder[:-1])
        self.encoder = nn.ModuleList(map(_conv_block, inputs, config.encoder))
        self.bottleneck = bottleneck_of(config.bottleneck, config.encoder[-1])
        skips = inputs[::-1] if config.skips else (0,) * HALVINGS
        below = (config.encoder[-1], *config.decoder[:-1])
        blocks = zip(below, skips, config.decoder, strict=False)
        self.decoder = nn.ModuleList(itertools.starmap(DeconvBlock, blocks))
        self.final = _final_block(config)

    def forward(self, image: Tensor) -> Tensor:
        """Probability map of `image` (b, 1, y, x), the same shape."""
        features, passed = image, []
        for block in self.encoder:
            passed.append(features)
            features = block(features)
        features = self.bottleneck(features)
        for block, skip in zip(self.decoder, reversed(passed), strict=False):
            features = block(features, skip if self.config.skips else None)
        probability: Tensor = self.final(features)
        return probability


class DeconvBlock(nn.Module):
    """Doubles the resolution by bilinear interpolation and by a transposed convolution.

    The two results are concatenated (with the skip, if any) and convolved twice with stride 1;
    the paper's "stride 2" for this convolution would contradict its own Table 3.
    """

    def __init__(self, below: int, skip: int, width: int) -> None:
        super().__init__()
        self.upsample = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.LeakyReLU(),
            nn.BatchNorm2d(below),
        )
        self.learned_upsample = nn.Sequential(
            nn.ConvTranspose2d(below, width, 3, stride=2, padding=1, output_padding=1),
            nn.LeakyReLU(),
            nn.BatchNorm2d(width),
        )
        self.convolve = nn.Sequential(
            nn.Conv2d(below + width + skip, width, 3, padding=1),
            nn.LeakyReLU(),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, features: Tensor, skip: Tensor | None) -> Tensor:
        """`features` (b, below, y, x), `skip` (b, skip, 2y, 2x) -> (b, width, 2y, 2x)."""
        parts = [self.upsample(features), self.learned_upsample(features)]
        if skip is not None:
            parts.append(skip)
        doubled: Tensor = self.convolve(torch.cat(parts, dim=1))
        return doubled


class DenseBottleneck(nn.Module):
    """Squeezes the encoder's 16x16 features through one vector (FC 1 and FC 2 of Table 3)."""

    def __init__(self, width: int, atoms: int) -> None:
        super().__init__()
        side = IMAGE_PX // 2**HALVINGS
        self.shape = (width, side, side)
        self.fc1 = nn.Linear(width * side * side, atoms)
        self.fc2 = nn.Linear(atoms, width * side * side)

    def forward(self, features: Tensor) -> Tensor:
        """(b, width, 16, 16) -> the same shape."""
        restored: Tensor = self.fc2(self.fc1(features.flatten(1))).unflatten(1, self.shape)
        return restored


class DilatedBottleneck(nn.Module):
    """Residual convolutions with growing dilation at the encoder's last resolution."""

    def __init__(self, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation),
                nn.LeakyReLU(),
                nn.BatchNorm2d(width),
            )
            for dilation in dilations
        )

    def forward(self, features: Tensor) -> Tensor:
        """(b, width, y, x) -> the same shape."""
        for convolution in self.convolutions:
            features = features + convolution(features)
        return features


def bottleneck_of(part: Dense | Dilated, width: int) -> nn.Module:
    """The bottleneck of a config, after an encoder whose last block has `width` feature maps."""
    if isinstance(part, Dense):
        return DenseBottleneck(width, part.atoms)
    return DilatedBottleneck(width, part.dilations)


def _final_block(config: BlobsFinderConfig) -> nn.Sequential:
    convolution = nn.Conv2d(config.decoder[-1], config.sub_pixel**2, 1)
    if config.sub_pixel == 1:
        return nn.Sequential(convolution, nn.Sigmoid())
    return nn.Sequential(convolution, nn.PixelShuffle(config.sub_pixel), nn.Sigmoid())


def _conv_block(inputs: int, outputs: int) -> nn.Sequential:
    """Halves the resolution (Figure 4). Leaky ReLU and batch norm follow each convolution."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
        nn.LeakyReLU(),
        nn.BatchNorm2d(outputs),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.LeakyReLU(),
        nn.BatchNorm2d(outputs),
    )
