"""Identifiers on their way in: both engines refuse the same rows, what is redacted is stored so, none is repeated."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam import texts
from datadam.adapters.memory.engine import MemoryEngine
from datadam.dam import publish, report
from datadam.formats import codelists, odcs
from datadam.model import CrossRule, Feed, Fit, Protection, Repeat, Source, Standard, Type
from datadam.plan import Check, Plan
from datadam.planning import compile_plan
from datadam.ports import Engine
from datadam.prepare import changes
from datadam.protections import FreeText
from drafts import column, standard
from homes import at_home
from test_engine_behaviours import ENGINES, Run, csv_source, every_engine, plan_of, standard_of
from test_identifiers import PLAIN
from worlds import Person, a_world, fit_of

SECRET = "010-9999-8888"
HELD = standard(
    column("id", required=True, pattern=r"\A[a-z][0-9]{1,5}\z"),
    column("title"),
    column("seen", free_text=FreeText.REDACT, max_length=1000),
    column("note", free_text=FreeText.QUARANTINE, max_length=1000),
    column("host", holds=("ip",)),
    column("party", protection=Protection.UNIT_ID, domain="firms"),
    repeat=Repeat.KEEP,
    reject_limit=Decimal("0.9"),
)
FILE = (
    "id,title,seen,note,host,party\n"
    f"a1,pump,call {SECRET},fine,192.0.2.1,BRN 120-81-47521\n"
    f"a2,{SECRET},,fine,192.0.2.1,\n"
    f"a3,pump,,write to a@example.com or {SECRET},,x\n"
    "a4,pump,,,a@example.com,x\n"
    "a5, １２０－８１－４７５２１ ,,,,x\n"
    "a6,pump,nothing,nothing,,900101-1234568\n"
)
REFUSED = {
    1: {"title.identifier"},
    2: {"note.identifier"},
    3: {"host.identifier"},
    4: {"title.identifier"},
}


def plan(engine_free: Standard = HELD) -> Plan:
    """The plan for a file with the standard's own names."""
    return plan_of(engine_free)


@every_engine
def test_what_is_found_refuses_its_row_or_is_redacted(engine: Engine, tmp_path: Path) -> None:
    """Kept texts are looked at, trimmed and in full width; unit ids and declared kinds are not."""
    run = Run(engine, plan(), csv_source(tmp_path, FILE), tmp_path)
    assert run.broken == REFUSED
    assert run.value("id") == ["a1", "a6"]
    assert run.value("seen") == ["call [phone]", "nothing"]
    assert run.value("host") == ["192.0.2.1", None]


@every_engine
def test_a_fault_names_the_kinds_and_not_the_value(engine: Engine, tmp_path: Path) -> None:
    """Row, column and kinds are told; what was sent stays in the rejects, which are its contributor's."""
    run = Run(engine, plan(), csv_source(tmp_path, FILE), tmp_path)
    found = engine.faults(plan(), run.into.rejects, 9)
    assert [(f.row, f.column, f.kinds, f.value) for f in found] == [
        (1, "title", ("phone",), None),
        (2, "note", ("email", "phone"), None),
        (3, "host", ("email",), None),
        (4, "title", ("brn",), None),
    ]


