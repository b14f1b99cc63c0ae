"""A deposit's report: a page that can do no harm, JSON, the terminal; and the way back of corrected rejects."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import client, texts
from datadam.dam import grant, publish, release
from datadam.dam.world import World
from datadam.edges import pages
from datadam.edges.terminal import Terminal
from datadam.model import Stage
from machines import a_machine
from served import STANDARD, Served, published, serving
from worlds import GOOD, Person, a_world, standard_text

VOID = {"meta"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p", "code", "ul", "li", "b",
    "div", "table", "thead", "tbody", "tr", "th", "td", "span", "svg", "rect",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as a browser would, and refuses what is not well nested or not ours."""

    def __init__(self) -> None:
        """Start before the page."""
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only our elements, and no attribute that does anything."""
        assert tag in ALLOWED, tag
        for name, _ in attrs:
            assert not name.startswith("on"), name
            assert name not in {"style", "href", "src", "srcdoc", "action"}, name
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Closed in the order in which they were opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """What a person reads."""
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


def read(page: str) -> str:
    """The words of a page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return " ".join(" ".join(reader.words).split())


def body(**more: object) -> dict[str, Any]:
    """A deposit as the API tells it, with something hostile wherever somebody else may write."""
    evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e\x1b[2J"
    fault = {"row": 0, "column": "amount", "source": evil, "rule": evil, "value": evil, "what": evil, "remedy": evil}
    warning = {"code": evil, "what": evil, "remedy": evil, "rows": list(range(30)), "count": 40}
    listed = {"values": [{"value": evil, "rows": 2}], "others": 3, "missing": 1, "rows": 6}
    bins = [{"from": "0", "to": "1", "rows": 4}, {"from": "1", "to": "2", "rows": 0}]
    numbers = {"minimum": "0.000", "maximum": "1234567.50", "mean": "2000000", "bins": bins, "missing": 0, "rows": 4}
    columns = [
        {"name": "place", "title": evil, "unit": evil, "changes": [evil], **listed},
        {"name": "amount", "title": "Amount", "unit": None, "changes": [], **numbers},
        {"name": "day", "title": "Day", "unit": None, "changes": [], "minimum": "2024-01-01", "maximum": "2024-01-01",
         "bins": [], "missing": 0, "rows": 0},
        {"name": "gone", "title": "Gone", "unit": None, "changes": []},
        {"name": "free", "title": "Free", "unit": None, "changes": [], "missing": 0, "rows": 4, "kind": "text"},
    ]  # fmt: skip
    return {
        "id": "ab" * 32,
        "standard": "test.reading",
        "version": "1.0.0",
        "stage": "committed",
        "file": {"name": evil},
        "tally": {"rows": 3, "admitted": 2, "rejected": 1, "faults": {evil: 1, "amount.type": 0}},
        "warnings": [warning],
        "shown": [fault, {**fault, "value": None, "source": None}],
        "columns": columns,
        "prepared": {"raw": [evil], "stays": [], "coarse": [evil], "unjudged": [evil]},
        **more,
    }


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("stage", ["committed", "refused", "prepared", "unprepared"])
def test_a_page_is_well_formed_and_does_nothing(language: str, stage: str) -> None:
    """Hostile names and values are words on it and nothing else; no script, no address, no style of a cell's own."""
    fault = {"what": "<b>", "remedy": "", "faults": [{"what": "<i>", "remedy": "<u>"}]}
    page = pages.report(body(stage=stage, fault=fault), language)
    words = read(page)
    assert "<script>alert(1)</script>" in words
    assert f'lang="{language}"' in page
    assert bool(re.search("[가-힣]", words)) is (language == "ko")
    assert not re.search(r"[\x1b\u202e]", page)


@given(st.text(), st.sampled_from(texts.LANGUAGES))
def test_no_text_escapes_its_place(text: str, language: str) -> None:
    """Whatever a cell holds, the page stays the same page."""
    shown = {"row": 1, "column": "c", "source": text, "rule": "r", "value": text, "what": "w", "remedy": "d"}
    plain = pages.report(body(shown=[{**shown, "source": "s", "value": "v"}]), language)
    page = pages.report(body(shown=[shown], file={"name": text}), language)
    read(page)
    # a cell without anything in it has no element either
    assert page.count("<tr") == plain.count("<tr")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("\t=1+1", "'=1+1"),
        ("-5", "-5"),
        ("+1,234.5", "+1,234.5"),
        ("-1e-7", "-1e-7"),
        ("a=b", "a=b"),
    ],
)
def test_a_formula_is_none_once_it_is_copied_into_a_spreadsheet(value: str, shown: str) -> None:
    """Numbers stay numbers."""
    assert pages.sent(value) == shown


