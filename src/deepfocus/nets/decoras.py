"""The detection network of DECORAS (Rezaei et al. 2022, MNRAS 510, 5891).

A convolutional autoencoder from the integrated dirty image to the sky. What is built here is what
Delli Veneri et al. (2023, section 5.1) compare with: half of the convolutional layers of Blobs
Finder, a latent space of 256 atoms, and a decoder of nothing but transposed convolutions. There
are no skip connections, so all that is known of the sky passes through the latent space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from deepfocus.nets.blobs_finder import HALVINGS, Dense, Dilated, bottleneck_of

UPSAMPLING_PX = 4
"""Kernel of the transposed convolutions. A multiple of their stride, so that all pixels of their
output are sums of as many terms; with 3 they are not, and the image shows a chequerboard."""


@dataclass(frozen=True)
class DecorasConfig:
    """Size of a `Decoras`.

    encoder : feature maps after each of the four convolutions
    decoder : feature maps after each of the four transposed convolutions, the last of them 1
    bottleneck : `Dense` (image size fixed to 256x256) or `Dilated` (any multiple of 16)
    """

    kind: ClassVar[str] = "decoras"

    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    bottleneck: Dense | Dilated

    def __post_init__(self) -> None:
        if len(self.encoder) != HALVINGS or len(self.decoder) != HALVINGS:
            raise ValueError(
                f"encoder and decoder have {HALVINGS} widths each, not {len(self.encoder)} and "
                f"{len(self.decoder)}"
            )
        if self.decoder[-1] != 1:
            raise ValueError(f"the decoder ends in one map, not in {self.decoder[-1]}")

    @classmethod
    def paper(cls) -> DecorasConfig:
        """Delli Veneri et al. (2023): as many feature maps as their Blobs Finder, 256 atoms."""
        return cls((8, 16, 32, 64), (32, 16, 8, 1), Dense(256))

    @classmethod
    def slim(cls) -> DecorasConfig:
        """The shipped size: a latent vector at each sixteenth pixel instead of one for all."""
        return cls((16, 32, 64, 80), (64, 32, 16, 1), Dilated((1, 2, 4, 8)))


class Decoras(nn.Module):
    """Integrated dirty image (b, 1, y, x) -> source probability (b, 1, y, x) in [0, 1]."""

    def __init__(self, config: DecorasConfig) -> None:
        super().__init__()
        self.config = config
        inputs = (1, *config.encoder[:-1])
        self.encoder = nn.Sequential(*map(_halved, inputs, config.encoder))
        self.bottleneck = bottleneck_of(config.bottleneck, config.encoder[-1])
        below = (config.encoder[-1], *config.decoder[:-2])
        self.decoder = nn.Sequential(*map(_doubled, below, config.decoder[:-1]))
        self.final = nn.Sequential(_upsampling(config.decoder[-2], 1), nn.Sigmoid())

    def forward(self, image: Tensor) -> Tensor:
        """Probability map of `image` (b, 1, y, x), the same shape."""
        probability: Tensor = self.final(self.decoder(self.bottleneck(self.encoder(image))))
        return probability


def _halved(inputs: int, outputs: int) -> nn.Sequential:
    """Half the resolution, by one convolution where Blobs Finder has two."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
        nn.LeakyReLU(),
        nn.BatchNorm2d(outputs),
    )


def _doubled(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the resolution."""
    return nn.Sequential(_upsampling(inputs, outputs), nn.LeakyReLU(), nn.BatchNorm2d(outputs))


def _upsampling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, UPSAMPLING_PX, stride=2, padding=1)
