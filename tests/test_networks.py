"""Made-up supply networks, and the statistics over them: what is planted is there, and nothing else is shared."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import match_statistics
from drill import networks

ROOT = Path(__file__).resolve().parents[1]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), makers=st.integers(2, 5), tiers=st.integers(1, 4))
def test_only_what_is_planted_is_shared(seed: int, makers: int, tiers: int) -> None:
    """By just those that are said to depend on it; and nobody's list is longer for it."""
    with_one = networks.network(seed, makers=makers, tiers=tiers)
    assert with_one.planted is not None
    assert with_one.shared() == {with_one.planted.supplier: with_one.dependent}
    assert len(with_one.dependent) >= 2
    without = networks.network(seed, makers=makers, tiers=tiers, planted=False)
    assert without.shared() == {}
    assert without.makers == with_one.makers
    assert {firm: len(edges) for firm, edges in without.suppliers.items()} == {
        firm: len(edges) for firm, edges in with_one.suppliers.items()
    }


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_network_is_its_seed(seed: int) -> None:
    """The same again, and inside the public caps; each maker has several suppliers in each tier."""
    network = networks.network(seed)
    assert network == networks.network(seed)
    sizes = networks.caps()
    for maker in network.makers:
        assert 3 <= len(network.suppliers[maker]) <= 5
        assert len(network.reached(maker)) <= sizes[0]
    for tier in range(network.tiers):
        assert all(network.suppliers[firm] for firm in network.tier(tier))
    assert network.tier(network.tiers) == ()


def test_the_hidden_supplier_is_three_tiers_down() -> None:
    """No maker lists it, nor does any of a maker's own suppliers."""
    network = networks.network(7)
    assert network.planted is not None
    near = [edge.supplier for tier in (0, 1) for firm in network.tier(tier) for edge in network.suppliers[firm]]
    assert network.planted.supplier not in near


def test_who_keeps_silent_hides_what_is_below() -> None:
    """Makers always take part."""
    network = networks.network(7)
    silent = networks.some_firms(network, 7, 1.0)
    assert silent.isdisjoint(network.makers)
    assert network.without(silent).shared() == {}
    assert networks.some_firms(network, 7, 0.0) == set()


@pytest.mark.slow
def test_the_statistics_are_written_into_their_place(tmp_path: Path) -> None:
    """One network of each kind, by the script as it is run; what stands around the table stays."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{match_statistics.BEGIN}\nold\n{match_statistics.END}\nafter\n", encoding="utf-8")
    script = ROOT / "scripts" / "match_statistics.py"
    done = subprocess.run(
        [sys.executable, script, "--networks", "1", "--into", page], capture_output=True, text=True, check=True
    )
    assert "3 rounds in " in done.stdout
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| one hidden supplier, all take part | 1 | 1 | 1 | 0 |" in text
    assert "| no hidden supplier, all take part | 1 | 1 |  | 0 |" in text
    assert "old" not in text
