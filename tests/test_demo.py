"""The demonstration: its sums are right, its cast is made up, and the whole of it can break off and go on."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from datadam import client, proposing, registers, wiring
from datadam.edges import confirm
from datadam.edges.terminal import Terminal
from datadam.errors import Unavailable
from datadam.formats import codelists, odcs
from datadam.model import Kind
from demo import cast, gain
from demo.run import cut, forge, rows_of

ROOT = Path(__file__).resolve().parents[1]
SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=40)
WHOLE_RUN = 600  # seconds; on two idle cores it takes about one minute


# --- the sums ---------------------------------------------------------------------------------------------------------


@given(SCORED)
def test_the_area_is_that_of_scikit_learn(rows: list[tuple[bool, int, int]]) -> None:
    """Counting ranks gives what the library gives, ties and weights included."""
    labels, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    assume(weights[labels].sum() and weights[~labels].sum())
    told = gain.Ranked(labels, scores.astype(float)).auc(weights.astype(float))
    assert told == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))


def test_one_kind_alone_has_no_area() -> None:
    """Without a benign name there is nothing to tell apart."""
    assert np.isnan(gain.Ranked(np.array([True, True]), np.array([0.1, 0.2])).auc(np.ones(2)))


def crowd(size: int) -> tuple[gain.Bools, gain.Floats, gain.Floats, list[str]]:
    """Labels, good scores, poor scores, and zones of five names each."""
    chance = np.random.default_rng(7)
    labels = np.arange(size) // 5 % 2 == 0
    good, poor = (labels + chance.normal(0, noise, size) for noise in (0.5, 3))
    return labels, good, poor, [f"zone{i // 5}.example" for i in range(size)]


def test_a_better_pool_has_a_gain_above_zero() -> None:
    """Where the pool really is better, the interval says so; the best rival is the one that it is held against."""
    labels, good, poor, zones = crowd(400)
    found = gain.gain(good, {"poor": poor, "worse": -poor}, labels, np.array(zones), seed=1)
    assert found.best == "poor"
    assert 0 < found.low <= found.gain <= found.high
    assert (found.zones, found.replicates) == (80, gain.REPLICATES)


def test_no_gain_is_made_where_there_is_none() -> None:
    """A pool that scores as its best contributor gains exactly nothing; beside a second rival it never gains."""
    labels, good, poor, zones = crowd(400)
    found = gain.gain(good, {"same": good}, labels, np.array(zones), seed=1)
    assert (found.gain, found.low, found.high) == (0, 0, 0)
    assert gain.gain(poor, {"same": poor, "other": good}, labels, np.array(zones), seed=1).high < 0


def test_names_of_a_zone_are_drawn_together() -> None:
    """Ten copies of every name within its zone narrow nothing: only zones count as chances."""
    labels, good, poor, zones = crowd(200)
    once = gain.gain(good, {"poor": poor}, labels, np.array(zones), seed=1)
    many = gain.gain(
        np.repeat(good, 10), {"poor": np.repeat(poor, 10)}, np.repeat(labels, 10), np.repeat(zones, 10), seed=1
    )
    assert (many.low, many.high) == pytest.approx((once.low, once.high))


def test_a_zone_on_both_sides_ends_the_comparison() -> None:
    """A split that lets a registrable domain into both training and test is not judged at all."""
    names = np.array(["a.bad.example", "b.bad.example", "good.test"])
    told = {"names": names, "labels": np.array([1, 1, 0]), "train": [0, 2], "test": [1]}
    with pytest.raises(ValueError, match="both sides"):
        gain.compare({**told, "zones": np.array(["bad.example", "bad.example", "good.test"])}, {})


def test_the_small_firm_needs_ten_lines() -> None:
    """What is printed as its ten lines is ten lines, and they load, train and score with public names only."""
    lines = (ROOT / "demo" / "sme.py").read_text(encoding="utf-8").split("# --- ten lines\n")[1].splitlines()
    assert len(lines) == 10
    assert any('datadam.open("cti.indicator", action="train").to_polars(' in line for line in lines)
    assert not any("demo" in line or ";" in line for line in lines)


# --- the cast ---------------------------------------------------------------------------------------------------------


def test_everybody_is_made_up() -> None:
    """Names say so; numbers add up; at least four firms of four jurisdictions, two under their country."""
    everybody = (*cast.COUNTRIES, *cast.FIRMS, cast.MOLE)
    assert all("(fictional)" in who.name or "made up" in who.name for who in everybody)
    for who in everybody:
        registers.jurisdiction(who.jurisdiction)
        if who.number:
            registers.check(*who.number.split(":"))
    assert len({who.jurisdiction for who in cast.FIRMS}) >= 4
    assert sum(who.under for who in cast.FIRMS) == 2


def test_the_synthetic_network_is_cut_without_loss(tmp_path: Path) -> None:
    """Three parts, none empty, all rows once."""
    parts = []
    for gift in cast.PARTS:
        cut(cast.DATA / "supply_network_synthetic.csv", tmp_path / "part.csv", gift.who.links_of)
        parts.append((tmp_path / "part.csv").read_text(encoding="utf-8").splitlines()[1:])
    whole = (cast.DATA / "supply_network_synthetic.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert all(parts)
    assert sorted(row for part in parts for row in part) == sorted(whole)
    assert rows_of(cast.DATA / "supply_network_synthetic.csv") == len(whole)


def test_the_table_of_a_mapping_names_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Why a column fits is said of that column, not of a dash."""
    standard = odcs.read(codelists.packaged_standards()[cast.VULNERABILITIES])
    suggestion = proposing.suggest(standard, client.look(cast.DATA / "kev.csv"), codelists.packaged())
    confirm.show(Terminal("en"), suggestion)
    told = " ".join(capsys.readouterr().out.split())
    assert "cveID has a name of" in told
    assert "–" not in told


