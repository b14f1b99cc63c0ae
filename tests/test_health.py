"""How the dam is, told to those who watch it: ready or why not, figures without names, log lines without values."""

import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import served
from datadam import seal, wiring
from datadam.adapters.tile_log import TileLog
from datadam.dam import state
from datadam.dam.works import Works
from datadam.edges import app, health, journal, operator, server
from datadam.errors import Faults, Unavailable, Untrusted
from datadam.settings import MIN_METRICS_TOKEN
from served import STANDARD, Served, published, serving
from worlds import Person, a_world

SECRET = "Secret-Firm-72xq"
TOKEN = "t" * MIN_METRICS_TOKEN
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with a member whose name and values must not be seen, and a deposit of it."""
    with serving(tmp_path_factory.mktemp("health") / "dam") as made:
        published(made.world)
        person = made.person(SECRET)
        person.deposits(made.world, STANDARD, f"meter,amount\n{SECRET},1\n{SECRET}2,many\n".encode())
        made.ask("GET", "/api/me", made.token(person))
        made.ask("GET", f"/api/deposits/{'0' * 64}", made.token(person))
        made.ask("GET", "/made/up/by/a/stranger")
        made.http.request("BREW", made.url + "/api")
        made.ask("GET", f"/api/standards/{SECRET}")
        yield made


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What Prometheus' own parser reads."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- health -----------------------------------------------------------------------------------------------------------


def test_a_dam_that_works_is_ready(dam: Served) -> None:
    """Alive and ready, for everybody who asks."""
    answer = httpx.get(f"{dam.url}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"live": True, "ready": True, "why": []})
    assert answer.headers["cache-control"] == "no-store"


def test_whatever_keeps_a_dam_from_its_work_is_told_by_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables newer than the log, a store or folder that is gone, a full disk, a witness that saw more."""
    world = a_world(tmp_path)
    assert health.unready(world) == []
    quiet, ahead = Unavailable("witness.unreachable"), Untrusted("witness.ahead")
    assert health.unready(world, [quiet]) == []  # a silent witness keeps nobody from working
    assert health.unready(world, [quiet, ahead]) == ["witness.ahead"]
    with world.store.transaction() as rows:
        applied = rows.noted(state.APPLIED)
        rows.note(state.APPLIED, "999")
    assert health.unready(world) == ["state.newer-than-log"]
    with world.store.transaction() as rows:
        rows.note(state.APPLIED, str(applied))

    class Gone:
        def read(self) -> Any:
            raise Unavailable("store.broken", path="x", why="y")

    assert health.unready(replace(world, store=Gone())) == ["store.broken"]  # type: ignore[arg-type]  # broken on purpose
    with monkeypatch.context() as patch:
        patch.setattr(health, "LEAST_FREE", 2**63)
        assert health.unready(world) == ["health.disk-full"]
    elsewhere = replace(world, settings=replace(world.settings, folder=tmp_path / "none"))
    assert health.unready(elsewhere) == ["folder.missing"]


