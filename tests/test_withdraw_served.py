"""The way back as members see it: over HTTP, with the client and on the command line, while others read."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import served as ours
from datadam import client, seal
from datadam.dam import grant, publish, release, withdraw
from datadam.edges import delta_sharing
from datadam.errors import DamError, Invalid, NotFound
from datadam.ledger import verify_receipt
from datadam.model import Feed, Fit, Kind, Withdrawal, standard_id
from served import STANDARD, Served, published, serving
from worlds import Person, standard_text

LINES = ExitStack()
EDITION = f"{STANDARD}@2026.11"


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is being served, with one standard."""
    with ExitStack() as stack:
        made = stack.enter_context(serving(tmp_path_factory.mktemp("served") / "dam", share_refresh_seconds=0))
        published(made.world)
        yield made


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Close every line that a test opened."""
    with LINES:
        yield


def opened(dam: Served, person: Person | None = None) -> client.Dam:
    """The dam as a member's program sees it, until the test ends."""
    return LINES.enter_context(dam.client(person))


def reader(dam: Served, name: str) -> Person:
    """A member who may take the rows."""
    person = dam.person(name)
    grant.grant(dam.world, person.id, STANDARD)
    return person


def a_file(folder: Path, name: str, *amounts: int) -> Path:
    """A CSV whose values name it."""
    path = folder / f"{name}.csv"
    path.write_text("meter,amount\n" + "".join(f"{name}-{n},{amount}\n" for n, amount in enumerate(amounts)))
    return path


def fit_for(standard: str = STANDARD) -> Fit:
    """The mapping of a file that has the standard's own columns."""
    feeds = (Feed(column="meter", source="meter"), Feed(column="amount", source="amount"))
    return Fit(standard=standard_id(standard), version="1.0.0", feeds=feeds)


def handed_in(reached: client.Dam, path: Path) -> str:
    """Deposit a file."""
    job = reached.deposit(path, fit_for())
    assert job["stage"] == "committed", job
    return str(job["id"])


def meters(reached: client.Dam, id: str = STANDARD) -> set[str]:
    """The values that a reader gets."""
    return set(reached.open(id).to_polars()["meter"].to_list())


def erased(dam: Served) -> None:
    """Wait until nothing is left to erase."""
    for _ in range(300):
        if not withdraw.pending(dam.world):
            return
        time.sleep(0.05)
    raise AssertionError


def test_a_contributor_takes_back_and_reads_what_was_erased(dam: Served, tmp_path: Path) -> None:
    """Withdraw by the client: gone for readers at once, erased within seconds, with a receipt that verifies."""
    ann, ben = reader(dam, "Ann"), reader(dam, "Ben")
    mine, theirs = opened(dam, ann), opened(dam, ben)
    handed_in(theirs, a_file(tmp_path, "ben", 1))
    id = handed_in(mine, a_file(tmp_path, "ann", 1, 2))
    assert {"ann-0", "ann-1", "ben-0"} <= meters(theirs)
    urls = [file["url"] for file in theirs.files(theirs.open(STANDARD).info["table"])]
    deposits = [one for one in mine.deposits() if one["id"] == id]
    (done,) = mine.withdraw(deposits, reason="ended")
    assert [dam.http.get(url).status_code for url in urls] == [404] * len(urls)
    assert not {"ann-0", "ann-1"} & meters(theirs)
    end = mine.erased(done["id"], seconds=20)
    assert end["purge"]["reached"]["rows"] == 2
    assert end["purge"]["beyond"]["recipients"] == 1
    receipt = mine.receipt(end["purge"]["id"])
    verified = verify_receipt(seal.canonical(receipt), vkey=mine.vkey)
    assert verified.statement.kind is Kind.PURGE
    told = next(one for one in mine.deposits() if one["id"] == id)
    assert (told["stage"], told["file"]["name"]) == ("withdrawn", "")
    assert mine.wait(id)["stage"] == "withdrawn"
    assert [one["id"] for one in mine.withdrawals()] == [done["id"]]
    assert theirs.withdrawals() == []
    with pytest.raises(NotFound, match=r"withdrawal\.unknown"):
        theirs.erased(done["id"], seconds=0)


def test_what_was_refused_is_thrown_away_with_its_rejects(dam: Served, tmp_path: Path) -> None:
    """Nothing of it is in the log: the dam just forgets it; what was sealed cannot be forgotten so."""
    ann = reader(dam, "Ann")
    mine = opened(dam, ann)
    path = tmp_path / "bad.csv"
    path.write_text("meter,amount\nx,none\n")
    job = mine.deposit(path, fit_for())
    assert job["stage"] == "refused"
    assert mine.withdraw(mine.deposits(), reason="wrong file") == []
    assert mine.deposits() == []
    id = handed_in(mine, a_file(tmp_path, "ann", 1))
    assert dam.ask("DELETE", f"/api/deposits/{id}", dam.token(ann)).json()["code"] == "deposit.sealed"


