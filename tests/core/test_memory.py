"""Available memory as the system and its control groups report it; what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.core import memory
from deepfocus.core.errors import DeepFocusError

GB = 10**9


def system(root: Path, *, available_kb: int, groups: str, files: dict[str, str]) -> Path:
    """A root folder whose /proc and /sys report these values."""
    everything = {
        "proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {available_kb} kB\nHugePages: 0\n",
        "proc/self/cgroup": groups,
        **files,
    }
    for name, text in everything.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_limits_it_is_what_the_system_has(tmp_path: Path) -> None:
    root = system(tmp_path, available_kb=2_000_000, groups="0::/\n", files={})
    assert memory.available_bytes(root) == 2_048_000_000


def test_the_tightest_group_above_counts_and_the_page_cache_gives_way(tmp_path: Path) -> None:
    slice_, job = "sys/fs/cgroup/slice", "sys/fs/cgroup/slice/job"
    files = {
        f"{job}/memory.max": "max\n",
        f"{job}/memory.current": "5\n",
        f"{job}/memory.stat": "inactive_file 0\n",
        f"{slice_}/memory.max": "1000000\n",
        f"{slice_}/memory.current": "700000\n",
        f"{slice_}/memory.stat": "anon 3\ninactive_file 50000\n",
    }
    root = system(tmp_path, available_kb=2_000_000, groups="0::/slice/job\n", files=files)
    assert memory.available_bytes(root) == 350_000


def test_groups_of_the_first_version(tmp_path: Path) -> None:
    folder = "sys/fs/cgroup/memory"
    files = {
        f"{folder}/memory.limit_in_bytes": "1000\n",
        f"{folder}/memory.usage_in_bytes": "400\n",
        f"{folder}/memory.stat": "total_inactive_file 100\n",
    }
    # in a container the path is the host's and does not exist
    groups = "5:cpu,cpuacct:/a\n4:memory:/docker/0123\n"
    root = system(tmp_path, available_kb=2_000_000, groups=groups, files=files)
    assert memory.available_bytes(root) == 700


def test_a_system_that_does_not_tell_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memory.available_bytes(tmp_path) is None
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.require_memory(1e18, "everything", remedy="none")


def test_what_does_not_fit_is_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 16 * GB)
    memory.require_memory(16 * GB, "a cube", remedy="give a smaller size")
    with pytest.raises(DeepFocusError) as caught:
        memory.require_memory(17.3 * GB, "a cube", remedy="give a smaller size")
    message = "a cube would take 17.3 GB of memory; wanted at most the 16 GB that this machine has"
    assert message in str(caught.value)
    assert str(caught.value).endswith("; give a smaller size")


def test_this_machine_has_memory() -> None:
    available = memory.available_bytes()
    # below a petabyte: a group without a limit reports 2^63
    assert available is None or 10**6 < available < 10**15
