"""Progress of a run: items finished earlier count, and each further one is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Report = Callable[[int, int, str], None]
"""Called with the number of items done, the total, and the name of the last one."""


def silent(done: int, total: int, name: str) -> None:
    """A report that prints nothing."""


@dataclass
class Tally:
    """Counts the items of a run, which may be a resumed one.

    total : number of items; done : finished so far; report : called after each further one
    """

    total: int
    done: int
    report: Report = silent

    def count(self, name: str) -> None:
        """Count one more finished item, `name`, and report it."""
        self.done += 1
        self.report(self.done, self.total, name)
