"""Delta Sharing as clients see it: over real HTTP, with raw requests and with the official client."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import uvicorn
from fastapi import FastAPI

from datadam.dam import grant, login, publish
from datadam.dam.world import World
from datadam.edges import delta_sharing
from datadam.model import Release
from worlds import GOOD, Person, a_world, forward, standard_text

STANDARD = "test.reading"
TABLE = "/shares/dam/schemas/test/tables/reading"


@contextmanager
def serving(world: World) -> Iterator[tuple[str, FastAPI]]:
    """The router on a real server; its address."""
    app = FastAPI()
    app.state.world = world
    app.include_router(delta_sharing.router, prefix="/sharing")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", app
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Scene:
    """A dam with rows of three contributors, a consumer with a profile, and a server."""

    world: World
    base: str
    app: FastAPI
    consumer: Person
    token: str
    http: httpx.Client

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET as the consumer."""
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request as the consumer."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.http.request(method, f"{self.base}/sharing{path}", headers=headers, **options)

    def query(self, path: str = TABLE, *, delta: bool = False, **body: Any) -> list[Any]:
        """The lines of a query."""
        wish = {"delta-sharing-capabilities": "responseformat=delta"} if delta else {}
        answer = self.ask("POST", f"{path}/query", json=body, headers=wish)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


