"""The terms of a peering: one spelling, every fault at once, equal bytes for whoever agrees."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import peers, seal
from datadam.errors import Faults, Invalid
from datadam.model import PrivacyClass
from peerings import HERE, THERE, terms


def fields(told: object) -> list[str]:
    """Where terms are wrong."""
    with pytest.raises(Faults, match=r"peer\.terms-wrong") as caught:
        peers.read_terms(told)
    return [str(one.facts.get("field", one.code)) for one in caught.value.faults]


def test_terms_read_back_and_are_equal_bytes_on_both_sides() -> None:
    """What one dam writes the other reads, to the byte."""
    read = peers.read_terms(terms())
    assert peers.write_terms(read) == terms()
    assert peers.canonical(read) == seal.canonical(terms())
    assert peers.digest(read) == seal.digest(seal.canonical(terms()))
    assert peers.read_terms(json.loads(peers.canonical(read))) == read


def test_terms_say_what_crosses() -> None:
    """By standard, by class and by direction."""
    read = peers.read_terms(terms(directions=[{"from": HERE, "to": THERE}]))
    assert read.covers("test.reading")
    assert read.covers(None)
    assert not read.covers("test.energy")
    assert [read.crosses(one) for one in PrivacyClass] == [True, True, True, False]
    assert read.allows(HERE, THERE)
    assert not read.allows(THERE, HERE)
    assert read.other(HERE).jurisdiction == "JP"
    assert read.other(THERE).origin == HERE
    with pytest.raises(Invalid, match=r"peer\.terms-others"):
        read.other("else/log")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"v": 2}, ["v"]),
        ({"v": True}, ["v"]),
        ({"more": 1}, ["more"]),
        ({"between": terms()["between"][::-1]}, ["between"]),
        ({"between": []}, ["between"]),
        ({"between": [{"origin": "a", "jurisdiction": "kr"}] * 2}, ["between"]),
        ({"between": [{"origin": " ", "jurisdiction": "KR"}] * 2}, ["between"]),
        ({"between": [1, 2]}, ["between"]),
        ({"standards": []}, ["standards"]),
        ({"standards": "test.reading"}, ["standards"]),
        ({"standards": ["b.b", "a.a"]}, ["standards"]),
        ({"standards": ["a.a", "a.a"]}, ["standards"]),
        ({"standards": ["No"]}, ["standard.id-malformed"]),
        ({"classes": []}, ["classes"]),
        ({"classes": ["business", "public"]}, ["classes"]),
        ({"classes": ["secret"]}, ["classes"]),
        ({"directions": []}, ["directions"]),
        ({"directions": [{"from": HERE}]}, ["directions"]),
        ({"directions": [{"from": HERE, "to": "else/log"}]}, ["directions"]),
        ({"directions": [{"from": HERE, "to": THERE}, {"from": THERE, "to": HERE}]}, ["directions"]),
        ({"directions": [{"from": HERE, "to": THERE}] * 2}, ["directions"]),
        ({"corridors": [{"from": "KR", "to": "US", "basis": "x"}]}, ["corridors"]),
        ({"corridors": [{"from": "KR", "to": "JP", "basis": ""}]}, ["corridors"]),
        ({"corridors": {}}, ["corridors"]),
        ({"residency": "rows-move"}, ["residency"]),
        ({"contact_seconds": 4}, ["contact_seconds"]),
        ({"contact_seconds": 30 * 86_400 + 1}, ["contact_seconds"]),
        ({"contact_seconds": True}, ["contact_seconds"]),
        ({"contact_seconds": 60.0}, ["contact_seconds"]),
        ({"guests": 1}, ["guests"]),
    ],
    ids=str,
)
def test_one_wrong_field_is_named(change: dict[str, Any], wrong: list[str]) -> None:
    """And no other."""
    assert fields(terms(**change)) == wrong


def test_every_fault_is_told_at_once() -> None:
    """So that they can be mended together; what is missing too."""
    held = terms(classes=[], guests="yes", contact_seconds=0)
    del held["standards"]
    assert sorted(fields(held)) == ["classes", "contact_seconds", "guests", "standards"]
    assert sorted(fields({})) == sorted(terms())
    assert fields([]) == ["(top)"]


def test_a_dam_does_not_peer_with_itself() -> None:
    """One origin on both sides is none."""
    same = [{"origin": HERE, "jurisdiction": "KR"}] * 2
    assert "peer.oneself" in fields(terms(between=same, directions=[{"from": HERE, "to": HERE}]))


@given(
    change=st.dictionaries(
        st.sampled_from(sorted(terms())),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=3,
    )
)
def test_no_terms_make_the_reader_stumble(change: dict[str, Any]) -> None:
    """Any JSON in any field is read, or refused with its faults; what is read says the same again."""
    told = terms(**change)
    try:
        read = peers.read_terms(told)
    except Faults as error:
        assert error.faults  # noqa: PT017  (both ways are right: what matters is that no other error comes)
    else:
        assert peers.write_terms(read) == told
