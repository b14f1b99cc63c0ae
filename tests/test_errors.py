"""The ways a dam can say no: one tree, told with its facts, kept as JSON and revived."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Unavailable, Untrusted, kept, revived
from datadam.model import Reason

FACTS = st.dictionaries(
    st.sampled_from(["row", "column", "limit", "why"]),
    st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3) | st.floats(),
)


def test_every_no_is_one_of_five() -> None:
    """A branch is what the caller does next; several faults are `Invalid`."""
    assert set(DamError.__subclasses__()) == {Invalid, Refused, NotFound, Untrusted, Unavailable}
    assert Invalid.__subclasses__() == [Faults]


def test_a_log_line_has_code_and_facts() -> None:
    """Code alone where there are no facts."""
    assert str(Invalid("file.empty")) == "file.empty"
    assert str(Invalid("file.empty", name="x")) == "file.empty {'name': 'x'}"


def test_several_faults_are_counted() -> None:
    """Everything that is wrong comes at once."""
    both = Faults("standard.faulty", iter([Invalid("a.b"), Invalid("c.d", row=1)]), standard="x.y")
    assert both.facts == {"count": 2, "standard": "x.y"}
    assert [fault.code for fault in both.faults] == ["a.b", "c.d"]


@given(facts=FACTS)
def test_what_is_kept_is_json_and_comes_back(facts: dict[str, object]) -> None:
    """Any refusal can be stored and told later; texts and whole numbers stay what they were."""
    told = json.loads(json.dumps(kept(Refused("ask.denied", **facts))))
    again = revived(told, Refused)
    assert isinstance(again, Refused)
    assert again.code == "ask.denied"
    assert set(again.facts) == set(facts)
    assert all(again.facts[name] == value for name, value in facts.items() if isinstance(value, str | int | None))


def test_faults_and_reasons_are_kept_inside() -> None:
    """Each in the same form, so that one renderer tells all of them."""
    several = kept(Faults("standard.faulty", [Invalid("a.b", row=3)], standard="x.y"))
    assert several["faults"] == [{"code": "a.b", "facts": {"row": 3}, "faults": []}]
    denied = kept(Refused("ask.denied", reasons=(Reason("ask.no-grant", {"standard": "x.y"}),), words=["a", 1]))
    assert denied["faults"] == [{"code": "ask.no-grant", "facts": {"standard": "x.y"}, "faults": []}]
    assert denied["facts"] == {"words": ["a", "1"]}
    back = revived(denied)
    reasons = back.facts["reasons"]
    assert isinstance(reasons, tuple)
    assert [(reason.code, reason.facts) for reason in reasons] == [("ask.no-grant", {"standard": "x.y"})]


@pytest.mark.parametrize("told", [{}, {"code": 3}, {"facts": 7, "faults": "x"}, {"code": "a.b", "faults": [1, None]}])
def test_nonsense_from_a_peer_is_still_a_refusal(told: dict[str, object]) -> None:
    """A store or a server that tells nonsense cannot break the telling."""
    error = revived(told, Untrusted)
    assert isinstance(error, Untrusted)
    assert error.facts == {}


def test_what_is_no_error_is_kept_as_an_empty_one() -> None:
    """`reasons` that are no list tell nothing."""
    assert kept(object()) == {"code": "", "facts": {}, "faults": []}
    assert kept(Refused("ask.denied", reasons="none"))["faults"] == []
