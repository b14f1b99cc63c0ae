"""Agreeing over HTTP: what a member's program shows and signs, and what it refuses of a dam that says otherwise."""

import copy
import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import served as ours
from datadam import client, seal
from datadam.client.agreeing import Draft
from datadam.client.dam import Dam
from datadam.dam import agree, join, offer
from datadam.errors import DamError, NotFound, Refused, Untrusted
from datadam.formats import credential, odrl
from datadam.ledger import verify_receipt
from datadam.model import Kind
from datadam.terms import AgreementState
from machines import Machine, a_machine
from served import STANDARD, Served, published, serving
from signed import an_offer
from worlds import GOOD, Person, fit_of


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with a standard and an offer."""
    with serving(tmp_path_factory.mktemp("agree") / "dam") as made:
        published(made.world)
        offer.publish(made.world, odrl.write(an_offer()))
        yield made


@pytest.fixture
def mine(dam: Served) -> Iterator[Dam]:
    """The dam as a new member's program sees it."""
    with dam.client(dam.person("Kim")) as opened:
        yield opened


WISH: Mapping[str, Any] = {"purposes": ["research"], "destination": "KR"}


def test_a_member_reads_signs_and_ends(dam: Served, mine: Dam) -> None:
    """What was read is what was signed; each statement has a receipt that verifies with the pinned key."""
    (listed,) = mine.offers()
    shown = mine.offer(STANDARD)
    assert listed == {name: shown[name] for name in listed}
    assert (shown["number"], shown["automatic"], shown["actions"]) == (1, True, ["read"])
    assert mine.offer(STANDARD, 1) == shown
    seen: list[str] = []

    def read(draft: Draft) -> bool:
        seen.append(draft.texts["ko"])
        return True

    told = mine.agree(STANDARD, **WISH, language="ko", read=read)
    assert told is not None
    assert seen == [shown["text"]["ko"]]
    assert (told["state"], told["purposes"]) == ("finalised", ["research"])
    proven = verify_receipt(seal.canonical(mine.receipt(told["id"])), vkey=mine.vkey)
    assert (proven.statement.kind, proven.statement.body["language"]) == (Kind.AGREEMENT, "ko")
    assert mine.agreement(told["id"]) == told
    assert mine.agreements() == [told]
    dam_key = seal.public(dam.world.secrets.private_key("sign"))
    found = credential.opened(mine.agreement_credential(told["id"]), dam_key)
    assert found == proven.statement.body["credential"]
    assert isinstance(mine.end_agreement(told["id"], reason="done")["index"], int)
    assert mine.agreement(told["id"])["state"] == "ended"
    with pytest.raises(Refused, match=r"agreement\.not-in-force"):
        mine.agreement_credential(told["id"])


def test_what_is_not_confirmed_is_not_signed(dam: Served, mine: Dam) -> None:
    """A reader who says no leaves nothing behind."""
    size = dam.world.ledger.size
    assert mine.agree(STANDARD, **WISH, language="en", read=lambda _: False) is None
    assert (mine.agreements(), dam.world.ledger.size) == ([], size)


def test_one_members_agreements_are_unknown_to_another(dam: Served, mine: Dam) -> None:
    """Seen, ended or exported with another's token: as unknown as none."""
    told = mine.sign_agreement(mine.draft_agreement(STANDARD, **WISH), language="en")
    with dam.client(dam.person("Lee")) as theirs:
        for verb in (theirs.agreement, theirs.agreement_credential, lambda id: theirs.end_agreement(id, reason="x")):
            with pytest.raises(NotFound, match=r"agreement\.unknown"):
                verb(told["id"])
    with dam.client() as stranger:
        assert stranger.offer(STANDARD)["number"] == mine.offer(STANDARD)["number"]
        with pytest.raises(Refused, match=r"ask\.login-needed"):
            stranger.agreements()


def spoiled(told: Any, *path: str, value: object) -> Any:
    """The same answer with one thing else in it."""
    answer = copy.deepcopy(told)
    at = answer
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return answer


DRAFTS: Mapping[str, Callable[[Any], Any]] = {
    "another text": lambda told: spoiled(told, "texts", "en", value="You owe us everything."),
    "a text too few": lambda told: spoiled(told, "texts", value={"en": told["texts"]["en"]}),
    "other digests": lambda told: spoiled(told, "body", "texts", "en", value="0" * 64),
    "another purpose": lambda told: spoiled(told, "body", "purposes", value=["research", "model-training"]),
    "another country": lambda told: spoiled(told, "body", "destination", value="US"),
    "another member": lambda told: spoiled(told, "body", "member", value="m-" + "0" * 20),
    "another standard": lambda told: spoiled(told, "body", "standard", value="no.such"),
    "another issuer": lambda told: spoiled(told, "body", "credential", "issuer", value="urn:datadam:dam:x"),
    "other terms": lambda told: spoiled(
        told, "body", "credential", "credentialSubject", "agreement", "permission", value=[]
    ),
}


