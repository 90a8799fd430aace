"""Plots the losses of a training run against epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepfocus.core.files import whole_file
from deepfocus.train.checkpoint import Epoch, best_epoch


def draw_curve(path: Path, history: Sequence[Epoch], *, title: str) -> None:
    """Write a PNG with the training and validation loss of each epoch."""
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [epoch.epoch for epoch in history]
    axes.plot(epochs, [epoch.train_loss for epoch in history], label="training")
    axes.plot(epochs, [epoch.validation_loss for epoch in history], label="validation")
    axes.axvline(best_epoch(history), color="0.7", linestyle=":", label="best")
    if all(min(epoch.train_loss, epoch.validation_loss) > 0 for epoch in history):
        axes.set_yscale("log")
    axes.set(title=title, xlabel="epoch", ylabel="loss")
    axes.legend()
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120)
