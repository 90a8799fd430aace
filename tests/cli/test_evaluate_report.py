"""`deepfocus evaluate RECORDS --report DIR`, from a benchmark of two quick finders to the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.table import Table
from test_simulate_evaluate import SMALL

from deepfocus.cli import main
from deepfocus.io.catalogues import read_catalogue, write_catalogue

pytestmark = pytest.mark.slow  # a benchmark, and some twenty figures in two formats
FIGURES = ("2", "3", "10-12", "16", "18-19", "21", "22")


@pytest.fixture(scope="module")
def benched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of slim and blobcat on two small cubes, and the evaluation of these."""
    folder = tmp_path_factory.mktemp("benched")
    (folder / "small.toml").write_text(SMALL + '[noise]\ntarget_snr = [60.0, 60.0]\n')  # fmt: skip
    command = ["benchmark", str(folder / "small.toml"), "--number", "2", "--workers", "1"]
    for finder in ("slim", "blobcat"):
        command += ["--finder", finder]
    assert main([*command, "--out", str(folder / "small")]) == 0
    report = ["--report", str(folder / "judged")]
    assert main(["evaluate", str(folder / "small"), *report]) == 0
    return folder


def test_tables_agree_with_the_benchmark(benched: Path) -> None:
    judged = Table.read(benched / "judged" / "tables" / "finders.ecsv")
    bench = Table.read(benched / "small" / "benchmark.ecsv")
    ours = {row["finder"]: row for row in judged}
    for row in bench:
        for name in ("tp", "fp", "fn", "recall_low", "precision_high", "line_flux_within_10"):
            mine = name.replace("line_", "")
            assert ours[row["finder"]][mine] == pytest.approx(row[name], nan_ok=True), name
    assert set(ours) == {"slim", "blobcat"}


def test_counts_are_those_of_the_catalogues(benched: Path) -> None:
    """By hand: each truth has two sources, so what is found and missed adds up to four."""
    for row in Table.read(benched / "judged" / "tables" / "finders.ecsv"):
        folder = benched / "small" / "found" / row["finder"]
        accepted = sum(
            len(read_catalogue(folder / f"{key}.ecsv").accepted) for key in (2000000, 2000001)
        )
        assert row["tp"] + row["fp"] == accepted
        assert row["tp"] + row["fn"] == 4
        lost = Table.read(benched / "judged" / "tables" / "small.lost-at.ecsv")
        assert lost["lost"][lost["finder"] == row["finder"]].sum() == row["fn"]


def test_figures_and_page_are_there(benched: Path) -> None:
    figures = {path.name for path in (benched / "judged" / "figures").iterdir()}
    for number in FIGURES:
        assert {f"small.figure-{number}.png", f"small.figure-{number}.pdf"} <= figures
    for name in ("completeness", "bounds", "pulls", "reliability", "lost"):
        assert f"small.{name}.png" in figures
    page = (benched / "judged" / "index.html").read_text(encoding="utf-8")
    assert "://" not in page
    assert page.count("<img") == len([name for name in figures if name.endswith(".png")])


def test_the_same_again_replaces_it(benched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = benched / "judged" / "index.html"
    before = page.read_bytes()
    command = ["evaluate", str(benched / "small"), "--report", str(benched / "judged")]
    assert main(command) == 0
    assert str(page) in capsys.readouterr().out
    assert page.read_bytes() == before


def test_without_a_report_it_prints_the_comparison(
    benched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = tmp_path / "numbers.json"
    assert main(["evaluate", str(benched / "small"), "--json", str(numbers)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## small: 2 cubes, 4 true sources")
    assert "slim - blobcat" in printed
    assert '"small": {' in numbers.read_text()


def test_folders_of_catalogues_and_truths_are_reported_too(
    tmp_path: Path, benched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in (2000000, 2000001):
        truth = read_catalogue(benched / "small" / "truth" / f"{key}.ecsv")
        write_catalogue(truth, tmp_path / "true" / f"{key}.truth.ecsv")
        write_catalogue(truth, tmp_path / "mine" / f"{key}.catalogue.ecsv")
    places = [str(tmp_path / "mine"), str(tmp_path / "true")]
    assert main(["evaluate", *places, "--report", str(tmp_path / "judged")]) == 0
    assert "### Detection: 2 cubes, 4 true sources" in capsys.readouterr().out
    (row,) = Table.read(tmp_path / "judged" / "tables" / "finders.ecsv")
    assert (row["set"], row["finder"]) == ("true", "mine")
    assert (row["tp"], row["fp"], row["fn"]) == (4, 0, 0)
    names = {path.name for path in (tmp_path / "judged" / "figures").iterdir()}
    assert "true.figure-20.mine.png" in names
    assert not any("figure-10" in name for name in names)


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        (["nowhere"], "nowhere has no records"),
        (["small", "nowhere"], "nowhere has no records"),
        (["small", "small"], "two sets are called small"),
        (["a", "b", "c"], "a has no records"),
    ],
)
def test_what_has_no_records_or_does_not_match_is_one_line(
    places: list[str], complaint: str, benched: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(benched)
    report = tmp_path / "judged"
    assert main(["evaluate", *places, "--report", str(report)]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert len(said.splitlines()) == 1
    assert not report.exists()


def test_a_foreign_folder_is_left_alone(
    benched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "letters"
    mine.mkdir()
    (mine / "index.html").write_text("mine")
    command = ["evaluate", str(benched / "small"), "--report"]
    assert main([*command, str(mine)]) == 2
    assert "letters has other files in it" in capsys.readouterr().err
    assert (mine / "index.html").read_text() == "mine"
    assert main([*command, str(benched / "small")]) == 2
    assert "made with other settings" in capsys.readouterr().err
    assert main([*command, str(mine / "index.html")]) == 2
    assert "is a file" in capsys.readouterr().err
