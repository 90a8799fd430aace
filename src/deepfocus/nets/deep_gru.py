"""Deep GRU: from a dirty spectrum to the probability of line emission (section 4.2, Figure 6).

Two layers of gated recurrent units scan the channels in opposite directions, the second reading
the output of the first, and their states are concatenated. In the paper's network, a fully
connected layer then combines the states of all channels, which fixes the number of channels. The
slim network applies the same small perceptron to the states of each channel, so it takes any
number of channels. It also stacks two such pairs of layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class WholeHead:
    """One fully connected layer from all states to all `channels` (the paper's)."""

    kind: ClassVar[str] = "whole_head"

    channels: int = 128


@dataclass(frozen=True)
class ChannelHead:
    """The same small perceptron for each channel: states -> `hidden` -> 1."""

    kind: ClassVar[str] = "channel_head"

    hidden: int = 32


@dataclass(frozen=True)
class DeepGRUConfig:
    """Size of a `DeepGRU`: states per layer, number of layer pairs, and the head."""

    kind: ClassVar[str] = "deep_gru"

    states: int
    pairs: int
    head: WholeHead | ChannelHead

    @classmethod
    def paper(cls) -> DeepGRUConfig:
        """Section 4.2: 32 states per layer, latent vector 64 x 128."""
        return cls(states=32, pairs=1, head=WholeHead(128))

    @classmethod
    def slim(cls) -> DeepGRUConfig:
        """The shipped size."""
        return cls(states=32, pairs=2, head=ChannelHead(32))


class DeepGRU(nn.Module):
    """Standardised spectrum (b, chan) -> emission probability (b, chan) in [0, 1]."""

    def __init__(self, config: DeepGRUConfig) -> None:
        super().__init__()
        self.config = config
        inputs = (1, *([2 * config.states] * (config.pairs - 1)))
        self.pairs = nn.ModuleList(OppositePair(width, config.states) for width in inputs)
        self.head = _head(config)

    def forward(self, spectrum: Tensor) -> Tensor:
        """Emission probability for `spectrum` (b, chan), the same shape."""
        states = spectrum.unsqueeze(2)
        for pair in self.pairs:
            states = pair(states)
        if isinstance(self.config.head, WholeHead):
            return torch.sigmoid(self.head(states.flatten(1)))
        return torch.sigmoid(self.head(states).squeeze(2))


class OppositePair(nn.Module):
    """A GRU from low to high frequency, then one from high to low that reads its output."""

    def __init__(self, inputs: int, states: int) -> None:
        super().__init__()
        self.upward = nn.GRU(inputs, states, batch_first=True)
        self.downward = nn.GRU(states, states, batch_first=True)

    def forward(self, series: Tensor) -> Tensor:
        """`series` (b, chan, inputs) -> (b, chan, 2 * states)."""
        up, _ = self.upward(series)
        down, _ = self.downward(up.flip(1))
        return torch.cat([up, down.flip(1)], dim=2)


def _head(config: DeepGRUConfig) -> nn.Module:
    width = 2 * config.states
    if isinstance(config.head, WholeHead):
        return nn.Linear(width * config.head.channels, config.head.channels)
    hidden = config.head.hidden
    return nn.Sequential(nn.Linear(width, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1))