def test_numbers_are_told_as_people_read_them() -> None:
    """Without idle zeros, in groups where they are long; years and days stay as they are."""
    words = read(pages.report(body(), "en"))
    for told in ("0 – 1,234,567.5", "mean 2,000,000", "2024-01-01 – 2024-01-01", "all others: 3", "1 (16.7%)"):
        assert told in words
    assert "Rows: " + ", ".join(str(row) for row in range(1, 21)) + " and 20 more" in words
    assert pages._told("1.2.3") == "1.2.3"


def test_a_report_without_anything_to_tell_is_short() -> None:
    """A deposit that has only been announced."""
    bare = {"id": "", "standard": "a.b", "version": "1.0.0", "stage": "announced", "file": {"name": "x"}}
    words = read(pages.report(bare, "en"))
    assert "Warnings" not in words
    assert "Columns" not in words


def test_the_policy_lets_its_own_style_through_and_nothing_else() -> None:
    """The hash in it is that of the style in the page, which has no other."""
    page = pages.report(body(), "en")
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ) == pages.POLICY
    assert "url(" not in style


def test_warnings_in_the_terminal_name_their_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Between the counts and the faults; nothing of them moves the cursor."""
    terminal = Terminal("en")
    terminal.report({**body(), "warnings": [{"what": "w\x1b[2J", "remedy": "r", "rows": [0, 4], "count": 2}]})
    out = capsys.readouterr().out
    assert "Warning: w[2J" in out
    assert "Rows: 1, 5" in out
    terminal.warnings([{"what": "w", "remedy": "", "rows": [], "count": 0}])
    assert "Rows" not in capsys.readouterr().out


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is served."""
    with serving(tmp_path_factory.mktemp("report") / "dam") as made:
        published(made.world)
        yield made


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_page_of_a_deposit_is_its_owners_in_their_language(dam: Served, language: str) -> None:
    """Served with a policy of its own, kept by no cache, the same manners as everything else; nobody else's."""
    person, other = dam.person(f"A {language}"), dam.person("B")
    job = person.deposits(dam.world, STANDARD, b"meter,amount\n=A1,5\nA2,<b>many\nA3,7\n")
    asked = {"Accept-Language": language}
    answer = dam.ask("GET", f"/api/deposits/{job.id}/report.html", dam.token(person), headers=asked)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == pages.POLICY
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    words = read(answer.text)
    assert "<b>many" in words
    assert {"en": "Amount", "ko": "계량기"}[language] in words
    refused = dam.ask("GET", f"/api/deposits/{job.id}/report.html", dam.token(other), headers=asked)
    assert refused.status_code == 404
    assert refused.headers["content-security-policy"] == "default-src 'none'"


def test_the_statistics_are_of_own_rows_and_there_for_programs(dam: Served) -> None:
    """JSON, column by column; what the client gives is the same."""
    person, other = dam.person("C"), dam.person("D")
    other.deposits(dam.world, STANDARD, b"meter,amount\nA1,999\n")
    job = person.deposits(dam.world, STANDARD, GOOD)
    with dam.client(person) as line:
        meter, amount = line.statistics(job.id)
    assert (meter["name"], meter["kind"], meter["missing"]) == ("meter", "text", 0)
    assert (amount["minimum"], amount["maximum"], amount["rows"]) == ("5", "1000", 3)
    assert amount["mean"] == "337.333"


# --- corrected rejects ------------------------------------------------------------------------------------------------