def test_a_log_that_a_disk_error_stopped_is_told_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with its code; the dam still lives, and whoever reads is served."""
    with serving(tmp_path / "dam") as made:
        broken = OSError(28, "No space left on device")

        def fails(_: int) -> None:
            raise broken

        with monkeypatch.context() as patch:
            patch.setattr("datadam.adapters.tile_log.os.fsync", fails)
            with pytest.raises(Unavailable, match="disk.failed"):
                made.world.ledger._log.append([b"entry"])
        assert isinstance(made.world.ledger._log, TileLog)
        answer = httpx.get(f"{made.url}/healthz")
        assert (answer.status_code, answer.json()["why"]) == (503, ["log.stopped"])
        assert httpx.get(f"{made.url}/api").status_code == 200
        assert samples(httpx.get(f"{made.url}/metrics").text)[("datadam_ready", ())] == 0


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_figures_are_read_by_prometheus_own_parser(dam: Served) -> None:
    """Requests by route and status, seconds, bytes, what the dam holds."""
    answer = httpx.get(f"{dam.url}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)

    def requests(method: str, route: str, status: int) -> float:
        labels = {"method": method, "route": route, "status": str(status)}
        return found[("datadam_requests_total", tuple(sorted(labels.items())))]

    assert requests("GET", "/api/me", 200) == 1
    assert requests("GET", "/api/deposits/{id}", 404) == 1
    assert requests("GET", "other", 404) == 1
    assert [
        value
        for (name, labels), value in found.items()
        if name == "datadam_requests_total" and ("method", "other") in labels
    ]
    assert found[("datadam_request_seconds_count", (("route", "/api/me"),))] == 1
    assert found[("datadam_request_seconds_bucket", (("le", "+Inf"), ("route", "/api/me")))] == 1
    assert found[("datadam_request_seconds_sum", (("route", "/api/me"),))] > 0
    assert found[("datadam_transferred_bytes_total", (("direction", "sent"),))] > 100
    assert found[("datadam_members", (("kind", "organisation"),))] == 1
    assert found[("datadam_deposits", (("stage", "committed"),))] == 1
    assert found[("datadam_deposits_kept", ())] == 1
    assert found[("datadam_rows_kept", ())] == 1
    assert found[("datadam_log_entries", ())] == dam.world.ledger.size
    assert found[("datadam_ready", ())] == 1
    assert found[("datadam_disk_free_bytes", ())] > 0


def test_figures_name_nobody_and_nothing_that_was_sent(dam: Served) -> None:
    """No member, no value, no id, no path that a stranger made up."""
    text = httpx.get(f"{dam.url}/metrics").text
    for hidden in (SECRET, "stranger", "BREW", "0" * 64, "m-", STANDARD):
        assert hidden not in text


def test_figures_are_counted_once_a_minute(dam: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting reads every record: a watcher that asks each second must not cost that each second."""
    meter = health.Meter()
    first = meter.figures(dam.world)
    assert meter.figures(dam.world) is first
    monkeypatch.setattr(health, "FIGURES_SECONDS", -1)
    assert meter.figures(dam.world) is not first


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {}, 200),
        ({}, {"X-Forwarded-For": "192.0.2.1"}, 403),
        ({}, {"Forwarded": "for=192.0.2.1"}, 403),
        ({"behind_proxy": True}, {}, 403),
        ({"metrics_token": TOKEN}, {}, 403),
        ({"metrics_token": TOKEN}, {"Authorization": "Bearer " + "u" * MIN_METRICS_TOKEN}, 403),
        ({"metrics_token": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"metrics_token": TOKEN, "behind_proxy": True}, {"Authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_figures_are_for_the_operator(
    tmp_path: Path, settings: dict[str, object], headers: dict[str, str], status: int
) -> None:
    """The same machine, or the token; a proxy that makes everybody look near opens nothing."""
    with serving(tmp_path / "dam", **settings) as made:
        answer = httpx.get(f"{made.url}/metrics", headers=headers)
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "health.metrics-closed"
            assert TOKEN not in answer.text
        assert httpx.get(f"{made.url}/healthz").status_code == 200


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs an address of this machine that is not loopback"
)
def test_figures_are_not_for_the_network(tmp_path: Path) -> None:
    """Whoever comes from another address than this machine's own is refused without a token."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address")
        address = probe.getsockname()[0]
    folder = served.made(tmp_path / "dam")
    with wiring.world(folder) as world, server.bound(address, 0) as listener:
        public = app.public_app(world, Works(world), wiring.places(folder).log)
        with served.running(public, listener):
            port = listener.getsockname()[1]
            assert httpx.get(f"http://{address}:{port}/metrics").status_code == 403
            assert httpx.get(f"http://{address}:{port}/healthz").status_code == 200


@pytest.mark.parametrize("token", ["short", "x" * 31, "with blank " * 4, "ü" * 40])
def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path, token: str) -> None:
    """Length and signs; and it is not shown where settings are."""
    folder = served.made(tmp_path / "dam")
    with pytest.raises(Faults) as refused:
        wiring.read_settings(folder, metrics_token=token)
    assert [fault.code for fault in refused.value.faults] == ["settings.metrics-token"]
    assert TOKEN not in repr(wiring.read_settings(folder, metrics_token=TOKEN))


# --- log lines --------------------------------------------------------------------------------------------------------


def record(message: str, *args: object, logger: str = "datadam.dam.works", error: BaseException | None = None) -> Any:
    """A line as JSON."""
    held = logging.LogRecord(logger, logging.ERROR, "/x/works.py", 77, message, args, None)
    if error is not None:
        held.exc_info = (type(error), error, error.__traceback__)
    return json.loads(journal.JsonLines().format(held))


def test_a_line_tells_what_happened_and_no_value() -> None:
    """The constant text, ids, codes and numbers; of an exception its type and places; a name or a value nowhere."""
    id, member = "a" * 64, "m-" + "b" * 20
    line = record("deposit %s of %s broke off at %d: %s, %s", id, member, 7, "store.broken", SECRET)
    assert line["of"] == [id, member, 7, "store.broken"]
    assert line["event"].startswith("deposit %s")
    assert (line["level"], line["logger"]) == ("error", "datadam.dam.works")
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        line = record("broke", error=error)
    assert line["error"] == "ValueError"
    assert line["places"][0].startswith("test_health.py:")
    assert SECRET not in json.dumps(line)
    assert record("broke", error=Untrusted("note.unsigned", name=SECRET))["error"] == "note.unsigned"


def test_of_others_code_only_the_place_is_told() -> None:
    """Their messages may quote anything."""
    line = record(f"could not parse {SECRET}", logger="uvicorn.error")
    assert line["at"] == "works:77"
    assert "event" not in line
    assert SECRET not in json.dumps(line)


def test_logging_begins_in_the_form_that_was_set() -> None:
    """Text for people by default; JSON with a line a request."""
    root, requests = logging.getLogger(), logging.getLogger(journal.REQUESTS)
    before, levels = root.handlers[:], (root.level, requests.level)
    try:
        journal.begin("json")
        assert isinstance(root.handlers[0].formatter, journal.JsonLines)
        assert requests.isEnabledFor(logging.INFO)
        journal.begin("text")
        assert not isinstance(root.handlers[0].formatter, journal.JsonLines)
        assert not requests.isEnabledFor(logging.INFO)
    finally:
        root.handlers[:] = before
        root.setLevel(levels[0])
        requests.setLevel(levels[1])


def test_a_served_dams_log_is_json_without_values(tmp_path: Path) -> None:
    """A real process: a line for each request, each of them JSON, and nothing of what was asked or sent in any."""
    folder = served.made(tmp_path / "dam")
    with wiring.world(folder) as world:
        published(world)
        person = Person(SECRET).joins(world)
    with served.process(folder, variables={"DATADAM_LOG_FORMAT": "json"}) as running:
        httpx.get(f"{running.url}/api/standards/{SECRET}")
        httpx.get(f"{running.url}/api", headers={"Authorization": f"Bearer {SECRET}", "User-Agent": SECRET})
        httpx.post(f"{running.url}/api/applications", json={"statement": SECRET, "profile": SECRET})
        assert operator.over_socket(wiring.places(folder).socket, "status", {})
        running.ends(signal.SIGTERM)
        text = running.error()
    lines = [json.loads(line) for line in text.splitlines()]
    told = {(line.get("route"), line.get("status")) for line in lines}
    assert {("/api/standards/{id}", 404), ("/api", 200), ("/api/applications", 400)} <= told
    assert SECRET not in text
    assert person.id not in text
    assert seal.digest(b"") not in text
    assert all(line["seconds"] >= 0 and line["sent"] % health.PAGE == 0 for line in lines if "route" in line)


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    """With those that there are."""
    folder = served.made(tmp_path / "dam")
    with pytest.raises(Faults) as refused:
        wiring.read_settings(folder, log_format="xml")
    assert [fault.code for fault in refused.value.faults] == ["settings.log-format"]
