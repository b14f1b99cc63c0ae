"""Deciding together over HTTP: what a member's program shows and signs, and what it refuses of a dam that lies."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datadam import seal
from datadam.client.dam import Dam
from datadam.dam import steward
from datadam.errors import Invalid, Refused, Untrusted
from datadam.formats import odrl
from datadam.governance import About
from datadam.model import Kind, instant
from served import STANDARD, Served, published, serving
from signed import an_offer
from worlds import Person, standard_text

GOVERNED = "test.governed"


def text(people: list[Person], version: str = "1.0.0") -> str:
    """A standard of whose two stewards both sign."""
    said = (
        f"  - {{vendor: datadam, property: stewards, value: [{', '.join(one.id for one in people)}]}}\n"
        "  - {vendor: datadam, property: quorum, value: 2}\nschema:\n"
    )
    whole = standard_text().replace(STANDARD, GOVERNED).replace("test_reading", "test_governed")
    return whole.replace("schema:\n", said, 1).replace("version: 1.0.0", f"version: {version}")


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with a standard without stewards."""
    with serving(tmp_path_factory.mktemp("governing") / "dam") as made:
        published(made.world)
        yield made


@pytest.fixture(scope="module")
def people(dam: Served) -> list[Person]:
    """Two stewards of a standard that they signed for."""
    found = [dam.person("Kim"), dam.person("Lee")]
    one = steward.propose(dam.world, None, About.STANDARD, text(found), comments="talk@example.org")
    for person in found:
        with dam.client(person) as theirs:
            theirs.sign_proposal(theirs.proposal(one.proposal.id))
    steward.enact(dam.world, one.proposal.id)
    return found


@pytest.fixture
def kim(dam: Served, people: list[Person]) -> Iterator[Dam]:
    """The dam as one steward's program sees it."""
    with dam.client(people[0]) as opened:
        yield opened


@pytest.fixture
def lee(dam: Served, people: list[Person]) -> Iterator[Dam]:
    """The dam as the other one's does."""
    with dam.client(people[1]) as opened:
        yield opened


def lying(dam: Dam, path: str, lie: Callable[[Any], Any]) -> None:
    """Make a dam's answers at a path something else."""
    asks = dam._get

    def told(at: str, **more: Any) -> Any:
        found = asks(at, **more)
        return lie(copy.deepcopy(found)) if at.startswith(path) else found

    dam._get = told  # type: ignore[method-assign,assignment]  # a dam that lies


def test_two_propose_sign_and_comment(dam: Served, people: list[Person], kim: Dam, lee: Dam) -> None:
    """What one proposes the other reads, with its text, and signs; a signature is taken back; members comment."""
    made = kim.propose("offer", odrl.write(an_offer(standard=GOVERNED)), comments="talk@example.org", days=3)
    shown = lee.proposal(made["id"])
    assert (shown["state"], shown["by"], set(shown["text"])) == ("notice", people[0].id, {"en", "ko"})
    assert kim.sign_proposal(shown)["signed"] == [people[0].id]
    assert kim.take_back_signature(made["id"])["signed"] == []
    for one in (kim, lee):
        one.sign_proposal(shown)
    lee.comment(made["id"], "why not")
    assert [said["text"] for said in kim.proposal(made["id"])["said"]] == ["why not"]
    assert [one["id"] for one in kim.proposals(GOVERNED)][-1] == made["id"]
    with dam.clock.forward(days=3):
        assert steward.enact_due(dam.world) == [(made["id"], None)]
    assert [one["standard"] for one in kim.offers()] == [GOVERNED]


def test_nothing_is_signed_that_was_not_shown(dam: Served, people: list[Person], kim: Dam) -> None:
    """Another content, another digest, other stewards, another statement to sign: a dam that lies gets no signature."""
    id = kim.propose("standard", text(people, "1.0.1").replace("of meters", "of all"), comments="x@example.org")["id"]
    other = kim.propose("offer", odrl.write(an_offer(standard=GOVERNED)), comments="x@example.org")["id"]
    lies: tuple[Callable[[Any], Any], ...] = (
        lambda told: {**told, "content": {**told["content"], "text": "x"}},
        lambda told: {**told, "digest": "ab" * 32},
        lambda told: {**told, "stewards": told["stewards"][:1]},
        lambda told: {**told, "quorum": 1},
        lambda told: {**told, "effective": "2026-01-01T00:00:00Z"},
        lambda told: {**told, "text": {"en": "x"}},
    )
    for lie in lies:
        with dam.client(people[0]) as fresh:
            lying(fresh, f"/api/proposals/{id}", lie)
            with pytest.raises(Untrusted, match=r"proposal\.other"):
                fresh.proposal(id)
    with dam.client(people[0]) as fresh:
        lying(fresh, "/api/receipts/", lambda _: kim.receipt(other))
        with pytest.raises(Untrusted, match=r"proposal\.other"):
            fresh.proposal(id)
    shown = kim.proposal(id)
    swapped = steward.motion(dam.world, people[0].caller, other)
    dam_key = dam.world.secrets.private_key("sign")
    body = dict(seal.opened(steward.motion(dam.world, people[0].caller, id)).body)
    facts = {name: value for name, value in body.items() if name not in {"v", "kind", "salt", "issued"}}
    moved = seal.state(Kind.APPROVAL, {**facts, "quorum": 1}, issued=instant(dam.clock()), key=dam_key)
    for handed in (swapped, seal.envelope(moved)):
        with dam.client(people[0]) as fresh:
            fresh._motion = lambda _, __, handed=handed: seal.opened(handed)  # type: ignore[method-assign,misc]  # it lies
            with pytest.raises(Untrusted, match=r"proposal\.other"):
                fresh.sign_proposal(shown)


