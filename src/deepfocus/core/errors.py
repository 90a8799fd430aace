"""Errors a user can act on: what came, what was wanted, what to do."""

from __future__ import annotations

from functools import partial
from typing import Any


class DeepFocusError(Exception):
    """Bad input. The command line prints it as one line and exits with code 2.

    Parameters
    ----------
    came : what was found, e.g. ``"notes.txt is not a FITS file"``
    wanted : what was expected, e.g. ``"a FITS cube with two celestial axes and one spectral"``
    remedy : what the user can do, e.g. ``"export the image with CASA's exportfits"``
    """

    def __init__(self, came: str, *, wanted: str, remedy: str) -> None:
        self.came, self.wanted, self.remedy = came, wanted, remedy
        super().__init__(f"{came}; wanted {wanted}; {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the constructor's arguments when a worker process sends the error."""
        return partial(type(self), wanted=self.wanted, remedy=self.remedy), (self.came,)