@pytest.mark.parametrize("name", DRAFTS)
def test_a_dam_cannot_have_signed_what_nobody_read(mine: Dam, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A draft that says more or less than was asked and logged is not signed."""
    ask = Dam._ask

    class Answer:
        """What the dam says."""

        def __init__(self, told: object) -> None:
            self._told = told

        def json(self) -> object:
            """As JSON."""
            return self._told

    def lies(self: Dam, method: str, path: str, **more: Any) -> Any:
        answer = ask(self, method, path, **more)
        return Answer(DRAFTS[name](answer.json())) if path.endswith("/draft") else answer

    monkeypatch.setattr(Dam, "_ask", lies)
    with pytest.raises(Untrusted, match=r"agreement\.(draft|text)-other"):
        mine.draft_agreement(STANDARD, **WISH)


def test_a_level_that_was_named_is_not_made_another(mine: Dam) -> None:
    """It stands in what is signed; one that no dam can see is refused."""
    draft = mine.draft_agreement(STANDARD, **WISH, level="advanced")
    assert draft.body["level"] == draft.body["credential"]["credentialSubject"]["minSignatureLevel"] == "advanced"
    with pytest.raises(Refused, match=r"agreement\.level-unproven"):
        mine.draft_agreement(STANDARD, **WISH, level="qualified")


def test_an_offer_that_is_not_the_logs_is_not_shown(mine: Dam, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms, text or number of another: the log's own statement tells."""
    get = Dam._get
    for path, value in (("offer", {}), ("text", {"en": "x"}), ("statement", "0" * 64)):

        def lies(self: Dam, address: str, path: str = path, value: object = value, **more: Any) -> Any:
            told = get(self, address, **more)
            return spoiled(told, path, value=value) if address.startswith("/api/offers/") else told

        with monkeypatch.context() as patch:
            patch.setattr(Dam, "_get", lies)
            with pytest.raises(DamError):
                mine.offer(STANDARD)


def test_what_was_shown_is_what_is_signed(mine: Dam) -> None:
    """A draft whose text was exchanged after it was checked is not signed."""
    draft = mine.draft_agreement(STANDARD, **WISH)
    other = type(draft)(body=draft.body, texts={**draft.texts, "en": "x"}, automatic=True)
    with pytest.raises(Untrusted, match=r"agreement\.text-other"):
        mine.sign_agreement(other, language="en")


@pytest.mark.parametrize(
    "sent",
    [
        b"[]",
        b"{}",
        b'{"standard": 1, "purposes": [], "destination": "KR", "level": null}',
        b'{"standard": "a.b", "purposes": "research", "destination": "KR", "level": null}',
        b'{"standard": "a.b", "purposes": [1], "destination": "KR", "level": null}',
        b'{"standard": "a.b", "purposes": ["research"], "destination": "KR", "level": 3}',
        b'{"standard": "a.b", "purposes": ["research"], "destination": "KR", "level": null, "more": 1}',
    ],
)
def test_a_draft_is_asked_for_in_one_way(dam: Served, sent: bytes) -> None:
    """Anything else is malformed, and said so."""
    answer = dam.ask("POST", "/api/agreements/draft", dam.token(dam.person("Odd")), content=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


def test_what_waits_is_approved_on_the_operators_socket(dam: Served, mine: Dam) -> None:
    """202 until then; the member sees it move."""
    offer.publish(dam.world, odrl.write(an_offer(automatic=False)))
    try:
        told = mine.sign_agreement(mine.draft_agreement(STANDARD, **WISH), language="en")
        assert (told["state"], told["since"]) == ("accepted", None)
        done = ours.run("agreements", "approve", told["id"][:12], "--dam", dam.folder)
        assert done.returncode == 0, done.stderr
        assert mine.agreement(told["id"])["state"] == "finalised"
        wrong = ours.run("agreements", "end", told["id"][:12], "--reason", "x", "--dam", dam.folder, DATADAM_LANG="ko")
        assert wrong.returncode == 0, wrong.stderr
    finally:
        offer.publish(dam.world, odrl.write(an_offer()))


def test_the_command_line_signs_only_what_was_said(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a person or `--yes` nothing is signed; a language that there is not is refused, and a no is a no."""
    machine: Machine = a_machine(tmp_path, monkeypatch, capsys)
    person = dam.person("Cli")
    client.write_private(Path("key"), person.key)
    line = ("agree", STANDARD, "--purpose", "research", "--to", "KR", "--url", dam.url, "--key", "key")
    assert "--yes" in machine(*line, code=2).error
    machine(*line, "--yes", "--language", "fr", code=2)
    machine("offer", "show", STANDARD, "--language", "fr", "--url", dam.url, code=2)

    class Somebody(io.StringIO):
        """Somebody at a terminal."""

        def isatty(self) -> bool:
            """There is."""
            return True

    monkeypatch.setattr("sys.stdin", Somebody("n\n"))
    machine(*line, code=1)
    assert agree.every(dam.world, member=person.id) == []
    monkeypatch.setattr("sys.stdin", Somebody("y\n"))
    assert "In force" in machine(*line).out
    told = agree.every(dam.world, member=person.id)[0]
    with_dam = ("--dam", dam.folder)
    machine("agreements", "suspend", told.id, "--reason", "x", *with_dam)
    machine("agreements", "suspend", told.id, "--reason", "x", *with_dam, code=3)
    agree.change(dam.world, told.id, AgreementState.FINALISED, "well")
    heard = " ".join(machine("notices", "--url", dam.url, "--key", "key").out.split())
    assert ("is suspended now. Why: x" in heard, "is in force now. Why: well" in heard) == (True, True)


def test_a_verb_of_the_operator_takes_no_other_states(dam: Served) -> None:
    """Only those that an agreement in force can come to."""
    from datadam.cli.manners import operated

    with pytest.raises(DamError, match=r"request\.malformed"):
        operated(dam.folder, "change-agreement", id="0" * 64, state="verified", reason="x")


def test_a_suspended_member_sees_how_it_stands_and_gets_nothing_else(dam: Served) -> None:
    """Its login lives, `me` says so, its own deposits are told; rows, profiles and deposits are refused at once."""
    person = Person("Held", roles=("contributor", "consumer")).joins(dam.world)
    with dam.client(person) as held:
        held.sign_agreement(held.draft_agreement(STANDARD, **WISH), language="en")
        assert held.me()["suspended"] is False
        join.suspend(dam.world, person.id, "inquiry")
        assert held.me()["suspended"] is True
        assert held.deposits() == []
        assert [one["state"] for one in held.agreements()] == ["finalised"]
        with pytest.raises(Refused, match=r"member\.suspended"):
            held.share_profile(STANDARD)
        with pytest.raises(Refused):
            held.open(STANDARD).to_polars()
        join.resume(dam.world, person.id, "cleared")
        assert held.share_profile(STANDARD)["bearerToken"]


def test_an_address_that_was_given_out_ends_with_what_it_was_given_on(dam: Served, tmp_path: Path) -> None:
    """Agreement held up, resumed, expired, ended; member suspended, resumed: the next request for the file shows it."""
    world = dam.world
    kim = dam.person("Addressed")
    path = tmp_path / "rows.csv"
    path.write_bytes(GOOD)
    with dam.client(kim) as mine:
        mine.deposit(path, fit_of(world, STANDARD, GOOD))
        told = mine.sign_agreement(mine.draft_agreement(STANDARD, **WISH), language="en")
        (file, *_) = mine.files(mine.open(STANDARD).info["table"], {})

        def asked() -> tuple[int, str]:
            answer = dam.http.get(file["url"])
            return answer.status_code, "" if answer.is_success else str(answer.json()["code"])

        assert asked() == (200, "")
        agree.change(world, told["id"], AgreementState.SUSPENDED, "x")
        assert asked() == (403, "agreement.cut-off")
        agree.change(world, told["id"], AgreementState.FINALISED, "x")
        assert asked() == (200, "")
        join.suspend(world, kim.id, "x")
        assert asked() == (403, "member.suspended")
        join.resume(world, kim.id, "x")
        assert asked() == (200, "")
        mine.end_agreement(told["id"], reason="done")
        assert asked() == (403, "agreement.cut-off")


def test_an_end_binds_on_the_very_next_request_while_many_read(dam: Served, tmp_path: Path) -> None:
    """Four readers in a loop as the agreement ends: what begins after the answer to that gets no byte.

    Until then each gets a file: a dam that refused everything would pass otherwise.
    """
    kim, path = dam.person("Reads"), tmp_path / "rows.csv"
    path.write_bytes(GOOD)
    over, stop = threading.Event(), threading.Event()
    before, after, wrong = list[int](), list[str](), list[object]()

    def read() -> None:
        with dam.client(kim) as theirs:
            table = theirs.open(STANDARD).info["table"]
            while not stop.is_set():
                late = over.is_set()
                try:
                    taken = sum(dam.http.get(one["url"]).num_bytes_downloaded for one in theirs.files(table, {}))
                except Refused as error:
                    if late:
                        after.append(error.code)
                else:
                    (wrong if late else before).append(taken)

    with dam.client(kim) as mine:
        mine.deposit(path, fit_of(dam.world, STANDARD, GOOD))
        told = mine.sign_agreement(mine.draft_agreement(STANDARD, **WISH), language="en")
        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        waits = time.monotonic() + 120
        while len(before) < 8 and time.monotonic() < waits:
            time.sleep(0.01)
        mine.end_agreement(told["id"], reason="done")
        over.set()
        while len(after) < 8 and time.monotonic() < waits:
            time.sleep(0.01)
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert len(before) >= 8
    assert all(before)
    assert len(after) >= 8
