"""How a network is trained: everything that the loop needs except the network and its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfocus.nets.losses import L1, Loss
from deepfocus.train.early_stopping import EarlyStopping
from deepfocus.train.least import check_least


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; the defaults are the paper's (section 4.5).

    loss : training loss, at the current epoch
    validation_loss : None for `loss` as in the last epoch, so that epochs can be compared even
        if a schedule changes the training loss
    learning_rate : Adam's peak learning rate
    weight_decay : Adam's weight decay (added to the gradient)
    epochs : maximum number of epochs; early stopping or `max_minutes` may stop sooner
    batch : examples per batch; used by the code that makes batches, not by the loop
    warm_up : iterations over which the learning rate rises from 0
    cosine : whether the learning rate then falls to 0 along a cosine
    clip : maximum norm of the gradient, 0 for no limit
    early_stopping : see `EarlyStopping`
    max_minutes : training stops at the end of the first epoch past it, 0 for no limit; if set,
        schedules follow epochs or minutes, whichever is nearer its end
    bfloat16 : forward pass in bfloat16 if torch allows it: twice as fast on CPUs that support it
    seed : seed of torch's generator and (set by the caller) of the initial weights
    """

    loss: Loss = field(default_factory=L1)
    validation_loss: Loss | None = None
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    epochs: int = 300
    batch: int = 32
    warm_up: int = 10
    cosine: bool = False
    clip: float = 1.0
    early_stopping: EarlyStopping = field(default_factory=EarlyStopping)
    max_minutes: float = 0.0
    bfloat16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_least(
            "truth or predicted",
            {
                "epochs": (self.epochs, 1),
                "batch": (self.batch, 1),
                "learning_rate": (self.learning_rate, 0),
                "weight_decay": (self.weight_decay, 0),
                "warm_up": (self.warm_up, 0),
                "clip": (self.clip, 0),
                "max_minutes": (self.max_minutes, 0),
                "seed": (self.seed, 0),
            },
        )