Make = Callable[..., Scene]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes scenes; `tier` and `attribution` as the standard should have them."""
    servers: list[Any] = []

    def made(*, tier: str = "agreement", attribution: str = "contributor", deposits: int = 3) -> Scene:
        world = a_world(tmp_path)
        publish.publish(world, standard_text(tier=tier, attribution=attribution))
        for number in range(deposits):
            person = Person(f"Firm {number}").joins(world)
            rows = "".join(f"M{number}{row},{row}\n" for row in range(20))
            person.deposits(world, STANDARD, f"meter,amount\n{rows}".encode())
        consumer = Person("Reader", roles=("consumer",)).joins(world)
        grant.grant(world, consumer.id, STANDARD)
        token = login.issue_profile(world, consumer.id, STANDARD).token
        server = serving(world)
        base, app = server.__enter__()
        servers.append(server)
        http = httpx.Client(timeout=20)
        servers.append(http)
        return Scene(world, base, app, consumer, token, http)

    yield made
    for one in reversed(servers):
        one.__exit__(None, None, None)


def rows_of(scene: Scene, lines: list[Any]) -> pl.DataFrame:
    """Fetch and read every file of a query."""
    frames = []
    for line in lines[2:]:
        file = line["file"]
        url = file["url"] if "url" in file else file["deltaSingleAction"]["add"]["path"]
        answer = scene.http.get(url)
        assert answer.status_code == 200, answer.text
        frames.append(pl.read_parquet(answer.content))
    return pl.concat(frames)


def test_the_lists_name_what_the_caller_may_read(make: Make) -> None:
    """Endpoints 1 to 5, names in any case."""
    scene = make()
    assert [one["name"] for one in scene.get("/shares").json()["items"]] == ["dam"]
    assert scene.get("/shares/DAM").json()["share"]["name"] == "dam"
    assert scene.get("/shares/dam/schemas").json()["items"] == [{"name": "test", "share": "dam"}]
    (table,) = scene.get("/shares/dam/schemas/TEST/tables").json()["items"]
    assert (table["name"], table["schema"], table["share"]) == ("reading", "test", "dam")
    assert scene.get("/shares/dam/all-tables").json()["items"] == [table]
    assert scene.get("/shares/dam/all-tables").headers["content-type"] == "application/json; charset=utf-8"


def test_lists_come_in_pages(make: Make) -> None:
    """`maxResults` 0 shows nothing but that there is more; a token goes on; nonsense is a 400 that names it."""
    scene = make()
    none = scene.get("/shares", params={"maxResults": 0}).json()
    assert none["items"] == []
    assert scene.get("/shares", params={"pageToken": none["nextPageToken"]}).json()["items"]
    assert scene.get("/shares", params={"pageToken": "1"}).json()["items"] == []
    wrong = scene.get("/shares", params={"maxResults": "-1"})
    assert (wrong.status_code, wrong.json()["errorCode"]) == (400, "INVALID_PARAMETER_VALUE")


def test_both_formats_give_the_same_rows_in_files_with_addresses(make: Make) -> None:
    """Protocol, metadata, then files; the header names the version and, where asked, the format."""
    scene = make()
    plain, delta = scene.query(), scene.query(delta=True)
    assert (
        [next(iter(line)) for line in plain] == [next(iter(line)) for line in delta] == ["protocol", "metaData", "file"]
    )
    assert plain[0]["protocol"] == {"minReaderVersion": 1}
    assert delta[1]["metaData"]["deltaMetadata"]["format"] == {"provider": "parquet", "options": {}}
    fields = json.loads(plain[1]["metaData"]["schemaString"])["fields"]
    assert [(field["name"], field["type"]) for field in fields] == [
        ("meter", "string"),
        ("amount", "long"),
        ("contributor", "string"),
    ]
    rows = rows_of(scene, plain)
    assert rows.height == 60
    assert rows["contributor"].n_unique() == 3
    assert rows_of(scene, delta).equals(rows)
    assert json.loads(plain[2]["file"]["stats"])["numRecords"] == 60


def test_the_version_and_the_capabilities_stand_in_the_headers(make: Make) -> None:
    """Endpoint 6 in both forms; an unknown capability is ignored, a list gets the leaner format."""
    scene = make()
    assert scene.get(f"{TABLE}/version").headers["delta-table-version"] == "0"
    assert scene.ask("HEAD", TABLE).headers["delta-table-version"] == "0"
    assert scene.get(f"{TABLE}/version", params={"startingTimestamp": "2026-11-22T09:00:00Z"}).status_code == 200
    late = scene.get(f"{TABLE}/version", params={"startingTimestamp": "2027-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["errorCode"]) == (400, "UNSUPPORTED_OPERATION")
    wish = {"delta-sharing-capabilities": "responseFormat=delta,parquet; future=yes;includeendstreamaction=true"}
    answer = scene.get(f"{TABLE}/metadata", headers=wish)
    assert answer.headers["delta-sharing-capabilities"] == "responseformat=delta"
    assert answer.headers["delta-table-version"] == "0"
    assert "delta-sharing-capabilities" not in scene.get(f"{TABLE}/metadata").headers
    assert "protocol" in json.loads(scene.get(f"{TABLE}/metadata").text.splitlines()[0])


@pytest.mark.parametrize(
    "body", [{"version": 7}, {"timestamp": "2026-01-01T00:00:00Z"}, {"startingVersion": 0}, {"endingVersion": 0}]
)
def test_time_travel_is_refused_and_says_so(make: Make, body: dict[str, object]) -> None:
    """Earlier versions are not kept; the present one may be named."""
    scene = make()
    answer = scene.ask("POST", f"{TABLE}/query", json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "UNSUPPORTED_OPERATION")
    assert next(iter(body)) in answer.json()["message"]
    assert scene.query(version=0)[2:]
    assert scene.get(f"{TABLE}/changes").json()["errorCode"] == "UNSUPPORTED_OPERATION"
    assert scene.ask("POST", f"{TABLE}/temporary-table-credentials").status_code == 400


def test_hints_that_cannot_be_read_give_every_file(make: Make) -> None:
    """Broken predicates are no error; a limit cuts the list only where no predicate stands beside it."""
    scene = make()
    assert len(scene.query(predicateHints=["???"], jsonPredicateHints="{")) == 3
    assert len(scene.query(limitHint=0)) == 2
    assert len(scene.query(limitHint=0, predicateHints=["amount = 1"])) == 3
    assert scene.ask("POST", f"{TABLE}/query", content=b"").status_code == 200
    for wrong in (b"{", b"[]"):
        assert scene.ask("POST", f"{TABLE}/query", content=wrong).json()["errorCode"] == "MALFORMED_REQUEST"


def test_a_file_id_scheme_is_echoed_or_refused(make: Make) -> None:
    """`fileidhash` is parquet or delta."""
    scene = make()
    answer = scene.ask("POST", f"{TABLE}/query", json={}, headers={"fileidhash": "Delta"})
    assert answer.headers["fileidhash"] == "delta"
    assert scene.ask("POST", f"{TABLE}/query", json={}, headers={"fileidhash": "md5"}).status_code == 400


def test_files_answer_ranges_and_count_what_left(make: Make) -> None:
    """HEAD, a middle range, a suffix, one past the end; the count is of bytes, by member and standard."""
    scene = make()
    url = scene.query()[2]["file"]["url"]
    whole = scene.http.get(url).content
    head = scene.http.head(url)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole))
    assert head.headers["accept-ranges"] == "bytes"
    middle = scene.http.get(url, headers={"Range": "bytes=4-9"})
    assert (middle.status_code, middle.content) == (206, whole[4:10])
    assert middle.headers["content-range"] == f"bytes 4-9/{len(whole)}"
    assert scene.http.get(url, headers={"Range": "bytes=-8"}).content == whole[-8:]
    over = scene.http.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert (over.status_code, over.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    sent = scene.app.state.sent.bytes()
    assert sent == {(scene.consumer.id, STANDARD): len(whole) + 6 + 8}


def test_an_address_works_for_what_it_was_signed_for_and_not_for_long(make: Make) -> None:
    """Another name, another time, no signature: no file. After its time: a refusal that says so."""
    scene = make()
    url = scene.query()[2]["file"]["url"]
    assert "X-Amz-Signature=" in url
    assert scene.token not in url
    bad = [
        url.replace(f"/{STANDARD}/", "/test.other/"),
        url.replace(scene.consumer.id, "-"),
        url.replace("X-Amz-Expires=1", "X-Amz-Expires=9"),
        url.split("?")[0],
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("/0/", "/..%2F..%2F0/"),
        url + "é",
    ]
    assert [scene.http.get(one).status_code for one in bad] == [404] * len(bad)
    forward(scene.world, seconds=scene.world.settings.url_seconds + 1)
    over = scene.http.get(url)
    assert (over.status_code, over.json()["errorCode"]) == (403, "PERMISSION_DENIED")


def test_a_profile_reads_its_own_reservoir_and_nothing_else(make: Make) -> None:
    """Another reservoir is not there for it, a revoked or wrong token is a 401, a lost grant a 403 with its reason."""
    scene = make()
    publish.publish(scene.world, standard_text(tier="open").replace("test.reading", "test.other"))
    assert scene.get("/shares/dam/schemas/test/tables/other/metadata").status_code == 404
    assert len(scene.get("/shares/dam/all-tables").json()["items"]) == 1
    for path in ("/shares/other", "/shares/other/schemas", "/shares/dam/schemas/none/tables", TABLE + "x/metadata"):
        answer = scene.get(path)
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "RESOURCE_DOES_NOT_EXIST"), path
    (given,) = grant.grants(scene.world, scene.consumer.id)
    grant.revoke(scene.world, given.id)
    refused = scene.get(f"{TABLE}/metadata")
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "PERMISSION_DENIED")
    assert "grant" in refused.json()["message"]
    assert scene.get("/shares").json()["items"] == []
    wrong = scene.http.get(f"{scene.base}/sharing/shares", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401


def test_a_stranger_reads_what_is_open_and_is_asked_to_log_in_for_the_rest(make: Make) -> None:
    """401 with WWW-Authenticate, in the stranger's language; an open table needs no token and no statement."""
    scene = make()
    refused = scene.http.post(f"{scene.base}/sharing{TABLE}/query", json={}, headers={"Accept-Language": "ko"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert any("가" <= letter <= "힣" for letter in refused.json()["message"])
    assert scene.http.get(f"{scene.base}/sharing/shares").status_code == 401
    publish.publish(scene.world, standard_text(tier="open").replace("test.reading", "test.other"))
    assert scene.http.get(f"{scene.base}/sharing/shares").json()["items"]
    size = scene.world.ledger.size
    url = f"{scene.base}/sharing/shares/dam/schemas/test/tables/other/query"
    assert scene.http.post(url, json={}).status_code == 200
    assert scene.world.ledger.size == size


def test_the_release_is_in_the_log_before_a_line_is_served_and_only_once(make: Make) -> None:
    """Whatever is asked of one version, one statement tells of it."""
    scene = make()
    scene.query()
    scene.get(f"{TABLE}/metadata")
    with scene.world.store.read() as rows:
        (told,) = rows.find(Release, member=scene.consumer.id)
    body = scene.world.ledger.statement(told.id).body
    assert (body["rows"], body["share_version"], body["standard"]) == (60, 0, STANDARD)
    assert "deposits" not in body


def test_an_empty_reservoir_is_an_empty_table(make: Make) -> None:
    """Metadata without files, in both formats."""
    scene = make(attribution="none", deposits=2)
    assert len(scene.query()) == len(scene.query(delta=True)) == 2


def test_many_clients_at_once_get_one_share(make: Make) -> None:
    """16 first asks make one version and one statement."""
    scene = make()
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(scene.ask("POST", f"{TABLE}/query", json={}).status_code))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 16
    with scene.world.store.read() as rows:
        assert len(rows.find(Release, member=scene.consumer.id)) == 1
    assert len(list((scene.world.settings.folder / "shares" / STANDARD / "all").iterdir())) == 1


# --- the official client ----------------------------------------------------------------------------------------------

FOREIGN = Path(os.environ.get("DATADAM_FOREIGN", Path(__file__).parents[1] / ".venv-foreign"))
SCRIPT = Path(__file__).parent / "foreign" / "read_share.py"


def test_the_official_client_reads_a_share_in_both_formats(make: Make, tmp_path: Path) -> None:
    """`delta-sharing` lists, loads whole in parquet and delta format, and cuts short; it sees the same rows."""
    python = FOREIGN / "bin" / "python"
    if not python.exists():
        assert not os.environ.get("CI"), "the official client has to be there: make foreign"
        pytest.skip(f"no official delta-sharing client in {FOREIGN}: make foreign installs it")
    scene = make()
    profile = tmp_path / "reader.share"
    profile.write_text(
        json.dumps({"shareCredentialsVersion": 1, "endpoint": f"{scene.base}/sharing", "bearerToken": scene.token})
    )
    done = subprocess.run(
        [python, "-W", "ignore", SCRIPT, profile, "dam.test.reading"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["tables"] == ["dam.test.reading"]
    assert seen["shares"] == ["dam"]
    assert seen["version"] == 0
    assert seen["fields"] == ["meter", "amount", "contributor"]
    expected = rows_of(scene, scene.query()).cast(pl.String).to_dicts()
    rows = seen["rows"]
    assert rows["chosen"] == rows["parquet"] == rows["delta"] == rows["hinted"] == expected
    assert rows["limited"] == expected[:3]


def test_good_is_a_deposit(tmp_path: Path) -> None:
    """What the scenes stand on: a deposit of three rows is admitted whole."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    assert Person("Firm").joins(world).deposits(world, STANDARD, GOOD).stage == "committed"