# --- the whole --------------------------------------------------------------------------------------------------------


class Run:
    """One run of the demonstration as a process of its own."""

    def __init__(self, folder: Path) -> None:
        """Start it in `folder`."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo.run", "--folder", str(folder), "--once"],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def lines(self) -> Iterator[str]:
        """What it prints, as it comes."""
        yield from self.process.stdout or ()

    def finish(self) -> str:
        """Wait for its end, which must be a good one; what it printed."""
        told, _ = self.process.communicate(timeout=WHOLE_RUN)
        assert self.process.returncode == 0, told[-3000:]
        return told


def logged(folder: Path) -> Counter[Kind]:
    """How many statements of each kind the log has, but decisions: another process makes them anew."""
    with wiring.world(folder / "dam") as world:
        found = Counter(world.ledger.statement(id).kind for _, id in world.ledger.entries())
    del found[Kind.DECISION]
    return found


@pytest.mark.slow
def test_the_demonstration_breaks_off_and_goes_on(tmp_path: Path) -> None:
    """Stopped in the middle it takes its server along; run again it finishes; once more, and nothing is doubled."""
    folder = tmp_path / "dam"
    broken = Run(folder)
    serving = None
    for line in broken.lines():
        if "is served at" in line:
            serving = next(word for word in line.split() if word.startswith("http")).rstrip(".")
        if "rat_watch.csv --standard" in line:
            broken.process.send_signal(signal.SIGTERM)
            break
    broken.process.communicate(timeout=WHOLE_RUN)
    assert broken.process.returncode == 128 + signal.SIGTERM
    assert serving is not None
    with pytest.raises(Unavailable):
        client.connect(serving).reservoirs()
    whole = Run(folder).finish()
    once = logged(folder)
    again = Run(folder).finish()
    assert "(exit code 5)" in whole  # the forged receipt
    assert whole.count("Admitted to") < 9 <= whole.count("Admitted to") + whole.count(" before: ")
    assert again.count("Admitted to") == 0
    assert logged(folder) == once
    told = json.loads((folder / "people" / "fjord" / "gain.json").read_text(encoding="utf-8"))
    assert 0.5 < max(told["length"], *(one["auc"] for one in told["single"].values())) <= 1
    assert told["length"] < told["pool"]["auc"] <= 1
    assert told["gain"]["low"] <= told["gain"]["high"]
    assert told["gain"]["value"] == pytest.approx(told["pool"]["auc"] - told["single"][told["best"]]["auc"])
    assert min(tested for tested, _ in told["test"]["families"].values()) > 0


def test_a_forged_receipt_tells_of_one_row_more(tmp_path: Path) -> None:
    """What the demonstration has refused is a receipt that differs in what it says, and is JSON still."""
    sealed = {"statement": {"payload": "eyJhZG1pdHRlZCI6NywibiI6Iu2VnCJ9"}}  # {"admitted":7,"n":"한"}
    (tmp_path / "receipt.json").write_text(json.dumps(sealed), encoding="utf-8")
    forge(tmp_path / "receipt.json")
    told = json.loads((tmp_path / "receipt.json").read_text(encoding="utf-8"))
    assert told == {"statement": {"payload": "eyJhZG1pdHRlZCI6OCwibiI6Iu2VnCJ9"}}