@every_engine
def test_a_constant_is_looked_at_and_missing_columns_have_no_rule(engine: Engine, tmp_path: Path) -> None:
    """What is said once for the whole file is said of each row."""
    held = standard_of(column("id", required=True), column("v"), column("w"))
    feeds = (Feed(column="id", source="id"), Feed(column="v", constant=SECRET))
    made = compile_plan(held, Fit(standard=held.id, version="1.0.0", feeds=feeds), {})
    assert [rule.id for rule in made.rules if rule.check is Check.IDENTIFIER] == ["id.identifier", "v.identifier"]
    run = Run(engine, made, csv_source(tmp_path, "id\na\nb\n"), tmp_path)
    assert run.broken == {0: {"v.identifier"}, 1: {"v.identifier"}}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from([*PLAIN.values(), "", " x ", "fine"]), st.text(st.sampled_from("0123456789-. @a가"))
            ),
            st.one_of(st.sampled_from([*PLAIN.values(), "", "fine"]), st.text(max_size=12)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_engines_agree_on_any_rows(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """The reference looks at each value in Python; the other asks Polars first."""
    held = standard_of(
        column("n", Type.INTEGER, required=True), column("v"), column("w", free_text=FreeText.REDACT, max_length=900)
    )
    path = tmp_path / "rows.parquet"
    frame = pl.DataFrame(
        {"n": [str(n) for n in range(len(rows))], "v": [a for a, _ in rows], "w": [b for _, b in rows]},
        schema=dict.fromkeys("nvw", pl.String),
    )
    frame.write_parquet(path)
    source = Source(path=str(path), format="parquet", name="rows.parquet")
    runs = []
    for name, engine in (("a", ENGINES[0]), ("b", ENGINES[1])):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        run = Run(engine, plan_of(held), source, folder)
        runs.append((run.broken, run.value("w") if run.tally.admitted else []))
    assert runs[0] == runs[1]


def test_the_contributor_hears_of_kinds_and_nobody_of_values(tmp_path: Path) -> None:
    """Report, sentences, the store and every statement of a deposit: none repeats what was found."""
    world = a_world(tmp_path)
    named = odcs.write(HELD)
    publish.publish(world, named)
    firm = Person("Firm").joins(world)
    job = firm.deposits(world, HELD.id, FILE.encode())
    told = report.overview(world, firm.caller, job.id, limit=50)
    assert job.stage == "committed"
    becomes = changes(HELD, plan(), fit_of(world, HELD.id, FILE.encode()))
    assert [one.code for one in becomes["seen"]] == ["done.redacted"]
    assert becomes["note"] == []
    assert [(one.row, one.column, one.value) for one in told.found] == [
        (1, "title", None),
        (2, "note", None),
        (3, "host", None),
        (4, "title", None),
    ]
    sentences = [texts.say(one.reason.code, lang, **one.reason.facts) for one in told.found for lang in texts.LANGUAGES]
    assert {one.reason.code for one in told.found} == {"identifier.found"}
    assert any("email, phone" in one for one in sentences)
    said = [str(told), *sentences, str(job), *(world.bodies.get(id).decode() for id in world.bodies.ids())]
    for one in said:
        assert SECRET not in one
        assert "a@example.com" not in one


def test_they_are_found_before_anything_leaves(tmp_path: Path) -> None:
    """The contributor's machine refuses and redacts the same, and what was redacted passes at the dam; ids stay raw."""
    fit = Fit(
        standard=HELD.id, version=HELD.version, feeds=tuple(Feed(column=c.name, source=c.name) for c in HELD.columns)
    )
    done = at_home(HELD, fit, tmp_path, FILE)
    assert {one.row for one in done.found} == set(REFUSED)
    assert {one.reason.code for one in done.found} == {"identifier.found"}
    sent = (tmp_path / "prepared.csv").read_text(encoding="utf-8")
    assert SECRET not in sent
    assert "call [phone]" in sent
    assert "BRN 120-81-47521" in sent
    again = Run(MemoryEngine(), plan_of(HELD), csv_source(tmp_path, sent), tmp_path)
    assert (again.tally.admitted, again.tally.rejected) == (2, 0)


def test_rules_between_columns_still_hold_beside(tmp_path: Path) -> None:
    """A row may break a rule and hold an identifier: it is told both, on the fast road and to the letter."""
    held = standard_of(
        column("a", required=True), column("b"), rules=(CrossRule(id="differ", left="a", op="!=", right="b"),)
    )
    rows = [("x", "y"), (SECRET, SECRET), ("x", SECRET), ("y", "z"), ("p", "q"), ("r", "s"), ("t", "u"), ("v", "w")]
    text = "a,b\n" + "\n".join(",".join(row) for row in rows) + "\n"
    for engine in ENGINES:
        run = Run(engine, plan_of(held), csv_source(tmp_path, text), tmp_path)
        assert run.broken == {1: {"a.identifier", "b.identifier", "differ"}, 2: {"b.identifier"}}


@pytest.mark.parametrize("name", ["cti.indicator", "cti.exploited-vulnerability"])
def test_packaged_standards_say_what_their_columns_hold(name: str) -> None:
    """Addresses of hosts are what indicators are; sentences about products are looked at as free text."""
    held = odcs.read(codelists.packaged_standard(name))
    holds = {one.name: one.holds for one in held.columns if one.holds}
    free = {one.name for one in held.columns if one.free_text is not None}
    expected = {
        "cti.indicator": ({"value": ("ip",), "upstream": ("ip",)}, set()),
        "cti.exploited-vulnerability": ({}, {"product", "vulnerability"}),
    }
    assert (holds, free) == expected[name]
