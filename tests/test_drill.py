"""The drill: its cast is made up, its wire can be cut, its story is a page. `make drill` is the whole of it."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import polars as pl
import pytest

from datadam import registers
from drill import cast, lists, story, withdrawal
from drill.alternatives import BANDS
from drill.beside import Beside
from drill.relay import Relay
from drill.story import WORDS, Place, Story, Told, Word

# --- the cast ---------------------------------------------------------------------------------------------------------


def test_everybody_is_made_up() -> None:
    """Names say so, numbers add up, hosts are in a zone that nobody can have."""
    held = [*cast.MEMBERS.values(), *lists.SUPPLIERS.values()]
    everybody = {*cast.COUNTRIES.values(), *(who for some in held for who in some)}
    assert all("(fictional)" in who.name or "made up" in who.name for who in everybody)
    for who in everybody:
        registers.jurisdiction(who.jurisdiction)
        if who.number:
            registers.check(*who.number.split(":"))
    assert {who.jurisdiction for who in everybody} == {"KR", "US", "JP"}
    for watch in cast.WATCHES:
        assert all(row[1].endswith(".example") for row in watch.rows())
    assert all("(made up)" in line for line in cast.CATALOGUE.splitlines()[1:])


def test_what_the_makers_list_looks_diversified_and_is_not() -> None:
    """No supplier stands on two makers' lists; by all lists in one hand two of three share what must be found."""
    makers = [one for one in lists.LISTS if one.maker]
    below = {one.own: one.buys_from for one in lists.LISTS}

    def reached(firms: frozenset[str]) -> frozenset[str]:
        deeper = frozenset[str]().union(*(below.get(firm, frozenset()) for firm in firms))
        return firms | (reached(deeper) if deeper else frozenset())

    assert all(not one.buys_from & other.buys_from for one in makers for other in makers if one is not other)
    shared = [reached(one.buys_from) & reached(two.buys_from) for one in makers for two in makers if one.own < two.own]
    assert sorted(map(len, shared)) == [0, 0, len(lists.FOUND)]
    assert cast.SUPPLIER in frozenset().union(*shared)


def test_what_was_seen_is_drawn_from_a_seed() -> None:
    """The same in each run; one name is in every file, and no other."""
    first, second = ({row[1] for row in watch.rows()} for watch in cast.WATCHES)
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert [watch.text(now) for watch in cast.WATCHES] == [watch.text(now) for watch in cast.WATCHES]
    assert cast.WATCHES[0].text(now).splitlines()[1].endswith("2026-11-20T10:00:00Z")
    assert first & second == {cast.NAME}


# --- the wire ---------------------------------------------------------------------------------------------------------


@contextmanager
def echoing() -> Iterator[int]:
    """A server that answers each connection with what it got first; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                with near:
                    near.sendall(near.recv(1000))

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def answered(port: int, request: bytes) -> bytes:
    """What comes back; nothing where the connection is dropped."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as near:
        try:
            near.sendall(request)
            near.shutdown(socket.SHUT_WR)
            return near.recv(1000)
        except OSError:
            return b""


def test_a_cut_wire_drops_what_dams_say_and_nothing_else() -> None:
    """Members are heard all the time; dams again once it is mended."""
    dam, member = b"GET /api/federation/batch?old=0 HTTP/1.1\r\n\r\n", b"GET /api/reservoirs HTTP/1.1\r\n\r\n"
    with echoing() as port, Relay(port) as relay:
        assert answered(relay.port, dam) == dam
        relay.cut()
        assert answered(relay.port, dam) == b""
        assert answered(relay.port, member) == member
        relay.join()
        assert answered(relay.port, dam) == dam