def test_corrected_rejects_alone_complete_a_deposit(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the command line: deposit, fetch the rejects, mend them as they came, deposit them; no question is asked."""
    run = a_machine(tmp_path, monkeypatch, capsys)
    person = dam.person("Mender")
    who = ("--url", dam.url, "--key", client.write_private(tmp_path / "my.key", person.key))
    (tmp_path / "data.csv").write_text("amount,Meter,note\n5,M1,a\nmany,M2,b\n7,M3,c\n1001,M4,d\n8,M5,e\n")
    told = run("deposit", "data.csv", "--standard", STANDARD, "--drop", "note", "--yes", *who).out
    (id,) = re.findall(r"datadam rejects ([0-9a-f]+)", told)
    run("rejects", id, "--into", "rejects.csv", *who)
    mended = pl.read_csv(tmp_path / "rejects.csv")
    assert mended.columns == ["amount", "Meter", "note", "reason"]
    fixed = mended.with_columns(amount=pl.col("amount").replace({"many": "6", "1001": "1000"}))
    fixed.write_csv(tmp_path / "mended.csv")
    run("deposit", "mended.csv", "--standard", STANDARD, *who)
    grant.grant(dam.world, person.id, STANDARD)
    with dam.clock.forward(hours=2):
        assert rows_of(dam.world, person) == {"M1": 5, "M2": 6, "M3": 7, "M4": 1000, "M5": 8}
    page = tmp_path / "report.html"
    run("report", id, "--html", page, *who)
    assert "M2" in read(page.read_text(encoding="utf-8")) or "many" in html.unescape(page.read_text(encoding="utf-8"))
    assert json.loads(run("report", id, "--json", *who).out)["columns"][0]["name"] == "meter"


def test_a_file_prepared_on_the_command_line_is_deposited_from_there(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`prepare` writes what would be sent, the refused rows and a page; `deposit --local` sends it; offline too."""
    run = a_machine(tmp_path, monkeypatch, capsys)
    person = dam.person("Careful")
    (tmp_path / "data.csv").write_text("amount,Meter,note\n5,M1,secret\nmany,M2,b\n7,M3,c\n")
    (tmp_path / "standard.yaml").write_text(standard_text(), encoding="utf-8")
    who = ("--url", dam.url, "--key", client.write_private(tmp_path / "my.key", person.key))
    mapped = ("--drop", "note", "--yes")
    more = ("--rejects", "bad.csv", "--html", "page.html")
    told = run("prepare", "data.csv", "--standard", "standard.yaml", *mapped, *more).out
    assert "note" in told
    assert (tmp_path / "prepared.csv").read_text() == "meter,amount\nM1,5\nM3,7\n"
    assert "many" in (tmp_path / "bad.csv").read_text()
    assert "secret" not in read((tmp_path / "page.html").read_text(encoding="utf-8"))
    told = run("deposit", "data.csv", "--standard", STANDARD, "--local", *mapped, *who).out
    assert "many" in told  # the refused row is told here; that it is not sent, test_prepare_home shows
    grant.grant(dam.world, person.id, STANDARD)
    with dam.clock.forward(hours=9):  # past the share that others saw
        assert rows_of(dam.world, person) == {"M1": 5, "M3": 7}
    (tmp_path / "bad.csv").write_text("amount,Meter\nmany,M1\n")
    for command in (("prepare", "--into", "no.csv", "--standard", "standard.yaml"), ("deposit", "--local", *who)):
        given = command if command[0] == "prepare" else (*command, "--standard", STANDARD)
        assert "1" in run(given[0], "bad.csv", *given[1:], "--set", "amount=amount", "--yes", code=3).error
    assert not (tmp_path / "no.csv").exists()


def rows_of(world: World, person: Person) -> dict[str, int]:
    """What the reservoir shows of one contributor: meter to amount."""
    share = release.open_share(world, person.caller, STANDARD)
    paths = [world.shares.path(STANDARD, share.recipient, share.version, file["name"]) for file in share.files]
    frame = pl.concat([pl.read_parquet(path) for path in paths]).filter(pl.col("contributor") == person.id)
    assert frame["meter"].is_unique().all()
    return dict(frame.select("meter", "amount").iter_rows())


# --- supersede --------------------------------------------------------------------------------------------------------


def test_the_newest_admitted_row_of_a_contributors_key_is_the_current_one(tmp_path: Path) -> None:
    """Across corrections, and corrections of corrections; a refused row replaces nothing, nobody replaces another's."""
    world = a_world(tmp_path, share_refresh_seconds=0)
    publish.publish(world, standard_text(repeat="supersede"))
    one, other = Person("A").joins(world), Person("B").joins(world)
    for person in (one, other):
        grant.grant(world, person.id, STANDARD)
    one.deposits(world, STANDARD, b"meter,amount\nA1,1\nA2,2\nA3,3\n")
    other.deposits(world, STANDARD, b"meter,amount\nA1,100\nA2,200\n")
    assert rows_of(world, one) == {"A1": 1, "A2": 2, "A3": 3}
    one.deposits(world, STANDARD, b"meter,amount\nA2,20\nA4,4\n")
    assert rows_of(world, one) == {"A1": 1, "A2": 20, "A3": 3, "A4": 4}
    # a correction whose one row is refused, and one that is refused whole, leave what was
    one.deposits(world, STANDARD, b"meter,amount\nA1,many\nA2,21\n")
    assert one.deposits(world, STANDARD, b"meter,amount\nA2,x\nA3,y\n").stage == Stage.REFUSED
    assert rows_of(world, one) == {"A1": 1, "A2": 21, "A3": 3, "A4": 4}
    one.deposits(world, STANDARD, b"meter,amount\nA2,2\nA5,5\n")  # back to the first value: still the newest row
    assert rows_of(world, one) == {"A1": 1, "A2": 2, "A3": 3, "A4": 4, "A5": 5}
    assert rows_of(world, other) == {"A1": 100, "A2": 200}
