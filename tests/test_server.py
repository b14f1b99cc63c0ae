"""Serving: where it listens, how it ends, and that nothing acknowledged is lost whatever ends it."""

import os
import shutil
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import served
from certificates import certificate
from datadam import client, seal, wiring
from datadam.edges import operator, server
from datadam.errors import DamError, Faults, Unavailable
from served import STANDARD, published, serving
from worlds import Person, fit_of

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Person]:
    """A dam with a standard and a member, to be copied."""
    folder = served.made(tmp_path_factory.mktemp("server") / "dam")
    with wiring.world(folder) as world:
        published(world)
        person = Person("Alice").joins(world)
    return folder, person


@pytest.fixture
def folder(template: tuple[Path, Person], tmp_path: Path) -> Path:
    """A dam of the test's own."""
    return Path(shutil.copytree(template[0], tmp_path / "dam"))


# --- where it listens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "dam.example"])
def test_an_open_address_needs_tls_or_a_proxy(folder: Path, host: str) -> None:
    """Else tokens and rows would cross a network in clear."""
    with pytest.raises(Faults) as refused:
        wiring.read_settings(folder, host=host)
    assert [fault.code for fault in refused.value.faults] == ["settings.address-open"]
    assert wiring.read_settings(folder, host=host, behind_proxy=True).host == host


def test_a_taken_port_is_told_plainly(folder: Path) -> None:
    """Before anything is opened."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        chosen = wiring.read_settings(folder, port=other.getsockname()[1])
        with pytest.raises(Unavailable, match="serve.address"), server.listening(chosen):
            pass


def test_a_host_that_is_none_of_ours_is_told_plainly(folder: Path) -> None:
    """A name that does not resolve, an address of another machine."""
    for host in ("no.such.host.invalid", "192.0.2.1"):
        chosen = wiring.read_settings(folder, host=host, behind_proxy=True)
        with pytest.raises(Unavailable, match="serve.address"), server.listening(chosen):
            pass


def test_tls_with_a_certificate_of_ones_own(folder: Path, tmp_path: Path, home: Path) -> None:
    """Who trusts it (SSL_CERT_FILE) connects; who does not is told that the dam cannot be reached safely."""
    cert, key = certificate(tmp_path / "tls")
    variables = {"DATADAM_TLS_CERT": str(cert), "DATADAM_TLS_KEY": str(key)}
    with served.process(folder, variables=variables) as running:
        assert running.url.startswith("https://127.0.0.1:")
        trusting = served.run("connect", running.url, SSL_CERT_FILE=str(cert), DATADAM_HOME=str(home))
        assert trusting.returncode == 0, trusting.stderr
        with client.connect(running.url) as reader, pytest.raises(Unavailable, match="client.unreachable"):
            reader.trust()


@pytest.mark.parametrize("broken", ["missing", "no PEM", "another key"])
def test_a_certificate_that_cannot_be_used_is_told(folder: Path, tmp_path: Path, broken: str) -> None:
    """Before the dam says that it listens."""
    cert, key = certificate(tmp_path / "tls")
    if broken == "missing":
        cert.unlink()
    elif broken == "no PEM":
        cert.write_text("hello", encoding="utf-8")
    else:
        key.write_bytes(certificate(tmp_path / "other")[1].read_bytes())
    given = {"port": 0, "tls_cert": str(cert), "tls_key": str(key)}
    ready: list[int] = []
    with (
        server.listening(wiring.read_settings(folder, **given)) as listener,
        wiring.world(folder, given) as world,
        pytest.raises(Unavailable, match="serve.tls"),
    ):
        server.serve(world, listener, _places(folder), wiring.checker(world), lambda: ready.append(1))
    assert not ready


def _places(folder: Path) -> server.Places:
    parts = wiring.places(folder)
    return server.Places(log=parts.log, socket=parts.socket)


def test_a_dam_that_cannot_take_up_where_it_stopped_is_not_served(folder: Path) -> None:
    """Its reservoir is broken: an error and its exit code, not a server that is not there."""
    table = folder / "reservoirs" / STANDARD / "_delta_log"
    assert table.is_dir()
    shutil.rmtree(table)
    table.write_text("not a log", encoding="utf-8")
    given = {"port": 0}
    with (
        server.listening(wiring.read_settings(folder, **given)) as listener,
        wiring.world(folder, given) as world,
        pytest.raises(Unavailable, match="serve.not-started"),
    ):
        server.serve(world, listener, _places(folder), wiring.checker(world), lambda: None)
    assert not _places(folder).socket.exists()


def test_the_operators_socket_is_the_owners_alone(tmp_path: Path) -> None:
    """While it is served; afterwards it is gone. What lay there before is replaced."""
    folder = served.made(tmp_path / "dam")
    path = _places(folder).socket
    path.touch()
    with serving(folder):
        found = path.stat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert found.st_uid == os.geteuid()
    assert not path.exists()
    with pytest.raises(ConnectionError):
        operator.over_socket(path, "status", {})


# --- how it ends ------------------------------------------------------------------------------------------------------


class Sender:
    """A member that deposits over HTTP and remembers what was acknowledged."""

    def __init__(self, folder: Path, person: Person) -> None:
        """Make the manifests beforehand, with nobody serving."""
        self.person, self.committed = person, list[str]()
        self._files = {}
        with wiring.world(folder) as world:
            for name, count in (("small", 3), ("large", 600_000), ("slow", 50)):
                data = b"meter,amount\n" + b"".join(f"{name}{n},{n % 1000}\n".encode() for n in range(count))
                manifest = person.manifest(fit_of(world, STANDARD, data[:40].rsplit(b"\n", 1)[0] + b"\n"), data)
                self._files[name] = (manifest, data)

    def id(self, name: str) -> str:
        """The deposit's id."""
        return self._files[name][0].id

    def announced(self, url: str, name: str) -> tuple[dict[str, str], bytes]:
        """Announce; the headers to go on with, and the file."""
        with client.connect(url, key=self.person.key) as own:
            headers = {"Authorization": f"Bearer {own._login()}"}
        manifest, data = self._files[name]
        sent = httpx.post(f"{url}/api/deposits", content=seal.envelope(manifest), headers=headers)
        assert sent.status_code == 202, sent.text
        return headers, data

    def sends(self, url: str, name: str) -> str:
        """Send a file; the stage that was answered."""
        headers, data = self.announced(url, name)
        path = f"{url}/api/deposits/{self.id(name)}/file"
        answer = httpx.put(path, content=data, headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["stage"])

    def ends(self, url: str, name: str) -> str:
        """Wait for the end of a deposit."""
        with client.connect(url, key=self.person.key) as own:
            return str(own.wait(self.id(name))["stage"])


