"""How much of a run is done: what was finished before counts, and each further item is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Report = Callable[[int, int, str], None]
"""Called with items done, items in all, and the name of the last one."""


def silent(done: int, total: int, name: str) -> None:
    """The report that says nothing."""


@dataclass
class Tally:
    """Counts the items of a run that may have begun before.

    total : items in all; done : finished so far; report : called after each further one
    """

    total: int
    done: int
    report: Report = silent

    def count(self, name: str) -> None:
        """One more item, `name`, is finished."""
        self.done += 1
        self.report(self.done, self.total, name)
