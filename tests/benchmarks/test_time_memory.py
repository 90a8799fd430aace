"""The table of the script that measures time and memory."""

from __future__ import annotations

import time_memory


def test_table_gives_medians_and_the_highest_memory() -> None:
    runs = [
        {
            "seconds": {"step": seconds},
            "peak_bytes": {"step": mib * 2**20},
            "total_s": 2 * seconds,
            "total_peak_bytes": mib * 2**20,
        }
        for seconds, mib in ((1.0, 100), (2.0, 300), (9.0, 200))
    ]
    rows = time_memory.table("simulate", runs, 0.5).splitlines()
    assert rows[2] == "| step | 2.00 | 4.00 | 300 |"
    assert rows[3] == "| **whole process** | 4.00 | 8.00 | 300 |"
