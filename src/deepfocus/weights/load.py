"""Networks ready to run: an ONNX Runtime session from a graph and its weights, with the card.

The graph file contains no weights; they come from the safetensors file next to it, which training
also reads. Each session uses one thread; to use more cores, run more processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from deepfocus.core.errors import DeepFocusError
from deepfocus.weights.card import Card, read_card

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")

SHIPPED = Path(__file__).parent / "data"
MAX_BATCH = 64  # examples per call of the session; keeps memory bounded for crowded fields


@dataclass(frozen=True, eq=False)
class Network(Generic[I, T]):
    """A network that is ready to run.

    card : metadata of its weights; input : what it sees; target : what its output means
    parameters : number of its weights
    """

    card: Card
    input: I
    target: T
    parameters: int
    _session: InferenceSession

    def run(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs (b, ...) of encoded inputs (b, ...); b may be 0.

        Raises `DeepFocusError` if the inputs do not have the network's shape.
        """
        inputs = np.ascontiguousarray(batch, dtype=np.float32)
        self._refuse_shape(inputs.shape)
        if len(inputs) == 0:
            one = np.zeros((1, *inputs.shape[1:]), np.float32)
            return self._run(one)[:0]
        starts = range(0, len(inputs), MAX_BATCH)
        return np.concatenate([self._run(inputs[start : start + MAX_BATCH]) for start in starts])

    def _refuse_shape(self, shape: tuple[int, ...]) -> None:
        wanted = self._session.get_inputs()[0].shape  # axes of variable length have names
        fixed = [(a, b) for a, b in zip(shape, wanted, strict=False) if isinstance(b, int)]
        if len(shape) != len(wanted) or any(a != b for a, b in fixed):
            raise DeepFocusError(
                f"the network '{self.card.role}' got inputs of {_times(shape[1:])}",
                wanted=f"{_times(wanted[1:])}, as it was trained",
                remedy="correct the input on its card, or use networks trained for it",
            )

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32]
        (output,) = self._session.run(None, {"input": inputs})
        return output


def load_network(folder: Path | None, role: str, sees: type[I], answers: type[T]) -> Network[I, T]:
    """Load the network of a role from ``<role>.onnx``, ``.safetensors`` and ``.json`` in a folder.

    folder : None for the shipped networks
    sees, answers : the input and target that its card must name

    Raises `DeepFocusError` if a file is missing or damaged, if the weights do not match the card,
    or if the network has another input or target.
    """
    folder = SHIPPED if folder is None else Path(folder)
    path = folder / f"{role}.json"
    card = read_card(path)
    if not isinstance(card.input, sees) or not isinstance(card.target, answers):
        raise DeepFocusError(
            f"the network of {path} sees {card.input.kind} and answers {card.target.kind}",
            wanted=f"{_kind(sees)} and {_kind(answers)}, which its role takes",
            remedy="name a folder of networks that were trained for these roles",
        )
    weights = _checked_weights(folder / f"{role}.safetensors", card)
    return Network(
        card,
        card.input,
        card.target,
        sum(array.size for array in weights.values()),
        _session(folder / f"{role}.onnx", weights),
    )


def _kind(part: type) -> str:
    return str(getattr(part, "kind", part.__name__))


def _checked_weights(path: Path, card: Card) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or "unreadable") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise _unusable(path, "not the weights that its card describes")
    return load(content)


def _session(path: Path, weights: dict[str, NDArray[Any]]) -> InferenceSession:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only; the warnings are about how the graph was made
    values = [ort.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no documented common base
        raise _unusable(path, str(error).splitlines()[0]) from error


def _times(shape: Sequence[int | str]) -> str:
    return " x ".join(str(length) for length in shape)


def _unusable(path: Path, reason: str) -> DeepFocusError:
    return DeepFocusError(
        f"cannot use {path}: {reason}",
        wanted="an exported network: graph, weights and card of one training",
        remedy="export it again, or leave the folder out for the shipped weights",
    )
