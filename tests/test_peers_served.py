"""Two dams that are really served: peered by their operators' commands, told over HTTP, one away for a while."""

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from datadam import wiring
from datadam.adapters import peer_http
from datadam.adapters.peer_http import HttpPeerLink
from datadam.cli.peers import fingerprint
from datadam.dam import decide, federate, follow, grant, order, peer, proposals, reception
from datadam.edges import operator, peer_verbs
from datadam.errors import DamError, Invalid, Unavailable
from datadam.model import Allow, Ask, StandardId
from machines import Machine, a_machine
from peered_dams import KR, US
from served import STANDARD, Served, published, serving
from worlds import Person, refused


@dataclass
class Dams:
    """Two served dams."""

    kr: Served
    us: Served


def one_served(folder: Path, origin: str, stack: ExitStack) -> Served:
    """A dam of that name."""
    wiring.init(folder, name=origin, jurisdiction=folder.name.upper())
    return stack.enter_context(serving(folder, peer_pull_seconds=1))


@pytest.fixture
def dams(tmp_path: Path) -> Iterator[Dams]:
    """Both, served at once."""
    with ExitStack() as stack:
        yield Dams(one_served(tmp_path / "kr", KR, stack), one_served(tmp_path / "us", US, stack))


def until(holds: Callable[[], bool], tries: int = 1000) -> bool:
    """Whether something comes to hold; each look gives other threads their turn."""
    for _ in range(tries):
        if holds():
            return True
        time.sleep(0.02)
    return False


TERMS = """
standards = ["test.reading"]
classes = ["business", "public"]
contact_seconds = 3600
guests = true
[[between]]
origin = "us.example/log"
jurisdiction = "US"
[[between]]
origin = "kr.example/log"
jurisdiction = "KR"
[[directions]]
from = "us.example/log"
to = "kr.example/log"
[[directions]]
from = "kr.example/log"
to = "us.example/log"
"""


def peered(dams: Dams) -> None:
    """Both operators say so, over their sockets."""
    done = []
    for one, other, terms in ((dams.kr, dams.us, TERMS), (dams.us, dams.kr, None)):
        socket = wiring.places(one.folder).socket
        done.append(operator.over_socket(socket, "add-peer", {"url": other.url, "terms": terms}))
    assert [one["state"] for one in done] == ["offered", "peered"]


def codes(dam: Served, person: Person) -> set[str]:
    """Why a member's ask for rows to Japan is denied; nothing where it is allowed."""
    asked = Ask(member=person.id, standard=StandardId(STANDARD), purpose="research", destination="JP")
    decision, _ = decide.decide(dam.world, asked)
    return set() if isinstance(decision, Allow) else {reason.code for reason in decision.reasons}


def reading(dam: Served) -> Person:
    """A member that may take the rows."""
    published(dam.world)
    person = dam.person("reader")
    grant.grant(dam.world, person.id, STANDARD)
    return person


def test_an_order_in_one_dam_denies_the_next_request_in_the_other(dams: Dams) -> None:
    """Pushed over HTTP without anybody asking; lifted the same way; each cosigned the other's log meanwhile."""
    person = reading(dams.us)
    peered(dams)
    assert until(lambda: codes(dams.us, person) == set())  # from the first look at the other's log on
    made = order.suspend(dams.kr.world, ["business"], ["JP"], reason="stop", ground="Act 1")
    assert until(lambda: codes(dams.us, person) == {"ask.order"})
    order.lift(dams.kr.world, made.id, "over")
    assert until(lambda: codes(dams.us, person) == set())
    assert until(lambda: len(dams.kr.ask("GET", "/api/log/cosignatures").json()["items"]) == 1)
    (shown,) = dams.us.ask("GET", "/api/peers").json()["items"]
    assert (shown["origin"], shown["state"], shown["faults"]) == (KR, "heard", [])
    assert shown["terms"]["contact_seconds"] == 3600
    assert shown["contact"] is not None


