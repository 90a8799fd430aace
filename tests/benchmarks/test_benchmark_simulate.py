"""The script that measures the simulator: it runs, and what it says adds up."""

from __future__ import annotations

import json
import math

import pytest
import simulate


def test_a_small_run(capsys: pytest.CaptureFixture[str]) -> None:
    cases = ["noise-free", "thermal"]
    simulate.main(["--sizes", "8x160", "--repeat", "1", "--fits", "--cases", *cases])
    *tables, last = capsys.readouterr().out.splitlines()
    result = json.loads(last)["sizes"]["8x160"]
    assert set(result) == {"reference", *cases}
    for case in cases:
        one = result[case]
        steps = set(simulate.STEPS) - ({"noise"} if case == "noise-free" else set())
        assert set(one["seconds"]) == steps
        assert math.isclose(sum(one["seconds"].values()), one["cube_s"])
        assert one["once"]["imports"] > 0.05
        assert one["once"]["array set-up"] > 0.01
        peaks = one["peaks"]
        # beams are made on top of the imports, and a cube of 0.8 MB is little beside them
        assert 2**25 < peaks["after imports"] < peaks["array set-up"]
        assert one["growth_cubes"] < one["whole_cubes"]
    assert "writing FITS" in result["thermal"]["once"]
    assert any(line.startswith("| **each further cube (CPU-s)**") for line in tables)
    assert any(line.startswith("| 8x160 | 0.2 M |") for line in tables)