def test_a_dispute_over_http(dam: Served, people: list[Person], kim: Dam, lee: Dam) -> None:
    """Raised, seen by whom it concerns, ruled on by two, in the list of reservoirs meanwhile."""
    with dam.client(dam.person("Choi")) as choi:
        row = choi.raise_dispute(GOVERNED, reason="wrong", row={"meter": "A1"})
        assert (row["subject"], row["holds"], row["bench"]) == ("row", "annotate", [])
        assert {one["id"]: one["disputes"] for one in choi.reservoirs()}[GOVERNED] == [row["id"]]
        seen = kim.dispute(row["id"])
        assert (seen["quorum"], seen["bench"]) == (2, [one.id for one in people])
        with pytest.raises(Refused, match=r"dispute\.not-bench"):
            choi.draft_ruling(row["id"], {"event": "measure", "measure": "none", "reasons": "x"})
        wish = {"event": "decide", "measure": "none", "reasons": "it is", "outcome": "dismissed"}
        (waiting,) = kim.draft_ruling(row["id"], wish)["motions"]
        assert kim.ruling(waiting).body["reasons"] == "it is"
        kim.sign_ruling(kim.ruling(waiting))
        assert lee.sign_ruling(lee.ruling(waiting))["state"] == "decided"
        assert choi.step_dispute(row["id"], "appeal", "it is not")["state"] == "appealed"
        (offered,) = choi.offers()
        (version, *_) = choi.versions(GOVERNED)
        for named in (("offer", offered["statement"]), ("standard", version["statement"])):
            theirs = choi.raise_dispute(GOVERNED, reason="too much", statement=named)
            assert (theirs["subject"], theirs["quorum"]) == (named[0], 0)  # not for those who made it


def test_a_ruling_is_the_one_that_was_asked_for(dam: Served, kim: Dam, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dam that hands out another one gets no signature; what is malformed is refused as such."""
    with dam.client(dam.person("Jung")) as jung:
        id = jung.raise_dispute(GOVERNED, reason="wrong", row={"meter": "A2"})["id"]
    wish = {"event": "measure", "measure": "annotate", "reasons": "for now"}
    (waiting,) = kim.draft_ruling(id, wish)["motions"]
    right = kim.ruling(waiting)
    monkeypatch.setattr(kim, "_motion", lambda *_: right)
    with pytest.raises(Untrusted, match=r"dispute\.motion-other"):
        kim.ruling("ab" * 32)
    for wrong in ({"event": "measure"}, {**wish, "more": "x"}, {**wish, "event": None}):
        with pytest.raises(Invalid, match=r"request\.malformed"):
            kim.draft_ruling(id, wrong)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/api/proposals", b"[]"),
        ("/api/proposals", b'{"about":"standard","text":1,"days":null,"comments":"x"}'),
        ("/api/proposals", b'{"about":"standard","text":"x","days":true,"comments":"x"}'),
        ("/api/proposals", b'{"about":"law","text":"x","days":null,"comments":"x"}'),
        ("/api/proposals/signatures", b"{}"),
        ("/api/comments", b"{}"),
        ("/api/disputes", b"{}"),
        ("/api/disputes/steps", b"{}"),
        ("/api/disputes/" + "0" * 64 + "/rulings", b"[]"),
        ("/api/rulings/signatures", b"{}"),
    ],
)
def test_what_is_malformed_is_refused(dam: Served, people: list[Person], path: str, content: bytes) -> None:
    """Nothing is logged of it."""
    size = dam.world.ledger.size
    assert dam.ask("POST", path, dam.token(people[0]), content=content).status_code == 400
    assert dam.world.ledger.size == size
