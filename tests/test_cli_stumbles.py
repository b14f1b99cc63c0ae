"""Where a person could stumble on the command line: nothing is lost unasked, dropped unsaid or told wrongly."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from datadam import client
from datadam.dam import grant, publish
from datadam.formats import codelists, countries, odcs
from datadam.registers import jurisdiction
from machines import Machine, a_machine, found
from served import STANDARD, Served, published, serving
from worlds import Person

MINERAL, EDGE = "supply.mineral-production", "supply.supply-edge"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


def own_edge() -> str:
    """A packaged standard as this dam made it its own."""
    text = codelists.packaged_standard(EDGE)
    assert text.count("\nversion: ") == 1
    return re.sub(r"\nversion: .*\n", "\nversion: 7.0.0\n", text)


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with two standards."""
    with serving(tmp_path_factory.mktemp("stumbles") / "dam") as made:
        published(made.world)
        publish.publish(made.world, codelists.packaged_standard(MINERAL))
        publish.publish(made.world, own_edge())
        yield made


@pytest.fixture
def person(dam: Served, machine: Machine) -> Person:
    """A new member, whose dam this machine speaks to."""
    someone = dam.person("Somebody")
    key = client.write_private(machine.folder / "my.key", someone.key)
    machine("connect", dam.url, "--key", key)
    return someone


def a_file(name: str, *rows: str, header: str = "meter,amount") -> str:
    """A CSV here."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("".join(f"{row}\n" for row in (header, *rows)), encoding="utf-8")
    return name


def deposited(machine: Machine, name: str, *words: str, code: int = 0) -> str:
    """What a deposit says."""
    return machine("deposit", name, "--standard", STANDARD, "--yes", *words, code=code).out


def listed(machine: Machine, name: str) -> str:
    """The digits by which the list knows a deposit."""
    return next(line.split()[0] for line in machine("deposits").out.splitlines() if name in line)


# --- what is there ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("person")
def test_a_file_that_is_there_is_not_written_over(machine: Machine) -> None:
    """Rejects and mappings carry work: without --force they stay as they are."""
    deposited(machine, a_file("mixed.csv", "A1,1", "A2,many"))
    id = listed(machine, "mixed.csv")
    Path("rejects.csv").write_text("mine", encoding="utf-8")
    Path("mapping.yaml").write_text("mine", encoding="utf-8")
    for line in (("rejects", id), ("map", "mixed.csv", "--standard", STANDARD)):
        assert "--force" in machine(*line, code=3).error
    assert Path("rejects.csv").read_text(encoding="utf-8") == Path("mapping.yaml").read_text(encoding="utf-8") == "mine"
    home = ("prepare", "mixed.csv", "--standard", STANDARD, "--yes", "--rejects", "rejects.csv")
    assert "--force" in machine(*home, code=3).error
    machine(*home, "--force")
    assert "many" in Path("rejects.csv").read_text(encoding="utf-8-sig")
    Path("rejects.csv").write_text("mine", encoding="utf-8")
    machine("rejects", id, "--force")
    machine("map", "mixed.csv", "--standard", STANDARD, "--force")
    assert "many" in Path("rejects.csv").read_text(encoding="utf-8-sig")
    assert "meter" in Path("mapping.yaml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("person")
def test_a_folder_is_taken_wherever_a_file_is(machine: Machine) -> None:
    """Mapped by its first file once all are seen to have one layout; prepared, amended and deposited as one."""
    a_file("year/a.csv", "F1,1", header="meter,xyz")
    a_file("year/b.csv", "F2,2", "F3,3", header="meter,xyz")
    machine("map", "year", "--standard", STANDARD)
    mapped = Path("mapping.yaml").read_text(encoding="utf-8")
    assert "xyz" in mapped
    said = ("--standard", STANDARD, "--set", "amount=xyz", "--yes")
    assert "3 admitted" in machine("prepare", "year", *said).out
    assert "3 admitted" in machine("deposit", "year", *said, "--local").out
    a_file("year/b.csv", "F2,2", "F3,4", header="meter,xyz")
    old = listed(machine, "(year)")
    machine("amend", old, "year", "--reason", "counted again", "--set", "amount=xyz", "--yes")
    a_file("year/c.csv", "F4", header="other")
    assert "c.csv" in machine("map", "year", "--standard", STANDARD, "--into", "new.yaml", code=2).error
    assert not Path("new.yaml").exists()


# --- standards --------------------------------------------------------------------------------------------------------


def test_the_dams_own_standard_is_meant_before_the_packaged_one(machine: Machine, dam: Served) -> None:
    """A draft follows what is in force there; the package's is meant where the dam has none, or no dam is known."""
    Path("draft.yaml").write_text(own_edge(), encoding="utf-8")
    packaged = odcs.read(codelists.packaged_standard(EDGE)).version
    check, align = ("standard", "check", "draft.yaml", "--against"), ("standard", "align", "draft.yaml")
    assert f"{EDGE} {packaged}" in machine(*align, EDGE).out  # no dam is known here
    machine("connect", dam.url)
    assert f"{EDGE} {packaged}" not in machine(*align, EDGE).out
    assert packaged not in machine(*check, EDGE, code=2).error  # the same version again, of the dam's
    assert "cti.indicator" in machine(*align, "cti.indicator").out
    machine(*align, "no.such", code=4)


