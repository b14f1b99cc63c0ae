"""Models over HTTP, in the client and on the command line: disclosed, read by everybody, held to their bytes."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from cards import CARD, card
from datadam import client, seal
from datadam.client import disclosing
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.model import Json, Kind
from datadam.terms import Action
from machines import a_machine
from served import STANDARD, Served, published, serving
from signed import agreed, offered, permission
from worlds import Person


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file, whose standard may be read and trained on."""
    with serving(tmp_path_factory.mktemp("disclose") / "dam", share_refresh_seconds=0) as made:
        published(made.world)
        offered(made.world, permission(actions=(Action.READ, Action.TRAIN)))
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the client's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def member(dam: Served, name: str) -> Person:
    """A member that may train."""
    person = dam.person(name)
    agreed(dam.world, person)
    return person


def trained(dam: Served, name: str, into: Path) -> Person:
    """A member that took rows to train on, in the client's way."""
    person = member(dam, name)
    person.deposits(dam.world, STANDARD, f"meter,amount\n{name},1\n".encode())
    with dam.client(person) as held:
        assert held.open(STANDARD, action="train", to="KR", purpose="research").download(into)
    return person


def registered(dam: Served, person: Person) -> list[str]:
    """A member's models, as strangers see them."""
    with dam.client() as stranger:
        return [one["id"] for one in stranger.models(person.id)]


def test_what_is_done_with_rows_travels_with_what_is_asked(dam: Served, tmp_path: Path) -> None:
    """In a header: it stands in the decision and in the list of releases; a word that there is not is refused."""
    person = trained(dam, "Travels", tmp_path)
    with dam.client(person) as held:
        held.open(STANDARD).download(tmp_path)
        assert [one["action"] for one in held.decisions()] == ["train", "read"]
        assert [one["action"] for one in held.releases()] == ["train", "read"]
        with pytest.raises(Invalid, match="ask.action-unknown"):
            held.open(STANDARD, action="paint")
        assert held.open(STANDARD, action="combine").info["open_to_you"] is False


def test_a_model_is_disclosed_and_everybody_reads_it(dam: Served, tmp_path: Path) -> None:
    """Draft, sign, send; strangers see it with its proof, and only its provider what was withdrawn of it."""
    person = trained(dam, "Provider", tmp_path)
    with dam.client(person) as held:
        made = held.sign_model(held.draft_model(CARD))
        assert (made["name"], made["version"], made["releases"]) == ("iron-forecast", "1.0.0", 1)
        mine = held.model(made["id"])
        assert mine.withdrawn == []
        (deposit,) = held.deposits()
        (told,) = held.withdraw([deposit], reason="r")
        assert [one["id"] for one in told["models"]] == [made["id"]]
        (left,) = held.model(made["id"]).withdrawn or ()
        assert left["withdrawal"] == told["id"]
        end = held.erased(told["id"], seconds=20)
        assert end["purge"]["beyond"]["models"] == [made["id"]]
    with dam.client() as stranger:
        assert made["id"] in [one["id"] for one in stranger.models()]
        assert [one["id"] for one in stranger.models(person.id)] == [made["id"]]
        found = stranger.model(made["id"])
        assert found.withdrawn is None
        assert found.body["training"][0]["standard"] == STANDARD
        with pytest.raises(NotFound, match="model.unknown"):
            stranger.model("0" * 64)
        bill = stranger.model_bom(made["id"])
    answer = dam.ask("GET", f"/api/models/{made['id']}/ml-bom")
    assert answer.headers["content-type"] == "application/vnd.cyclonedx+json; version=1.7"
    assert answer.json() == bill
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(answer.text) is None


