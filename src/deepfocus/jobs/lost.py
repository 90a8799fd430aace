"""Items on which workers die, as on a cube that takes more memory than there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from deepfocus.core.errors import DeepFocusError

Item = TypeVar("Item")
Result = TypeVar("Result")


@runtime_checkable
class Survivor(Protocol):
    """A job whose run goes on without an item on which workers keep dying."""

    def lost(self, item: Any, error: DeepFocusError) -> Any:
        """What stands for the result of such an item."""
        ...


def result_of_lost(job: Callable[[Item], Result], item: Item, died: int) -> Result:
    """What stands for it, if the job says so. Raises `DeepFocusError` if not."""
    named = getattr(item, "origin", item)
    error = DeepFocusError(
        f"{died} worker processes died on {named}",
        wanted="workers that survive, with enough memory for one job each",
        remedy="give them more memory, or use fewer at a time; the run resumes where it stopped",
    )
    if isinstance(job, Survivor):
        result: Result = job.lost(item, error)
        return result
    raise error