# --- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("person")
def test_a_yes_hides_no_question_that_it_cannot_answer(machine: Machine) -> None:
    """A wide table and a unit that nobody named: shown with what they rest on, each put as a question; nothing sent."""
    wide = a_file("wide.csv", "KR,lithium,mine,1,2", header="country,mineral,stage,2020,2021")
    done = machine("deposit", wide, "--standard", MINERAL, "--yes", code=2)
    error = " ".join(done.error.split())
    assert "2020, 2021 look like one column production" in error
    assert "in which unit" in error
    assert "kt" in error
    assert "neither mapped nor dropped" not in error
    assert "laid out in breadth" in " ".join(done.out.split())
    assert machine("deposits").out.count("wide.csv") == 0


@pytest.mark.usefixtures("person")
def test_a_unit_that_nothing_names_is_said_in_the_same_line(machine: Machine) -> None:
    """The refusal says how, and so it goes through: for what was proposed, and for what `--set` names."""
    file = a_file("bare.csv", "KR,copper,mine,2020,5", header="country,mineral,stage,year,production")
    line = ("prepare", file, "--standard", MINERAL, "--yes")
    assert "--unit production=UNIT" in " ".join(machine(*line, code=2).error.split())
    assert "1 admitted" in machine(*line, "--unit", "production=kt", "--into", "kt.csv").out
    machine(*line, "--unit", "production=t", "--set", "production=production", "--into", "t.csv")
    assert "5000," in Path("kt.csv").read_text(encoding="utf-8").replace(".000", ",")
    assert "5000" not in Path("t.csv").read_text(encoding="utf-8")
    for wrong, code in (("production", 2), ("=kt", 2), ("nobody=kt", 2), ("production=lb", 2)):
        machine(*line, "--unit", wrong, "--into", "wrong.csv", code=code)
        assert not Path("wrong.csv").exists()


def test_nobody_is_asked_where_nobody_is(machine: Machine, dam: Served) -> None:
    """An unattended `join` says what to pass, and signs nothing."""
    machine("keygen", "new.key")
    line = ("join", "--name", "X", "--jurisdiction", "KR", "--role", "consumer", "--url", dam.url, "--key", "new.key")
    assert "--yes" in machine(*line, code=2).error