def test_silence_closes_and_what_was_missed_binds_before_it_opens(dams: Dams) -> None:
    """One dam's clock goes on while the other cannot be reached; the other one's clock has no effect."""
    person = reading(dams.us)
    peered(dams)
    link = dams.us.world.peers
    assert isinstance(link, HttpPeerLink)
    assert until(lambda: dams.kr.ask("GET", "/api/peers").json()["items"][0]["followed"] > 0)
    with dams.us.clock.forward(days=30):
        denied = codes(dams.us, person)
        assert denied in ({"ask.peer-silent"}, set())  # unless it was heard again in that second
        order.suspend(dams.kr.world, ["business"], ["JP"], reason="stop", ground="Act 1")
        assert until(lambda: codes(dams.us, person) == {"ask.order"})
    kinds = [str(dams.us.world.ledger.statement(id).kind) for _, id in dams.us.world.ledger.entries()]
    assert "adoption" in kinds


def test_a_dam_that_was_away_asks_before_it_takes_a_request(tmp_path: Path) -> None:
    """Stopped, an order is issued elsewhere; started again, its first answer is a denial already."""
    with ExitStack() as stays, ExitStack() as ends:
        dams = Dams(one_served(tmp_path / "kr", KR, stays), one_served(tmp_path / "us", US, ends))
        person = reading(dams.us)
        peered(dams)
        ends.close()
        order.suspend(dams.kr.world, ["business"], ["JP"], reason="stop", ground="Act 1")
        with serving(tmp_path / "us", peer_pull_seconds=3600) as again:
            assert codes(again, person) == {"ask.order"}


# --- on the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A machine of an operator."""
    (tmp_path / "machine").mkdir()
    return a_machine(tmp_path / "machine", monkeypatch, capsys)


def test_two_operators_peer_on_the_command_line(dams: Dams, machine: Machine) -> None:
    """Terms to begin with, what is shown before it is signed; list, show, pull, end; a client's quorum."""
    kr, us = (("--dam", one.folder) for one in (dams.kr, dams.us))
    template = machine("peer", "terms", dams.us.url, *kr).out
    assert "# " in template
    drafted = peer_verbs.read_terms(template)
    assert drafted["standards"] == []
    text = template.replace("standards = []", 'standards = ["test.reading"]')
    Path("terms.toml").write_text(text, encoding="utf-8")
    machine("peer", "add", dams.us.url, "--terms", "terms.toml", *kr, code=2)  # nobody confirms
    machine("peer", "add", dams.us.url, "--terms", "terms.toml", "--yes", *kr, code=2)  # nobody compared a key
    key = ("--key", dams.us.world.ledger.vkey, "--yes")
    machine(
        "peer", "add", dams.us.url, "--terms", "terms.toml", "--key", dams.kr.world.ledger.vkey, "--yes", *kr, code=5
    )
    shown = machine("peer", "add", dams.us.url, "--terms", "terms.toml", *key, *kr).out
    assert fingerprint(dams.us.world.ledger.vkey) in shown
    assert fingerprint(dams.kr.world.ledger.vkey) in shown
    assert US in machine("peer", "list", *kr).out
    back = ("--key", dams.kr.world.ledger.vkey, "--yes")
    signed = machine("peer", "add", dams.kr.url, *back, *us).out
    assert "test.reading" in signed
    assert "business" not in signed
    listed = json.loads(machine("peer", "list", *us, "--json").out)
    assert [one["origin"] for one in listed["items"]] == [KR]
    assert KR in machine("peer", "list", *us).out
    assert "3600" in machine("peer", "show", KR, *us).out
    assert json.loads(machine("peer", "show", listed["items"][0]["id"][:8], *us, "--json").out)["contacts"] == []
    assert re.search(r"[1-9]", machine("peer", "pull", *us).out)
    machine("peer", "pull", KR, *us)
    vkey = proposals.cosigner(dams.us.world)
    assert until(lambda: bool(dams.kr.ask("GET", "/api/log/cosignatures").json()["items"]))
    told = machine("trust", "--cosigned-by", vkey, "--url", dams.kr.url).out
    assert vkey in told
    machine("receipt", dams.kr.world.ledger.entry(0)[1], "--into", "first.json", "--url", dams.kr.url)
    machine("verify", "first.json", "--cosigned-by", vkey, "--quorum", "1")
    other = proposals.cosigner(dams.kr.world)
    machine("verify", "first.json", "--cosigned-by", other, "--quorum", "1", code=5)  # nobody cosigns its own log
    machine("trust", "--cosigned-by", vkey, "--quorum", "2", "--url", dams.kr.url, code=2)
    assert vkey not in machine("trust", "--nobody", "--url", dams.kr.url).out
    machine("peer", "end", KR, "--reason", "over", *us)
    machine("peer", "end", KR, "--reason", "over", *us, code=3)