@pytest.fixture
def sender(folder: Path, template: tuple[Path, Person]) -> Sender:
    """Alice."""
    return Sender(folder, template[1])


def test_nothing_acknowledged_is_lost_however_the_server_ends(folder: Path, sender: Sender) -> None:
    """Kill -9 while a deposit is judged, SIGTERM while it is judged again: it is resumed, and the folder is sound."""
    with served.process(folder) as running:
        sender.sends(running.url, "small")
        assert sender.ends(running.url, "small") == "committed"
        assert sender.sends(running.url, "large") == "received"
        running.ends(signal.SIGKILL)
    with served.process(folder) as running:
        assert sender.ends(running.url, "small") == "committed"
        seconds = running.ends(signal.SIGTERM)
        assert seconds < 10
        assert running.process.returncode == 0
        assert "Traceback" not in running.error()
    with served.process(folder) as running:
        assert sender.ends(running.url, "large") == "committed"
        second = served.run("serve", folder, "--port", 0)
        assert second.returncode == 6
        assert str(running.process.pid) in second.stderr
        found = operator.over_socket(_places(folder).socket, "check", {})
        assert found["faults"] == []
        status = operator.over_socket(_places(folder).socket, "status", {})
        assert [(one["deposits"], one["rows"]) for one in status["reservoirs"]] == [(2, 600_003)]
        assert running.ends(signal.SIGINT) < 10
        assert (running.process.returncode, running.error()) == (0, "")
    assert not _places(folder).socket.exists()


def test_a_slow_upload_does_not_hold_the_end_up(folder: Path, sender: Sender) -> None:
    """It is cut after a few seconds, nothing of it stays, and the log tells that it was cut."""
    with served.process(folder) as running:
        headers, data = sender.announced(running.url, "slow")
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(
                f"PUT /api/deposits/{sender.id('slow')}/file HTTP/1.1\r\nHost: dam\r\n{lines}"
                f"Content-Length: {len(data)}\r\n\r\n".encode()
                + data[:20]
            )
            until_spooled(folder, sender.id("slow"))
            assert running.ends(signal.SIGTERM) < server.END_SECONDS + 5
        assert running.process.returncode == 0
        assert "Cancel 1 running task" in running.error()
    left = folder / "spool" / sender.id("slow")
    assert not left.exists() or not list(left.iterdir())


def until_spooled(folder: Path, id: str) -> None:
    """Wait until the first bytes of a deposit are on the disk."""
    end = time.monotonic() + 20
    while not list((folder / "spool").glob(f"{id}/*")) and not list((folder / "spool").glob(f"{id}/.*")):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_signal_before_it_listens_ends_it_too(folder: Path) -> None:
    """From the moment on that it says where it is served, however early; a second signal ends it at once."""
    given, before = {"port": 0}, signal.getsignal(signal.SIGINT)
    with server.listening(wiring.read_settings(folder, **given)) as listener, wiring.world(folder, given) as world:

        def ready() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)

        server.serve(world, listener, _places(folder), wiring.checker(world), ready)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_breaks_for_the_operator_is_in_the_log_and_told_as_broken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception in a verb: the operator gets a sentence, the log the cause."""
    from datadam.edges import app

    def broken() -> object:
        return 1 / 0

    with serving(tmp_path / "dam") as dam:
        path = tmp_path / "other.sock"
        with server._operator(app.operator_app(dam.world, broken), path):  # type: ignore[arg-type]  # broken on purpose
            with pytest.raises(DamError, match="request.broke") as told:
                operator.over_socket(path, "check", {})
            assert isinstance(told.value, Unavailable)
    assert "ZeroDivisionError" in caplog.text


def test_a_fault_that_nobody_thought_of_ends_nothing_that_a_dam_does_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One kind of tidying breaks each time: the log has the cause, and all other deeds are done, again and again."""
    enacted, often = list[int](), threading.Event()

    def breaks(_world: object) -> int:
        return 1 // 0

    def enacts(_world: object) -> None:
        enacted.append(1)
        if len(enacted) > 2:
            often.set()

    monkeypatch.setattr("datadam.edges.app.TIDY_SECONDS", 0.01)
    monkeypatch.setattr("datadam.dam.login.forget_expired", breaks)
    monkeypatch.setattr("datadam.dam.steward.enact_due", enacts)
    with serving(tmp_path / "dam"):
        assert often.wait(30)
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[served.Served]:
    """A dam in a thread."""
    with serving(tmp_path / "quick") as dam:
        yield dam


def test_many_ask_at_once(quick: served.Served) -> None:
    """64 strangers at once are all answered."""
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(f"{quick.url}/api", timeout=60).status_code)

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 64
