"""Where torch runs: a processor or an accelerator, and what makes it fast there.

On an accelerator, convolutions are in bfloat16 where torch allows it (weights and losses stay in
single precision), matrices in TF32, Adam is one kernel, the network is compiled, and batches are
made and sent while the one before is learned from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deepfocus.core.errors import DeepFocusError

DEVICES = ("auto", "cpu", "cuda")
AHEAD = 4
"""Batches that are made before they are needed."""

Batch = tuple[NDArray[Any], NDArray[Any]]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Machine:
    """threads : of torch on a processor; device : torch's name of it"""

    threads: int = 1
    device: str = "cpu"

    @property
    def accelerated(self) -> bool:
        """Whether it is no processor."""
        return self.device != "cpu"

    def tensor(self, array: NDArray[Any]) -> Tensor:
        """A batch on the device; images are stored with channels last."""
        tensor = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
        if self.accelerated:
            tensor = tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor

    def tensors(self, batches: Iterable[Batch]) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets on the device, made ahead where learning does not take the cores."""
        pairs = ((self.tensor(one), self.tensor(other)) for one, other in batches)
        return made_ahead(pairs, AHEAD) if self.accelerated else pairs

    def placed(self, model: nn.Module) -> nn.Module:
        """The model on the device, in place. What torch sets for all of a process is set."""
        torch.set_num_threads(self.threads)
        if self.accelerated:
            torch.set_float32_matmul_precision("high")
        model.to(self.device)
        # Image convolutions run a fifth faster on CPU with channels last in memory.
        # (torch's annotations lack this form of `to`.)
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def compiled(self, model: nn.Module) -> nn.Module:
        """What learns in the model's place, with the same weights."""
        # seconds to compile; a processor gains nothing
        return torch.compile(model) if self.accelerated else model  # type: ignore[return-value]

    def adam(self, model: nn.Module, *, rate: float, weight_decay: float) -> torch.optim.Optimizer:
        """The optimiser of the paper."""
        return torch.optim.Adam(
            model.parameters(), lr=rate, weight_decay=weight_decay, fused=self.accelerated
        )

    def precision(self, *, bfloat16: bool) -> AbstractContextManager[Any]:
        """In which networks compute. bfloat16 : whether a recipe asks for it on a processor"""
        wanted = bfloat16 or self.accelerated
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=wanted)


PROCESSOR = Machine()


def machine_of(device: str, *, threads: int = 1) -> Machine:
    """The machine that a user asks for: 'auto' is an accelerator if torch sees one.

    Raises `DeepFocusError` for another name, or an accelerator that is not there.
    """
    if device not in DEVICES:
        raise DeepFocusError(
            f"no device is called '{device}'",
            wanted=f"one of {', '.join(DEVICES)}",
            remedy="leave it out: auto takes the fastest that there is",
        )
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise DeepFocusError(
            "torch sees no CUDA device",
            wanted="an NVIDIA GPU, its driver, and a torch that was built for it",
            remedy="train on the processor with --device cpu, or install another torch",
        )
    return Machine(threads, "cuda" if there and device != "cpu" else "cpu")


def made_ahead(items: Iterable[Item], number: int) -> Iterator[Item]:
    """The items, made by a thread of their own, up to a number before they are asked for."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(number)
    ended = threading.Event()

    def put(kind: str, item: Any) -> bool:
        while not ended.is_set():
            try:
                ready.put((kind, item), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # it belongs to whoever asks for the item
            put("error", error)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while True:
            kind, item = ready.get()
            if kind == "error":
                raise item
            if kind == "end":
                return
            yield item
    finally:
        ended.set()
        thread.join()