def test_an_offer_is_taken_back_on_the_command_line(dams: Dams, machine: Machine) -> None:
    """Before the other operator signed it."""
    kr = ("--dam", dams.kr.folder)
    Path("terms.toml").write_text(TERMS, encoding="utf-8")
    machine("peer", "add", dams.us.url, "--terms", "terms.toml", "--key", dams.us.world.ledger.vkey, "--yes", *kr)
    machine("peer", "end", US, "--reason", "a mistake", *kr)
    assert json.loads(machine("peer", "list", *kr, "--json").out)["offers"] == []


def test_terms_that_are_none_are_told_as_that() -> None:
    """No TOML; lists of anything are left for whoever judges them."""
    refused("peer.terms-malformed", lambda: peer_verbs.read_terms("a = ["))
    assert peer_verbs.read_terms("classes = [1]\nbetween = [2]")["classes"] == [1]


# --- the link ---------------------------------------------------------------------------------------------------------


def _link(answer: Callable[[httpx.Request], httpx.Response]) -> HttpPeerLink:
    return HttpPeerLink(transport=httpx.MockTransport(answer))


def test_a_link_is_bounded_and_never_led_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect, an endless answer, a slow one, nobody there: all the same to whoever asks."""
    away = {
        "redirect": lambda _: httpx.Response(302, headers={"Location": "http://127.0.0.1:1/"}),
        "too long": lambda _: httpx.Response(200, content=bytes(peer_http.MAX_ANSWER + 1)),
    }
    for why, answer in away.items():
        error = refused("peer.unreachable", lambda answer=answer: _link(answer).send("https://x.example", "GET", "/"))  # type: ignore[misc]
        assert error.facts["why"] == why
    ticks = itertools.chain([0.0], itertools.repeat(1000.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    slow = _link(lambda _: httpx.Response(200, content=b"x"))
    assert refused("peer.unreachable", lambda: slow.send("https://x.example", "GET", "/")).facts["why"] == "too slow"
    slow.close()
    slow.close()
    monkeypatch.undo()
    nobody = HttpPeerLink()
    assert isinstance(refused("peer.unreachable", lambda: nobody.send("http://127.0.0.1:1", "GET", "/")), Unavailable)
    nobody.close()


@pytest.mark.parametrize(
    "url", ["http://open.example", "ftp://x", "https://", "https://u:p@x", "https://x/?q", "http://["]
)
def test_an_address_over_which_anybody_could_answer_is_refused(url: str) -> None:
    """In clear on this machine only; no other scheme, no password, no query."""
    error = refused("peer.url-open", lambda: peer_http.checked(url))
    assert isinstance(error, Invalid)


def test_a_request_over_http_is_read_as_it_was_signed(dams: Dams) -> None:
    """Its scheme, its path with its query; a refusal in the house's manners, in the caller's language."""
    peered(dams)
    other = reception.of_peer(dams.us.world, peer.find(dams.us.world, KR))
    assert reception.ask(dams.us.world, other, "GET", follow.SIZE)["size"] >= 0
    with pytest.raises(DamError):
        reception.ask(dams.us.world, other, "GET", "/api/federation/none?x=1")
    told = dams.kr.ask("GET", "/api/federation/size", headers={"Authorization": "Datadam x", "Accept-Language": "ko"})
    assert told.status_code == 401
    assert told.headers["www-authenticate"].startswith("Datadam")
    assert re.search("[가-힣]", told.json()["title"])
    assert federate.ROUTES[("GET", follow.SIZE)] is follow.size