def test_an_amendment_is_one_step(dam: Served, tmp_path: Path) -> None:
    """The old rows go as the new come; one that is refused changes nothing; a retry gives the same."""
    ann, ben = reader(dam, "Ann"), reader(dam, "Ben")
    mine, theirs = opened(dam, ann), opened(dam, ben)
    old = handed_in(mine, a_file(tmp_path, "old", 1, 2))
    bad = tmp_path / "bad.csv"
    bad.write_text("meter,amount\nx,none\n")
    assert mine.amend(old, bad, fit_for(), reason="better")["stage"] == "refused"
    assert {"old-0", "old-1"} <= meters(theirs)
    path = a_file(tmp_path, "new", 3)
    new = mine.amend(old, path, fit_for(), reason="better")
    assert new["stage"] == "committed"
    assert mine.amend(old, path, fit_for(), reason="better")["id"] == new["id"]
    erased(dam)
    assert "new-0" in meters(theirs)
    assert not {"old-0", "old-1"} & meters(theirs)
    (told,) = mine.withdrawals()
    assert (told["deposits"], told["replaced_by"]) == ([old], new["id"])
    assert dam.ask("POST", "/api/amendments", dam.token(ann), json={"manifest": 1}).status_code == 400


def test_readers_at_work_get_all_of_one_state_or_all_of_another(dam: Served, tmp_path: Path) -> None:
    """3 readers in a loop while 6 deposits come and go: each answer has whole deposits, none has half of one.

    What was withdrawn before a reader asked, it never gets.
    """
    ann, people = reader(dam, "Ann"), [reader(dam, f"Reader {n}") for n in range(3)]
    mine = opened(dam, ann)
    keeper = opened(dam, reader(dam, "Keeper"))
    handed_in(keeper, a_file(tmp_path, "keep", *range(20)))
    wrong, ended, seen, gone = list[object](), threading.Event(), [0], set[str]()

    def read(person: Person) -> None:
        theirs = opened(dam, person)
        while not ended.is_set():
            before = set(gone)
            try:
                found = meters(theirs)
            except DamError as error:
                wrong.append(error.code)
                return
            for name in ("keep", *(f"go{n}" for n in range(6))):
                rows = {one for one in found if one.startswith(f"{name}-")}
                if len(rows) not in ({20} if name == "keep" else {0, 20}):
                    wrong.append((name, len(rows)))
                if rows and name in before:
                    wrong.append((name, "after"))
            seen[0] += 1

    threads = [threading.Thread(target=read, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for number in range(6):
        id = handed_in(mine, a_file(tmp_path, f"go{number}", *range(20)))
        time.sleep(0.1)
        mine.withdraw([one for one in mine.deposits() if one["id"] == id], reason="ended")
        gone.add(f"go{number}")
    ended.set()
    for thread in threads:
        thread.join()
    erased(dam)
    assert wrong == []
    assert seen[0] >= 6
    assert {f"keep-{n}" for n in range(20)} <= meters(keeper)


def test_a_file_that_goes_while_it_is_asked_for_is_sent_whole_or_not_at_all(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name goes after the answer began: all of it comes. Before: 404, and never an answer that is cut off."""
    ann = reader(dam, "Ann")
    mine = opened(dam, ann)
    handed_in(mine, a_file(tmp_path, "ann", *range(50)))
    (file,) = mine.files(mine.open(STANDARD).info["table"])
    stood = delta_sharing._Counted.set_stat_headers

    def gone(self: delta_sharing._Counted, found: os.stat_result) -> None:
        for path in (dam.folder / "shares").rglob("*.parquet"):
            path.unlink()
        stood(self, found)

    with monkeypatch.context() as patch:
        patch.setattr(delta_sharing._Counted, "set_stat_headers", gone)
        assert len(dam.http.get(file["url"]).content) == file["size"]
    assert dam.http.get(file["url"]).status_code == 404
    handed_in(mine, a_file(tmp_path, "more", 1))
    (file,) = mine.files(mine.open(STANDARD).info["table"])
    found = release.file

    def late(*given: Any) -> Path:
        path: Path = found(*given)
        path.unlink()
        return path

    monkeypatch.setattr(release, "file", late)
    assert dam.http.get(file["url"]).json()["code"] == "share.file-unknown"


def test_a_download_keeps_what_was_there_until_the_new_files_are(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that goes while it is fetched is asked for again; if each one goes it is an error, nothing is lost."""
    ann = reader(dam, "Ann")
    mine = opened(dam, ann)
    handed_in(mine, a_file(tmp_path, "ann", 1))
    found = mine.open(STANDARD)
    into = tmp_path / "into"
    first = found.download(into)
    fetch, tries = client.Dam.fetch, list[str]()

    def gone(self: client.Dam, url: str, path: Path) -> Path:
        tries.append(url)
        if len(tries) < 3:
            raise NotFound("share.file-unknown", name="x")
        return fetch(self, url, path)

    monkeypatch.setattr(client.Dam, "fetch", gone)
    assert found.download(into) == first
    assert len(tries) == 3
    before = [path.read_bytes() for path in first]
    monkeypatch.setattr(client.Dam, "fetch", lambda *_: (_ for _ in ()).throw(NotFound("share.file-unknown", name="x")))
    with pytest.raises(NotFound, match=r"share\.file-unknown"):
        found.download(into)
    assert [path.read_bytes() for path in first] == before
    assert sorted(into.iterdir()) == sorted(first)


def test_an_edition_is_opened_like_its_reservoir(dam: Served, tmp_path: Path) -> None:
    """Frozen on the command line, listed for all, opened by `id@name` under the reservoir's own decision."""
    ann, ben, stranger = reader(dam, "Ann"), reader(dam, "Ben"), dam.person("Eve")
    mine, theirs = opened(dam, ann), opened(dam, ben)
    handed_in(theirs, a_file(tmp_path, "frozenben", 1))
    id = handed_in(mine, a_file(tmp_path, "frozenann", 1, 2))
    frozen = ours.run("freeze", EDITION, "--dam", dam.folder)
    assert frozen.returncode == 0, frozen.stderr
    assert EDITION in frozen.stdout
    assert ours.run("freeze", EDITION, "--dam", dam.folder).returncode == 3
    handed_in(theirs, a_file(tmp_path, "laterben", 1))
    assert {"frozenben-0", "frozenann-1"} <= meters(mine, EDITION)
    assert "laterben-0" not in meters(mine, EDITION)
    assert "laterben-0" in meters(mine)
    before = mine.edition(EDITION)
    assert (before["open_to_you"], before["revision"], before["replaces"]) == (True, 0, None)
    assert opened(dam, stranger).edition(EDITION)["open_to_you"] is False
    assert opened(dam).editions("no.such") == []
    with pytest.raises(DamError):
        opened(dam, stranger).open(EDITION).to_polars()
    with pytest.raises(NotFound):
        mine.open(f"{STANDARD}@none")
    with pytest.raises(NotFound, match=r"edition\.unknown"):
        mine.edition(f"{STANDARD}@none")
    tables = dam.ask("GET", "/sharing/shares/dam/all-tables", dam.token(ann)).json()["items"]
    assert {"reading", "reading@2026_11"} <= {one["name"] for one in tables}
    assert (
        dam.ask("GET", "/sharing/shares/dam/schemas/test/tables/reading@none/version", dam.token(ann)).status_code
        == 404
    )

    mine.withdraw([one for one in mine.deposits() if one["id"] == id], reason="ended")
    assert not {"frozenann-0", "frozenann-1"} & meters(theirs, EDITION)
    erased(dam)
    after = mine.edition(EDITION)
    assert (after["revision"], after["replaces"]) == (1, before["statement"])
    assert after["digest"] != before["digest"]
    assert "frozenben-0" in meters(theirs, EDITION)
    taken = [one["standard"] for one in theirs.releases()]
    assert EDITION in taken


def test_the_command_line_takes_back(dam: Served, tmp_path: Path) -> None:
    """`withdraw`, `withdrawals`, `amend`, `editions`: in words, with what cannot be reached."""
    ann = reader(dam, "Ann")
    key = tmp_path / "key"
    client.write_private(key, ann.key)
    there = ("--url", dam.url, "--key", key)
    mine = opened(dam, ann)
    old, other = handed_in(mine, a_file(tmp_path, "cliold", 1)), handed_in(mine, a_file(tmp_path, "cliother", 1))
    new, home = a_file(tmp_path, "clinew", 2), {"DATADAM_HOME": str(tmp_path / "home")}
    done = ours.run("amend", old[:12], new, "--reason", "better", "--yes", *there, **home)
    assert done.returncode == 0, done.stderr
    assert "Erased: 1 row in" in done.stdout
    bad = tmp_path / "bad.csv"
    bad.write_text("meter,amount\nx,none\n")
    kept = ours.run("amend", other[:12], bad, "--reason", "better", "--yes", *there, **home)
    assert (kept.returncode, "stands as before" in kept.stdout) == (3, True)
    for line, code in (
        (("withdraw",), 2),
        (("withdraw", "--all", other[:12]), 2),
        (("withdraw", other[:12], "--standard", STANDARD), 2),
        (("withdraw", other[:12]), 2),
        (("withdraw", other[:12], "--reason", "ended"), 2),
        (("withdraw", "0" * 12, "--reason", "ended"), 4),
        (("withdraw", other[:12], other[:14], "--reason", "ended", "--yes"), 0),
        (("withdraw", "--all", "--standard", STANDARD, "--reason", "ended", "--yes"), 0),
        (("withdraw", "--all", "--reason", "ended", "--yes"), 4),
        (("withdrawals", "--json"), 0),
        (("editions",), 0),
        (("editions", STANDARD, "--json"), 0),
    ):
        assert ours.run(*line, *there, **home).returncode == code, line
    listed = ours.run("withdrawals", *there, **home, DATADAM_LANG="ko")
    assert (listed.returncode, "ended" in listed.stdout, "사유" in listed.stdout) == (0, True, True)
    assert {one["stage"] for one in mine.deposits()} == {"withdrawn"}


def test_a_restart_goes_on_erasing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an erasure that failed left is erased by the next start, before it is due."""
    folder = tmp_path / "dam"

    def fail(*_: object, **__: object) -> None:
        raise Invalid("test")

    with serving(folder) as first:
        published(first.world)
        ann = reader(first, "Ann")
        mine = opened(first, ann)
        id = handed_in(mine, a_file(tmp_path, "ann", 1))
        with monkeypatch.context() as patch:
            patch.setattr(type(first.world.lake), "erase", fail)
            (done,) = mine.withdraw(mine.deposits(), reason="ended")
            assert mine.erased(done["id"], seconds=1)["purge"] is None
        assert first.world.lake.traces(STANDARD, [id])
    with serving(folder) as second:
        erased(second)
        assert second.world.lake.traces(STANDARD, [id]) == []
        assert [one["stage"] for one in opened(second, ann).deposits()] == ["withdrawn"]
    with serving(folder) as third:
        assert httpx.get(f"{third.url}/api").status_code == 200


def test_a_large_withdrawal_is_several_statements(dam: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One statement names a bounded number of deposits; all of them are taken back."""
    from datadam.client import withdrawals

    ann = reader(dam, "Ann")
    mine = opened(dam, ann)
    for number in range(3):
        handed_in(mine, a_file(tmp_path, f"many{number}", number))
    monkeypatch.setattr(withdrawals, "MOST", 2)
    assert [len(one["deposits"]) for one in mine.withdraw(mine.deposits(), reason="ended")] == [2, 1]
    erased(dam)


def test_an_open_reservoirs_receipt_says_that_anybody_may_have_copies(dam: Served, tmp_path: Path) -> None:
    """Strangers are not counted, so the receipt does not pretend to count them."""
    text = standard_text(tier="open").replace("test.reading", "test.open").replace("test_reading", "test_open")
    publish.publish(dam.world, text)
    ann = dam.person("Ann")
    mine = opened(dam, ann)
    path = a_file(tmp_path, "ann", 1)
    job = mine.deposit(path, fit_for("test.open"))
    (done,) = mine.withdraw([job], reason="ended")
    assert mine.erased(done["id"], seconds=20)["purge"]["beyond"]["strangers"] is True


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_while_it_erases_a_dam_goes_on_at_its_start(tmp_path: Path, seed: int) -> None:
    """`kill -9` up to half a second after the withdrawal was sent: taken and then erased, or nothing happened."""
    folder, wait = tmp_path / "dam", random.Random(seed).uniform(0, 0.5)
    with serving(folder, share_refresh_seconds=0) as first:
        published(first.world)
        ann, ben = reader(first, "Ann"), reader(first, "Ben")
        handed_in(opened(first, ben), a_file(tmp_path, "ben", 1))
        id = handed_in(opened(first, ann), a_file(tmp_path, "ann", *range(200)))
        assert len(meters(opened(first, ben))) == 201
    with ours.process(folder) as running, client.connect(running.url, key=ann.key) as mine:
        job = mine.deposits()
        killer = threading.Timer(wait, running.process.kill)
        killer.start()
        try:
            mine.withdraw(job, reason="ended")
            taken = True
        except DamError:  # the line broke off
            taken = False
        killer.join()
        running.process.wait()
    with serving(folder, share_refresh_seconds=0) as after:
        stood = withdrawn(after, id)
        assert stood or not taken
        if not stood:
            opened(after, ann).withdraw(opened(after, ann).deposits(), reason="ended")
        erased(after)
        assert meters(opened(after, ben)) == {"ben-0"}
        assert after.world.lake.traces(STANDARD, [id]) == []
    checked = ours.run("check", folder)
    assert checked.returncode == 0, checked.stderr


def withdrawn(dam: Served, id: str) -> bool:
    """Whether the log says that a deposit was taken back."""
    with dam.world.store.read() as rows:
        return rows.get(Withdrawal, id) is not None
