"""Restrictions: what is not known does not hold, and another one never gives more."""

from hypothesis import given
from hypothesis import strategies as st

from datadam import restriction, texts
from datadam.formats import own_terms
from datadam.model import PrivacyClass
from datadam.restriction import OPERANDS, WHOLE, Asker, Cut, Restriction
from datadam.terms import Action, Constraint, Operand, Operator
from offers import constraints

NOW = "2026-11-22T12:00:00Z"
NOBODY = Asker(action=Action.READ, purpose=None, roles=frozenset(), jurisdiction="", destination=None)
CLASSES = list(PrivacyClass)
restrictions = st.builds(
    Restriction,
    actions=st.none() | st.lists(st.sampled_from(Action), min_size=1, max_size=3, unique=True).map(tuple),
    constraints=constraints(OPERANDS),
)
askers = st.builds(
    Asker,
    action=st.sampled_from(Action),
    purpose=st.none() | st.sampled_from(["research", "security"]),
    roles=st.frozensets(st.sampled_from(["consumer", "contributor"])),
    jurisdiction=st.sampled_from(["", "KR", "JP"]),
    destination=st.none() | st.sampled_from(["KR", "JP"]),
)


def looser(one: Cut | None, other: Cut | None) -> bool:
    """Whether all that leaves under one cut leaves under the other."""
    if one is None or other is None:
        return one is None
    least = CLASSES.index(one.sensitivity) <= CLASSES.index(other.sensitivity)
    return least and set(other.markings) <= set(one.markings)


@given(held=st.lists(restrictions, max_size=3), more=restrictions, asker=askers)
def test_another_restriction_never_gives_more(held: list[Restriction], more: Restriction, asker: Asker) -> None:
    """Of several all must hold, in whatever order they are told; nothing is restricted without one."""
    before, after = (restriction.cut(some, asker, now=NOW) for some in (held, [*held, more]))
    assert looser(after, before)
    assert restriction.cut([more, *reversed(held)], asker, now=NOW) == after
    assert restriction.cut([], asker, now=NOW) == WHOLE


@given(one=restrictions, language=st.sampled_from(texts.LANGUAGES))
def test_what_is_written_is_read_back_and_told_in_words(one: Restriction, language: str) -> None:
    """Each action and each condition is a sentence."""
    if one == Restriction():
        return
    told = own_terms.write(one)
    assert own_terms.parsed(own_terms.kept(told)) == one
    assert len(own_terms.words(told, language)) == len(one.actions or ()) + len(one.constraints)


def test_what_is_not_known_of_an_asker_does_not_hold() -> None:
    """Neither what must be so nor what must not."""
    for operand in (Operand.PURPOSE, Operand.RECIPIENT, Operand.JURISDICTION, Operand.DESTINATION):
        for operator in (Operator.ANY_OF, Operator.NONE_OF):
            one = Restriction(constraints=(Constraint(operand=operand, operator=operator, value=("KR",)),))
            assert restriction.cut([one], NOBODY, now=NOW) is None
    asks = Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=1)  # no restriction says that
    assert restriction.cut([Restriction(constraints=(asks,))], NOBODY, now=NOW) is None


def test_a_ceiling_of_markings_lets_out_those_below_it() -> None:
    """The strictest is none; one that is no marking lets nothing out, and of several the strictest counts."""
    order = ("green", "amber", "red")
    for ceilings, expected in (
        ((), None),
        (("red",), None),
        (("amber",), ("green", "amber")),
        (("red", "green"), ("green",)),
        (("blue", "red"), ()),
    ):
        assert restriction.allowed_markings(order, ceilings) == expected
    assert restriction.allowed_markings((), ("green",)) == ()
    assert restriction.allowed_markings((), ()) is None