def test_a_connection_between_dams_is_dropped_in_the_middle() -> None:
    """A cable breaks while somebody speaks."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Relay(silent.getsockname()[1]) as relay,
        socket.create_connection(("127.0.0.1", relay.port), timeout=10) as near,
    ):
        near.sendall(b"POST /api/federation/batch HTTP/1.1\r\n")
        far, _ = silent.accept()
        with far:
            far.recv(1000)
            relay.cut()
            assert near.recv(1000) == b""


def test_what_dams_say_to_one_another_is_counted_and_nothing_else() -> None:
    """Both ways, to the byte; what members send is not."""
    dam, member = b"GET /api/federation/batch?old=0 HTTP/1.1\r\n\r\n", b"GET /api/reservoirs HTTP/1.1\r\n\r\n"
    with echoing() as port, Relay(port) as relay:
        answered(relay.port, member)
        assert relay.passed == 0
        answered(relay.port, dam)
        assert relay.passed == 2 * len(dam)


# --- the story --------------------------------------------------------------------------------------------------------


def test_files_that_hold_what_was_handed_in_are_found_however_they_are_packed(tmp_path: Path) -> None:
    """In a table that is packed, in the middle of other bytes, further down; a socket is no file."""
    name = cast.WATCHES[0].rows()[3][1]
    pl.DataFrame({"value": [name] * 5, "more": [b"1"] * 5}).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "further").mkdir()
    (tmp_path / "further" / "tables").write_bytes(b"\x00\xff" + name.encode() + b"\x00")
    (tmp_path / "nothing").write_bytes(b"\xff")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert withdrawal.holding(tmp_path) == (2, 3)


def sentences(language: str) -> dict[str, str]:
    """Everything that can be told, by a path."""
    told = WORDS[language]
    found = {f"chapters.{code}.{part}": text for code, one in told["chapters"].items() for part, text in one.items()}
    found |= {f"{part}.{code}": text for part in ("facts", "words") for code, text in told[part].items()}
    return {**found, "title": told["title"]}


def holes(text: str) -> set[str]:
    """The facts that a sentence asks for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_story_says_the_same_in_both_languages() -> None:
    """The same sentences, each asking for the same facts; the Korean ones are Korean."""
    english, korean = sentences("en"), sentences("ko")
    assert english.keys() == korean.keys()
    assert {path: holes(text) for path, text in english.items()} == {path: holes(text) for path, text in korean.items()}
    assert all(re.search("[가-힣]", text) for text in korean.values())
    assert not any(re.search("[가-힣]", text) for text in english.values())


def test_every_sentence_is_told_and_every_one_that_is_told_is_there() -> None:
    """No sentence without a place in the drill, and no place without a sentence: each claim is computed somewhere."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(story.__file__).parent.glob("*.py"))
    told = set(re.findall(r'story\.(?:chapter|fact)\(\s*"([a-z_]+)"', code)) | set(
        re.findall(r'Told\("([a-z_]+)"', code)
    )
    told |= {f"band_{name}" for name, _ in BANDS}
    assert told == {*WORDS["en"]["chapters"], *WORDS["en"]["facts"]}


def test_the_story_is_a_page_of_its_own_in_each_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Headings are numbered, facts are a list, countries have names, and nothing in it is taken for markup."""
    told = Story()
    told.chapter("peering")
    told.fact("terms")
    told.fact("foreign_missing")
    told.chapter("cable", limit="<6>")
    countries = [Place("USA"), Place("CHN")]
    told.fact("denied", place=Word("seoul"), ms="7")
    bands = [Told("band_small", {"countries": countries}), Told("band_large", {"countries": [Place("KOR")]})]
    told.fact("others", stage=Word("mining"), year=2025, bands=bands)
    told.write(tmp_path)
    english, korean = ((tmp_path / name).read_text(encoding="utf-8") for name in ("story.md", "story.ko.md"))
    words = WORDS["en"]
    begins = f"# {words['title']}\n\n## 1. {words['chapters']['peering']['title']}\n\n"
    assert english.startswith(begins)
    assert f"\n\n- {words['facts']['terms']}\n- {words['facts']['foreign_missing']}\n\n## 2. " in english
    assert "In Seoul the first" in english
    assert "less than 10,000: United States of America, China; 100,000 and more: South Korea." in english
    assert "서울에서는" in korean
    assert "1만 미만: 미국, 중국; 10만 이상: 대한민국." in korean
    page = (tmp_path / "story.ko.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page
    assert "&lt;6&gt;" in page
    assert page.count("<ul>") == page.count("</ul>") == 2
    assert "script" not in page
    out = capsys.readouterr().out
    assert f"→ {words['facts']['terms'][:40]}" in out
    assert "서울" not in out


def test_it_is_printed_in_the_language_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Korean on the screen; both are kept."""
    told = Story("ko")
    told.chapter("guests")
    assert WORDS["ko"]["chapters"]["guests"]["title"] in capsys.readouterr().out
    assert WORDS["en"]["chapters"]["guests"]["title"] in told.markdown("en")


# --- beside the story -------------------------------------------------------------------------------------------------


def test_networks_are_searched_in_processes_of_their_own(tmp_path: Path) -> None:
    """What it found is told with how many there were; whoever leaves early leaves no process behind."""
    told = Story()
    with Beside(1, tmp_path / "networks") as beside:
        beside.tell(told)
    english = told.markdown("en")
    assert "found in 1 of 1 networks" in english
    assert "0 false alarms in 1 networks" in english
    with Beside(1000, tmp_path / "more") as beside:
        processes = list(beside.processes.values())
    assert all(one.returncode is not None for one in processes)
    assert not list((tmp_path / "more").iterdir())
