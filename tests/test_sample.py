"""What a standard's protections would keep of a sample is counted on the steward's machine, and told by the check."""

from pathlib import Path

import polars as pl
import pytest

from answers import private
from datadam.adapters.polars_sample import PolarsSampler
from datadam.formats import codelists, odcs
from datadam.model import Bounds, Repeat, Tier
from datadam.ports import Sampled, SampleOrder
from datadam.protections import Clip, Gates
from machines import Machine, a_machine

ENERGY = Path(__file__).parent.parent / "demo" / "data" / "plant_energy_synthetic.csv"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A steward's computer."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Seven rows of three firms, as they are prepared: all texts."""
    path = tmp_path / "rows.parquet"
    pl.DataFrame(
        {
            "firm": ["a", "a", "a", "a", "b", "b", "c"],
            "place": ["x", "x", "y", "y", "x", "z", None],
            "use": ["1", "100.0", "101", None, "-3", "0", "50"],
        }
    ).write_parquet(path)
    return path


def test_what_is_kept_is_counted_by_unit(rows: Path) -> None:
    """Of four, two and one rows at most three of each; two values are beyond the clip; one group has two firms."""
    clip = Clip(lowest=0, highest=100)  # type: ignore[arg-type]  # whole numbers compare the same
    order = SampleOrder(unit="firm", rows=3, clips={"use": clip}, identifying=("place",), least=2)
    assert PolarsSampler().sampled(rows, order) == Sampled(rows=7, units=3, kept=6, clipped={"use": 2}, small=4)


def test_where_the_contributor_is_the_unit_the_sample_is_one_unit(rows: Path) -> None:
    """And for groups each row is another one's; without a bound or gates all is kept."""
    one = SampleOrder(unit=None, rows=3, clips={}, identifying=("place",), least=2)
    assert PolarsSampler().sampled(rows, one) == Sampled(rows=7, units=1, kept=3, clipped={}, small=2)
    all_ = SampleOrder(unit="firm", rows=None, clips={}, identifying=("place",), least=None)
    assert PolarsSampler().sampled(rows, all_) == Sampled(rows=7, units=3, kept=7, clipped={}, small=0)


@pytest.mark.parametrize(("language", "worth"), [("en", "worth 11 answers"), ("ko", "11번")])
def test_the_check_tells_what_a_budget_is_worth(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, language: str, worth: str
) -> None:
    """And of a sample what would count, in the person's language."""
    monkeypatch.setenv("DATADAM_LANG", language)
    Path("energy.yaml").write_text(codelists.packaged_standard("industry.plant-energy"), encoding="utf-8")
    told = " ".join(machine("standard", "check", "energy.yaml", "--sample", ENERGY).out.split())
    assert worth in told
    assert "1386" in told


def test_the_check_counts_groups_that_would_not_leave(machine: Machine) -> None:
    """Of a standard that gives rows behind gates; and a sample that is refused says why."""
    gates = Gates(units=3, identifying=("industry",))
    terms = {"tier": Tier.AGREEMENT, "budget": None, "reference": None, "repeat": Repeat.REFUSE}
    held = private(**terms, gates=gates, bounds=Bounds(unit="firm", rows=24))
    Path("gated.yaml").write_text(odcs.write(held), encoding="utf-8")
    lines = ["firm,month,industry,use", *(f"F{n},2026-0{n}-01,{'food' if n < 4 else 'steel'},5" for n in range(1, 7))]
    Path("rows.csv").write_text("\n".join([*lines, "F9,2026-01-01,glass,5", ""]), encoding="utf-8")
    told = " ".join(machine("standard", "check", "gated.yaml", "--sample", "rows.csv").out.split())
    assert "1 of 7 rows are in groups of fewer than 3 units" in told
    Path("rows.csv").write_text("firm,month,industry,use\n" + "F1,2026-01-01,food,5\n" * 3, encoding="utf-8")
    machine("standard", "check", "gated.yaml", "--sample", "rows.csv", code=3)