@pytest.mark.usefixtures("person")
def test_every_way_in_reads_a_file_alike(machine: Machine) -> None:
    """What is said of encoding, header and numbers counts for `deposit`, `prepare` and `amend`."""
    Path("odd.csv").write_bytes("Züge\nmeter;amount\nÖ1;1.000\n".encode("cp1252"))
    said = ("--encoding", "cp1252", "--header-row", "2", "--read", "amount=1.234,5", "--yes")
    assert "1 admitted" in machine("prepare", "odd.csv", "--standard", STANDARD, *said).out
    assert "Ö1" in Path("prepared.csv").read_text(encoding="utf-8")
    deposited(machine, a_file("plain.csv", "Ö1,3"))
    machine("amend", listed(machine, "plain.csv"), "odd.csv", "--reason", "the right one", *said)
    assert "1 admitted" in machine("report", listed(machine, "odd.csv")).out
    for command in (("prepare", "odd.csv", "--standard", STANDARD), ("deposit", "odd.csv", "--standard", STANDARD)):
        machine(*command, "--yes", "--separator", "x", code=2)


# --- what became of it ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("person")
def test_a_deposit_that_was_taken_back_says_so(machine: Machine) -> None:
    """Since when, why, and which receipts stand; these are found by the digits that lists show."""
    outcome = found(r"receipt ([0-9a-f]{64})", deposited(machine, a_file("sold.csv", "S1,1")))
    id = listed(machine, "sold.csv")
    machine("withdraw", id, "--reason", "sold the meter", "--yes")
    told = machine("report", id).out
    assert "sold the meter" in told
    assert re.search(r"on 20[0-9]{2}-[0-9]{2}-[0-9]{2}", told)
    assert outcome in told
    digits = [line.split() for line in machine("withdrawals").out.splitlines() if "sold the meter" in line]
    ((withdrawal, *_, purge),) = digits
    for start in (withdrawal, purge, outcome[:12], outcome):
        machine("receipt", start, "--into", f"{start}.json")
        machine("verify", f"{start}.json")
    assert json.loads(machine("report", id, "--json").out)["stage"] == "withdrawn"
    machine("report", id, "--html", "gone.html")
    assert "withdrawn" in Path("gone.html").read_text(encoding="utf-8").lower()
    machine("receipt", "f" * 12, code=4)


def test_no_command_writes_over_a_file_unasked(machine: Machine, dam: Served, person: Person) -> None:
    """It may be somebody's work: refused by its name and untouched, until `--force` says so."""
    outcome = found(r"receipt ([0-9a-f]{64})", deposited(machine, a_file("over.csv", "O1,1")))
    id = listed(machine, "over.csv")
    grant.grant(dam.world, person.id, STANDARD)
    machine("get", STANDARD, "taken")
    rows = sorted(str(path) for path in Path("taken").iterdir())
    commands = {
        ("receipt", outcome, "--into", "mine.txt"): "mine.txt",
        ("receipt", outcome): f"{outcome[:16]}.receipt.json",
        ("report", id, "--html", "mine.txt"): "mine.txt",
        ("get", STANDARD, "taken"): rows[0],
        ("profile", "new", STANDARD, "--into", "mine.txt"): "mine.txt",
    }
    for command, path in commands.items():
        Path(path).write_text("mine", encoding="utf-8")
        refused = machine(*command, code=3)
        assert Path(path).name in "".join(refused.error.split())
        assert "--force" in refused.error
        assert Path(path).read_text(encoding="utf-8") == "mine"
        machine(*command, "--force")
        assert Path(path).read_bytes() != b"mine"
    assert sorted(str(path) for path in Path("taken").iterdir()) == rows


@pytest.mark.usefixtures("person")
def test_a_deposit_that_was_refused_as_a_whole_is_to_be_sent_again_as_a_whole(machine: Machine) -> None:
    """Its good rows count for nothing, so neither report nor rejects may speak as if they did."""
    told = deposited(machine, a_file("bad.csv", "B1,1", ",2", ",3"), code=3)
    assert "none was taken" in told
    assert "admitted" not in told.lower().replace("not admitted", "")
    assert "as a whole" in told
    id = listed(machine, "bad.csv")
    page = Path("report.html")
    machine("report", id, "--html", page)
    assert "as a whole" in page.read_text(encoding="utf-8")
    assert "as a whole" in machine("rejects", id).out
    told = machine("prepare", "bad.csv", "--standard", STANDARD, "--yes", code=3).out
    assert "none was taken" in told
    assert "datadam rejects" not in told  # nothing was sent, so there is nothing to fetch


