"""Results that are kept: many of small images, few of large ones."""

from __future__ import annotations

from deepfocus.core.kept import FEW, MANY, SMALL_PX, kept


def test_many_small_and_few_large_results_are_kept() -> None:
    made: list[tuple[int, str]] = []

    @kept(lambda size, name: size)
    def result(size: int, name: str) -> object:
        """Makes something."""
        made.append((size, name))
        return object()

    for size, number in ((SMALL_PX, MANY), (SMALL_PX + 1, FEW)):
        made.clear()
        first = [result(size, str(i)) for i in range(number)]
        assert [result(size, str(i)) for i in range(number)] == first
        assert len(made) == number
        result(size, "one more")
        assert result(size, "0") is not first[0]
    assert result.__doc__ == "Makes something."
