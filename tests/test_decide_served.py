"""Decisions over HTTP, in the client and on the command line: asked, explained, and made again by whoever was asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import served
from datadam import client, seal
from datadam.dam import grant
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import note
from datadam.model import Allow, Deny
from served import STANDARD, Served, published, serving
from worlds import GOOD, Person


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file."""
    with serving(tmp_path_factory.mktemp("decide") / "dam") as made:
        published(made.world)
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the client's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def connected(dam: Served, person: Person) -> client.Dam:
    """The client of a member."""
    return client.connect(dam.url, key=person.key)


def test_what_the_answer_would_be_is_told_and_nothing_is_logged(dam: Served) -> None:
    """Every reason with what would make it a yes, in one's own language; a no is an answer, not a refusal."""
    person = dam.person("Asks")
    size = dam.world.ledger.size
    with connected(dam, person) as held:
        told = held.can("train", STANDARD, purpose="research", destination="JP")
    assert (told["member"], told["allowed"], told["basis"]) == (person.id, False, None)
    assert [one["code"] for one in told["reasons"]] == ["ask.no-grant"]
    assert all(one["what"] and one["remedy"] for one in told["reasons"])
    assert dam.world.ledger.size == size


def test_a_decision_is_fetched_with_its_proof_and_made_again(dam: Served) -> None:
    """A yes and a no; bent on the way, either is found out."""
    person = dam.person("Why")
    with connected(dam, person) as held:
        with pytest.raises(Refused):
            held.open(STANDARD).to_polars()
        leave = grant.grant(dam.world, person.id, STANDARD)
        person.deposits(dam.world, STANDARD, GOOD)
        assert len(held.open(STANDARD).to_polars()) >= 3
        grant.revoke(dam.world, leave)
        refused, allowed = held.decisions(STANDARD)
        assert (refused["allowed"], allowed["allowed"]) == (False, True)
        body, answer = held.why(refused["id"])
        assert isinstance(answer, Deny)
        assert body["index"] == refused["index"]
        assert isinstance(held.why(allowed["id"])[1], Allow)
        with pytest.raises(NotFound, match="decision.unknown"):
            held.why("0" * 64)
        name, _, _ = note.read_vkey(held.vkey)
        held._pinned = note.vkey(name, seal.new_key())  # another log's key is no key for this proof
        with pytest.raises(Untrusted):
            held.why(allowed["id"])
    with connected(dam, dam.person("Other")) as stranger, pytest.raises(NotFound, match="decision.unknown"):
        stranger.why(allowed["id"])


def test_one_can_ask_for_a_logged_answer_before_taking_anything(dam: Served) -> None:
    """The same statement answers when rows are taken; nobody asks so for another."""
    person, other = dam.person("Before"), dam.person("Somebody")
    grant.grant(dam.world, person.id, STANDARD)
    with connected(dam, person) as held:
        told = held.decide("read", STANDARD)
        assert told["allowed"]
        held.open(STANDARD).download(Path(str(dam.folder)).parent / "before")
        assert [one["id"] for one in held.decisions()] == [told["id"]]
        denied = held.decide("train", STANDARD, purpose="research")
        assert [one["code"] for one in denied["reasons"]] == ["ask.grant-reads-only"]
    sent = seal.canonical({"action": "read", "standard": STANDARD, "member": person.id})
    answer = dam.ask("POST", "/api/decisions", dam.token(other), content=sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "ask.not-yours")


