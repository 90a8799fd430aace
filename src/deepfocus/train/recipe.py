"""How a network is trained: everything that the loop needs beside the network and its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfocus.nets.losses import L1, Loss
from deepfocus.train.early_stopping import EarlyStopping


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; the defaults are the paper's (section 4.5).

    loss : of the training, at the current epoch
    validation_loss : of the validation; None for `loss` as it is in the last epoch, so that
        the losses of all epochs can be compared though a schedule changes the training's
    learning_rate : peak rate of Adam
    weight_decay : of Adam (added to the gradient)
    epochs : most epochs; early stopping or `max_minutes` may end sooner
    batch : examples a batch; for who makes the batches, the loop takes them as they come
    warm_up : iterations in which the learning rate rises from 0
    cosine : whether the learning rate then falls to 0
    clip : largest norm of the gradient, 0 for no limit
    early_stopping : see `EarlyStopping`
    max_minutes : the training stops at the end of the first epoch past it, 0 for no limit;
        schedules then follow whichever of epochs and minutes is nearer its end
    bfloat16 : forward pass in bfloat16 where torch allows it: twice as fast on CPUs that have it
    seed : of the weights' initialisation (by the caller) and of torch's generator
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
