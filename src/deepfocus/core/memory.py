"""Memory available to this process, the error if arrays do not fit in it, and its peak.

If arrays do not fit, the kernel kills the process without a message, so large steps ask first.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from deepfocus.core.errors import DeepFocusError


def require_memory(needed_bytes: float, what: str, *, remedy: str) -> None:
    """Raises `DeepFocusError` if `what` needs more memory than is available."""
    available = available_bytes()
    if available is not None and needed_bytes > available:
        raise DeepFocusError(
            f"{what} would take {_gigabytes(needed_bytes)} of memory",
            wanted=f"at most the {_gigabytes(available)} that this machine has available",
            remedy=remedy,
        )


def peak_bytes() -> int:
    """Peak resident size of this process, counted from `forget_peak` if the system allows it.

    On Linux, ru_maxrss is not used: a process inherits its parent's through fork and exec.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(li.split()[1]) for li in status if li.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if platform.system() == "Darwin" else peak * 1024


def forget_peak() -> None:
    """Reset the peak to the current resident size (Linux only; elsewhere the old peak stays)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory that is free or can be freed, within the limits of this process's control groups.

    None if the system does not report it (no /proc). root : parent folder of /proc and /sys
    """
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = {name: value.split()[0] for name, _, value in (li.partition(":") for li in lines)}
    if "MemAvailable" not in kilobytes:
        return None
    return min([int(kilobytes["MemAvailable"]) * 1024, *_left_in_groups(root)])


def _left_in_groups(root: Path) -> Iterator[int]:
    """Bytes left under each limit set by a batch system or container."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            top, limit, usage = root / "sys/fs/cgroup", "memory.max", "memory.current"
            cache = "inactive_file"
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
            cache = "total_inactive_file"
        else:
            continue
        group = Path(os.path.normpath(top / path.lstrip("/")))
        # in a container the path may be the host's; then only the top folder exists
        for folder in (group, *group.parents):
            if not folder.is_relative_to(top):
                break
            left = _left_in(folder, limit=limit, usage=usage, cache=cache)
            if left is not None:
                yield left


def _left_in(folder: Path, *, limit: str, usage: str, cache: str) -> int | None:
    """Limit minus usage, not counting reclaimable page cache as used. None if there is no limit."""
    try:
        most, used = ((folder / name).read_text(encoding="ascii") for name in (limit, usage))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, int(most) - int(used) + int(stat.get(cache, 0)))
    except (OSError, ValueError):  # "max" is not a number
        return None


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