@pytest.mark.usefixtures("person")
def test_an_older_file_that_comes_again_changes_nothing_and_says_so(machine: Machine) -> None:
    """Newer rows stay current; the sentence names the day of the deposit that there is."""
    old, new = a_file("old.csv", "R1,1"), a_file("new.csv", "R1,2")
    first = deposited(machine, old)
    assert "already" not in first
    deposited(machine, new)
    again = deposited(machine, old)
    assert re.search(r"on 20[0-9]{2}-[0-9]{2}-[0-9]{2} already", again)
    assert found(r"receipt ([0-9a-f]{64})", again) == found(r"receipt ([0-9a-f]{64})", first)


@pytest.mark.usefixtures("person")
def test_a_file_that_was_prepared_here_keeps_its_name_here(machine: Machine, dam: Served) -> None:
    """The dam is told no name of it, and the list on this machine shows both; what notes them may be broken or gone."""
    assert "secret mine.csv" in deposited(machine, a_file("secret mine.csv", "P1,1"), "--local")
    assert "prepared.csv (secret mine.csv)" in machine("deposits").out
    stored = b"".join(path.read_bytes() for path in dam.folder.rglob("*") if path.is_file())
    assert b"secret mine" not in stored
    notes = Path("home/names.json")
    assert notes.stat().st_mode & 0o077 == 0
    notes.write_text("[]", encoding="utf-8")
    assert "secret mine" not in machine("deposits").out
    notes.write_bytes(gzip.compress(b"{}"))
    assert "prepared.csv" in machine("deposits").out


# --- words ------------------------------------------------------------------------------------------------------------


def test_an_applicant_is_not_sent_to_the_operators_commands(machine: Machine, dam: Served) -> None:
    """Who applied can ask nobody's folder."""
    error = machine("application", "0" * 64, "--url", dam.url, code=4).error
    assert "datadam join" in error
    assert "member applications" not in error


def test_a_version_that_does_not_grow_is_told_so(machine: Machine) -> None:
    """The same number again is no small step but none."""
    Path("standard.yaml").write_text(codelists.packaged_standard(MINERAL), encoding="utf-8")
    error = machine("standard", "check", "standard.yaml", "--against", MINERAL, code=2).error
    assert "has to grow" in error


@pytest.mark.parametrize("command", ["init", "join"])
@pytest.mark.parametrize(
    ("text", "near"), [("KO", "KR"), ("kr", "KR"), ("Korea, South", "KR"), ("UK", "GB"), ("QQ", "for example KR")]
)
def test_a_country_that_there_is_not_is_refused_with_the_nearest(
    machine: Machine, dam: Served, command: str, text: str, near: str
) -> None:
    """Before anything is made or signed."""
    line = {
        "init": ("init", "own", "--name", "own.example/log"),
        "join": ("join", "--name", "X", "--role", "consumer", "--yes", "--url", dam.url),
    }[command]
    error = machine(*line, "--jurisdiction", text, code=2).error
    assert f"{text} is not the code of a country" in error
    assert near in error
    assert not Path("own").exists()


def test_every_code_that_is_assigned_is_taken_and_names_lead_to_their_code() -> None:
    """The list of names and the list of codes agree; what begins many names is near to none."""
    for code in codelists.packaged()["iso3166-alpha2"].codes:
        assert countries.assigned(code) == jurisdiction(code)
    assert countries.nearest("Deutschl") == []
    assert countries.nearest("Germany") == ["DE"]
    assert countries.nearest("s") == countries.nearest("") == []
