"""Own terms over HTTP: sent with a file, shown to whom they are of, and held by every route that rows leave by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datadam import seal
from datadam.dam import grant, reserve
from datadam.errors import DamError, Refused
from datadam.model import Kind
from served import STANDARD, Served, published, serving
from test_own_terms import HOME_ONLY, term
from worlds import Person, fit_of


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file."""
    with serving(tmp_path_factory.mktemp("own") / "dam", share_refresh_seconds=0) as made:
        published(made.world)
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the client's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_terms_go_with_the_file_and_are_shown_to_whoever_sent_it(dam: Served, tmp_path: Path) -> None:
    """Whole, and in words; faulty ones are refused with each fault before anything is stored."""
    one, near = dam.person("One"), dam.person("Near", roles=("consumer",))
    abroad = Person("Abroad", jurisdiction="JP", roles=("consumer",)).joins(dam.world)
    file = tmp_path / "rows.csv"
    file.write_bytes(b"meter,amount\nT1,1\nT2,2\n")
    fit = fit_of(dam.world, STANDARD, file.read_bytes())
    for person in (near, abroad):
        grant.grant(dam.world, person.id, STANDARD)
    with dam.client(one) as held:
        with pytest.raises(DamError):
            held.deposit(file, fit, terms=term("marking", "lteq", "green"))
        job = held.deposit(file, fit, terms=HOME_ONLY)
        assert job["own_terms"]["terms"] == [HOME_ONLY]
        assert any("KR" in line for line in job["own_terms"]["said"])
        with pytest.raises(Refused):
            held.deposit(file, fit)
    one.deposits(dam.world, STANDARD, b"meter,amount\nFREE,1\n")
    for person, rows in ((near, {"FREE", "T1", "T2"}), (abroad, {"FREE"})):
        with dam.client(person) as held:
            assert set(held.open(STANDARD).to_polars()["meter"]) == rows


def test_a_file_whose_address_was_given_out_is_refused_once_a_country_reserves_its_rows(
    dam: Served, tmp_path: Path
) -> None:
    """On the next request; and everybody reads what the country said."""
    country = Person("Land", jurisdiction="FR", roles=())
    country.joins(dam.world, member_kind="country", authority="A ministry", effective="2026-01-01")
    firm = Person("Firm", jurisdiction="FR").joins(dam.world, under=country.id)
    abroad = Person("Reads", jurisdiction="JP", roles=("consumer",)).joins(dam.world)
    grant.grant(dam.world, abroad.id, STANDARD)
    firm.deposits(dam.world, STANDARD, b"meter,amount\nF1,1\n")
    with dam.client(abroad) as held:
        opened = held.open(STANDARD)
        assert "F1" in set(opened.to_polars()["meter"])
        (address,) = [one["url"] for one in held.files(opened.info["table"])]
        held.fetch(address, tmp_path / "before.parquet")
        with dam.client(country) as its:
            told = its.reserve([HOME_ONLY])
            assert its.reservations() == [told]
        with pytest.raises(DamError):
            held.fetch(address, tmp_path / "after.parquet")
        assert "F1" not in set(held.open(STANDARD).to_polars()["meter"])
    statement = firm.states(Kind.RESERVATION, {"member": firm.id, "restrictions": []})
    with pytest.raises(Refused):
        reserve.reserve(dam.world, firm.caller, seal.envelope(statement))


def test_a_restricted_deposit_is_prepared_and_amended_like_any_other(dam: Served, tmp_path: Path) -> None:
    """Under its own terms, or under none."""
    one = dam.person("Amends")
    dam.person("Free").deposits(dam.world, STANDARD, b"meter,amount\nFREE,1\n")
    near = dam.person("Sees", roles=("consumer",))
    grant.grant(dam.world, near.id, STANDARD)
    file = tmp_path / "rows.csv"
    file.write_bytes(b"meter,amount\nA1,1\n")
    fit = fit_of(dam.world, STANDARD, file.read_bytes())
    with dam.client(one) as held:
        first = held.deposit(file, fit, prepared=True, terms={"action": ["train"]})
        with dam.client(near) as sees:
            assert "A1" not in set(sees.open(STANDARD).to_polars()["meter"])
        again = held.amend(first["id"], file, fit, reason="terms", terms=HOME_ONLY)
        assert again["own_terms"]["terms"] == [HOME_ONLY]
        with dam.client(near) as sees:
            assert "A1" in set(sees.open(STANDARD).to_polars()["meter"])