def test_purpose_and_place_travel_with_what_is_asked(dam: Served) -> None:
    """They stand in the decision; words that there are not are refused before anything is decided."""
    person = dam.person("Purpose")
    grant.grant(dam.world, person.id, STANDARD)
    with connected(dam, person) as held:
        held.open(STANDARD, purpose="research", to="JP").download(Path(str(dam.folder)).parent / "taken")
        (one,) = held.decisions()
        body, _ = held.why(one["id"])
        assert (body["facts"]["purpose"], body["facts"]["destination"]) == ("research", "JP")
        for wrong in ({"purpose": "fun"}, {"to": "Nowhere"}, {"to": "jp"}):
            with pytest.raises(Invalid):
                held.open(STANDARD, **wrong)
        assert held.decisions() == [one]
    twice = [("datadam-purpose", "research"), ("datadam-purpose", "security")]
    answer = dam.http.get(f"{dam.url}/api/reservoirs", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.header-twice")


def test_only_auditors_ask_about_others(dam: Served) -> None:
    """Anybody else asks for itself; an auditor sees every member's answer."""
    person, other = dam.person("One"), dam.person("Two")
    auditor = dam.person("Auditor", roles=("auditor",))
    grant.grant(dam.world, other.id, STANDARD)
    with connected(dam, person) as held:
        with pytest.raises(Refused, match="ask.not-yours"):
            held.can("read", STANDARD, member=other.id)
        with pytest.raises(Refused, match="ask.not-yours"):
            held.who_can("read", STANDARD)
        assert held.can("read", STANDARD, member=person.id)["allowed"] is False
    with connected(dam, auditor) as held:
        assert held.can("read", STANDARD, member=other.id)["allowed"] is True
        everybody = {one["member"]: one for one in held.who_can("read", STANDARD)}
        assert (everybody[person.id]["allowed"], everybody[other.id]["allowed"]) == (False, True)
        assert [one["code"] for one in everybody[auditor.id]["reasons"]] == ["ask.not-consumer", "ask.no-grant"]
        with pytest.raises(NotFound, match="member.unknown"):
            held.can("read", STANDARD, member="m-" + "0" * 20)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"action": "read"},
        {"action": "look", "standard": STANDARD},
        {"action": "read", "standard": STANDARD, "purpose": "fun"},
        {"action": "read", "standard": STANDARD, "destination": "Korea!"},
        {"action": 1, "standard": STANDARD},
        {"action": "read", "standard": STANDARD, "more": "x"},
        ["read"],
    ],
)
def test_a_wish_that_is_none_is_refused(dam: Served, sent: object) -> None:
    """Whatever it is that was sent."""
    token = dam.token(dam.person("Odd"))
    for path in ("/api/asks", "/api/asks/everybody"):
        answer = dam.ask("POST", path, token, content=seal.canonical(sent))
        assert answer.status_code in {400, 403}
        assert answer.json()["code"] in {
            "request.unreadable",
            "ask.action-unknown",
            "ask.purpose-unknown",
            "ask.not-yours",
            "register.country-near",
            "register.country-unknown",
        }


def test_the_commands_say_it_in_both_languages(dam: Served, tmp_path: Path) -> None:
    """`can`, `decisions` and `why`, as a member and as an auditor."""
    person, auditor = dam.person("Line"), dam.person("Line auditor", roles=("auditor",))
    keys = {one.name: client.write_private(tmp_path / one.name, one.key) for one in (person, auditor)}

    def run(one: Person, *line: object, language: str = "en_GB.UTF-8") -> str:
        more = ("--url", dam.url, "--key", keys[one.name])
        done = served.run(*line, *more, LANG=language, DATADAM_HOME=str(tmp_path / "home"))
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "No: you could not read" in run(person, "can", "me", "read", STANDARD)
    assert "할 수 없습니다" in run(person, "can", "me", "read", STANDARD, language="ko_KR.UTF-8")
    grant.grant(dam.world, person.id, STANDARD)
    assert "Yes: you could read" in run(person, "can", "me", "read", STANDARD)
    assert person.id in run(auditor, "can", "everybody", "read", STANDARD)
    with connected(dam, person) as held:
        held.open(STANDARD).download(tmp_path / "rows")
        (one,) = held.decisions()
    assert one["id"][:12] in run(person, "decisions")
    told = run(person, "why", one["id"][:12])
    assert "Allowed to read" in told
    assert "the same answer" in told
    assert "같습니다" in run(person, "why", one["id"], language="ko_KR.UTF-8")
