"""The drill: its cast is made up, its wire can be cut, its story is a page. `make drill` is the whole of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datadam import registers
from drill import cast
from drill.relay import Relay
from drill.story import Story

# --- the cast ---------------------------------------------------------------------------------------------------------


def test_everybody_is_made_up() -> None:
    """Names say so, numbers add up, hosts are in a zone that nobody can have."""
    everybody = {*cast.COUNTRIES.values(), *(who for held in cast.MEMBERS.values() for who in held)}
    assert all("(fictional)" in who.name or "made up" in who.name for who in everybody)
    for who in everybody:
        registers.jurisdiction(who.jurisdiction)
        if who.number:
            registers.check(*who.number.split(":"))
    assert {who.jurisdiction for who in everybody} == {"KR", "US", "JP"}
    for watch in cast.WATCHES:
        assert all(row[1].endswith(".example") for row in watch.rows())


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


# --- the story --------------------------------------------------------------------------------------------------------


def test_the_story_is_a_page_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Headings are numbered, facts are a list, and nothing in it is taken for markup."""
    story = Story("A <drill>")
    story.chapter("It begins", "One & all.")
    story.fact("3 of 3")
    story.fact("< 1 s")
    story.chapter("It ends")
    story.says("So it was.")
    story.write(tmp_path)
    assert (tmp_path / "story.md").read_text(encoding="utf-8") == (
        "# A <drill>\n\n## 1. It begins\n\nOne & all.\n\n- 3 of 3\n- < 1 s\n\n## 2. It ends\n\nSo it was.\n"
    )
    page = (tmp_path / "story.html").read_text(encoding="utf-8")
    assert "<h1>A &lt;drill&gt;</h1>" in page
    assert "<ul>\n<li>3 of 3</li>\n<li>&lt; 1 s</li>\n</ul>\n<h2>2. It ends</h2>" in page
    assert "script" not in page
    assert "→ 3 of 3" in capsys.readouterr().out