def test_a_dam_that_drafts_something_else_gets_no_signature(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other words than the card's, another training set than what was taken, another member."""
    person = trained(dam, "Careful", tmp_path)
    with dam.client(person) as held:
        ask = held._ask
        changes: list[Json] = [{"purpose": "Another."}, {"training": []}, {"member": "m-" + "0" * 20}]
        for change in changes:

            def bent(method: str, path: str, *, more: Json = change, **given: object) -> object:
                answer = ask(method, path, **given)  # type: ignore[arg-type]  # any option
                if path.endswith("/draft"):
                    told = {"body": {**answer.json()["body"], **more}}
                    answer._content = json.dumps(told).encode()
                return answer

            monkeypatch.setattr(held, "_ask", bent)
            with pytest.raises(Untrusted, match="model.draft-other"):
                held.draft_model(CARD)
            monkeypatch.undo()


def test_a_receipt_of_something_else_is_no_model(dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dam that shows another statement than was asked for is found out."""
    person = trained(dam, "Receipt", tmp_path)
    with dam.client(person) as held:
        first = held.sign_model(held.draft_model(CARD))["id"]
        second = held.sign_model(held.draft_model(card(version="2")))["id"]
        get = held._get
        monkeypatch.setattr(held, "_get", lambda path, **more: get(path.replace(first, second), **more))
        with pytest.raises(Untrusted, match="model.draft-other"):
            held.model(first)


@pytest.mark.parametrize("sent", [b"", b"\xff", b"[]", b"name: x", b"{" * 2000])
def test_a_card_that_is_none_is_refused(dam: Served, sent: bytes) -> None:
    """Whatever was sent: a reason, and no draft."""
    answer = dam.ask("POST", "/api/models/draft", dam.token(dam.person("Odd")), content=sent)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"model.faulty", "request.unreadable"}


def test_another_members_statement_is_refused(dam: Served, tmp_path: Path) -> None:
    """Signed by its provider, sent by somebody else."""
    person, other = trained(dam, "Signer", tmp_path), dam.person("Sender")
    with dam.client(person) as held:
        sent = seal.envelope(person.states(Kind.MODEL, held.draft_model(CARD)))
    answer = dam.ask("POST", "/api/models", dam.token(other), content=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "model.not-yours")


# --- promised bytes ---------------------------------------------------------------------------------------------------


def test_a_commitment_is_the_hash_of_salt_and_bytes_and_of_nothing_else(tmp_path: Path) -> None:
    """As any tool works it out; the opening is for its owner alone, and is not written over."""
    file = tmp_path / "weights.bin"
    file.write_bytes(b"w" * (disclosing.CHUNK + 1))
    digest, opening = disclosing.commit(file, "weights")
    told = json.loads(opening.read_text(encoding="utf-8"))
    assert digest == told["digest"] == hashlib.sha256(bytes.fromhex(told["salt"]) + file.read_bytes()).hexdigest()
    assert len(bytes.fromhex(told["salt"])) == disclosing.SALT
    assert opening.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="file.exists"):
        disclosing.commit(file, "weights")
    opening.unlink()
    assert disclosing.commit(file, "weights")[0] != digest  # the same bytes, salted anew, tell nothing
    with pytest.raises(Invalid, match="model.word-unknown"):
        disclosing.commit(file, "ideas")
    with pytest.raises(Invalid, match="file.unreadable"):
        disclosing.commit(tmp_path / "none", "code")
    assert not (tmp_path / "none.opening").exists()


def test_opened_bytes_are_held_to_what_was_promised(dam: Served, tmp_path: Path) -> None:
    """The file itself passes; another, another salt, another part or a broken opening does not."""
    person = trained(dam, "Commits", tmp_path / "rows")
    file, other = tmp_path / "weights.bin", tmp_path / "other.bin"
    file.write_bytes(b"the weights")
    other.write_bytes(b"the weights?")
    digest, opening = disclosing.commit(file, "weights")
    _, salted = disclosing.commit(other, "weights")
    with dam.client(person) as held:
        id = held.sign_model(held.draft_model(card(commitments=[{"part": "weights", "digest": digest}])))["id"]
    with dam.client() as anybody:
        assert anybody.check_commitment(file, opening, id) == "weights"
        for wrong, by in ((other, opening), (file, salted)):
            with pytest.raises(Untrusted, match="model.bytes-other"):
                anybody.check_commitment(wrong, by, id)
        told = json.loads(opening.read_text(encoding="utf-8"))
        opening.write_text(json.dumps({**told, "part": "code"}), encoding="utf-8")
        with pytest.raises(NotFound, match="model.no-commitment"):
            anybody.check_commitment(file, opening, id)
        for broken in ("", "[]", "{}", json.dumps({**told, "salt": "00"}), json.dumps({**told, "salt": "xx"})):
            opening.write_text(broken, encoding="utf-8")
            with pytest.raises(Invalid, match="model.opening-malformed"):
                anybody.check_commitment(file, opening, id)
        with pytest.raises(Invalid, match="model.opening-malformed"):
            anybody.check_commitment(file, tmp_path / "none", id)


# --- on the command line ----------------------------------------------------------------------------------------------


def test_the_commands_say_it_in_both_languages(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Take to train, commit, register, list, show, check, export, withdraw, be told."""
    machine = a_machine(tmp_path, monkeypatch, capsys)
    person, giver = member(dam, "Line"), dam.person("Giver")
    person.deposits(dam.world, STANDARD, b"meter,amount\nL1,1\n")
    key = client.write_private(tmp_path / "key", person.key)

    def run(*line: object, language: str = "en", code: int = 0, signed: bool = True) -> str:
        monkeypatch.setenv("DATADAM_LANG", language)
        done = machine(*line, "--url", dam.url, *(("--key", key) if signed else ()), code=code)
        return done.out + done.error

    take = ("get", STANDARD, tmp_path / "rows", "--action", "train", "--purpose", "research", "--to", "KR")
    run(*take)
    file, written = tmp_path / "weights.bin", tmp_path / "card.yaml"
    file.write_bytes(b"weights")
    digest = machine("model", "commit", file, "--as", "weights").out.split("digest: '")[1][:64]
    written.write_text(card(commitments=[{"part": "weights", "digest": digest}]), encoding="utf-8")
    assert "--yes" in run("model", "register", written, code=2)
    told = run("model", "register", written, "--yes")
    assert "public register" in told
    assert "iron-forecast 1.0.0 is registered" in told
    (id,) = registered(dam, person)
    assert id in run("model", "list", "--json", signed=False)
    assert id[:12] in run("model", "list", "--member", person.id, signed=False)
    assert digest in run("model", "show", id[:12])
    assert json.loads(run("model", "show", id, "--json"))["withdrawn"] == []
    assert "weights" in run("model", "commit-check", file, "--model", id[:12], signed=False)
    opening = tmp_path / "kept"
    (tmp_path / "weights.bin.opening").rename(opening)
    file.write_bytes(b"Weights")
    check = ("model", "commit-check", file, "--model", id, "--opening", opening)
    assert "확약" in run(*check, language="ko", code=5, signed=False)
    assert json.loads(run("model", "export", id, "--cyclonedx", signed=False))["specVersion"] == "1.7"
    bill = tmp_path / "bom.json"
    for code in (0, 3):  # what is there is not written over
        run("model", "export", id, "--cyclonedx", "--into", bill, code=code, signed=False)
    assert json.loads(bill.read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    assert "Synthetic" not in run("model", "export", id, "--eu", signed=False)
    assert "인공지능 모델 안내" in run("model", "export", id, "--kr", "--language", "ko", signed=False)
    run("model", "export", id, "--kr", "--language", "fr", code=2, signed=False)
    run("model", "export", id, "--kr", "--eu", code=2, signed=False)
    giver.deposits(dam.world, STANDARD, b"meter,amount\nG1,1\n")
    run(*take, "--force")
    written.write_text(card(version="2"), encoding="utf-8")
    run("model", "register", written, "--yes")
    with dam.client(giver) as held:
        held.withdraw(held.deposits(), reason="r")
    assert "iron-forecast 2 (" in run("notices")
    assert "iron-forecast 1.0.0" in run("withdraw", "--all", "--standard", STANDARD, "--reason", "r", "--yes")
    assert "철회되었습니다" in run("model", "show", id, language="ko")


def test_whoever_reads_what_is_shown_signs_it_or_not(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a terminal a person is asked; a no registers nothing."""
    machine = a_machine(tmp_path, monkeypatch, capsys)
    person = trained(dam, "Asked", tmp_path / "rows")
    key = client.write_private(tmp_path / "key", person.key)
    written = tmp_path / "card.yaml"
    written.write_text(CARD, encoding="utf-8")
    line = ("model", "register", written, "--url", dam.url, "--key", key)
    for answer, count in (("n", 0), ("y", 1)):
        person_there = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(person_there, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", person_there)
        machine(*line, code=0 if count else 1)
        assert len(registered(dam, person)) == count
