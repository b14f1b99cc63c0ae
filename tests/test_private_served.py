"""Private questions over real HTTP: in Python, on the command line and as plain JSON; answers in steps of time."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import anyio
import pytest
from jsonschema import Draft201909Validator

from datadam import client, seal
from datadam.client.private import Private
from datadam.dam import charge, grant, publish
from datadam.edges.private import held_back
from datadam.errors import DamError, Invalid, Refused, Untrusted
from datadam.formats import codelists
from datadam.privacy import dummy, periods
from machines import Machine, a_machine
from served import Served, serving
from worlds import Person, answers_text, energy, standard_text

ENERGY, QUIET, PLANTS = "test.energy", "test.quiet", "industry.plant-energy"
SAMPLE = Path(__file__).parent.parent / "demo" / "data" / "plant_energy_synthetic.csv"
BEFORE = timedelta(days=100)  # longer than any quarter
PERIOD = periods.of(datetime.now(UTC) - BEFORE, "quarter")
QUESTION: dict[str, Any] = {"standard": ENERGY, "aggregate": "count", "periods": [PERIOD], "rho": "0.002"}
NORTH = {"column": "region", "operator": "in", "values": ["north"]}
SCHEMA = json.loads(
    (resources.files("datadam") / "standards" / "schemas" / "private-answers-1.schema.json").read_text("utf-8")
)


class Scene:
    """A served dam whose reservoir has 60 firms of two contributors in a quarter that is over, and a consumer."""

    def __init__(self, dam: Served) -> None:
        """Join and deposit a quarter ago."""
        self.dam = dam
        self.lines = ExitStack()
        with dam.clock.forward(days=-BEFORE.days):
            self._begin(dam)
        for reservoir in (ENERGY, QUIET, PLANTS):
            grant.grant(dam.world, self.asker.id, reservoir)

    def _begin(self, dam: Served) -> None:
        publish.publish(dam.world, answers_text())
        publish.publish(dam.world, standard_text())
        publish.publish(dam.world, answers_text().replace(ENERGY, QUIET).replace("test_energy", "test_quiet"))
        publish.publish(dam.world, codelists.packaged_standard(PLANTS))
        self.one, self.two, self.asker = (dam.person(name) for name in ("One", "Two", "Asker"))
        for person, first in ((self.one, 0), (self.two, 30)):
            assert person.deposits(dam.world, ENERGY, energy(30, first=first)).stage == "committed"
        assert self.one.deposits(dam.world, PLANTS, SAMPLE.read_bytes()).stage == "committed"

    def private(self, person: Person | None = None) -> Private:
        """The reservoir as somebody's program sees it."""
        return self.line(person or self.asker).open(ENERGY).private()

    def line(self, person: Person | None = None) -> client.Dam:
        """The dam as somebody's program sees it, until the end."""
        return self.lines.enter_context(self.dam.client(person))

    def charges(self) -> int:
        """How many answers were paid for."""
        return len(charge.of(self.dam.world, ENERGY))

    def post(self, path: str, sent: object, person: Person | None = None) -> Any:
        """A question as plain JSON, of somebody."""
        token = self.dam.token(person or self.asker)
        return self.dam.ask("POST", path, token, json=sent)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One dam for all tests of this file."""
    with serving(tmp_path_factory.mktemp("private") / "dam", answer_quantum_ms=20) as dam:
        made = Scene(dam)
        with made.lines:
            yield made


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins and profiles of these tests only."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """Somebody's computer."""
    return a_machine(tmp_path, monkeypatch, capsys)


def valid(part: str, value: object) -> bool:
    """Whether a value is what the published schema says."""
    Draft201909Validator({**SCHEMA, "$ref": f"#/$defs/{part}"}).validate(value)
    return True


# --- in Python --------------------------------------------------------------------------------------------------------


def test_each_kind_of_question_is_one_method(scene: Scene) -> None:
    """Count, distinct, sum, mean, quantiles and histogram: values in their intervals, the claim, what is left."""
    asked = scene.private()
    counted = asked.count(by=["region", "sector"], where=[("energy", ">=", 10)], rho="0.002")
    assert [row["region"] for row in counted][::3] == ["north", "south"]
    assert all(row["low"] <= row["value"] <= row["high"] for row in counted)
    assert (counted.rho, counted.twins, counted.stored) == (Decimal("0.002"), [f"{PERIOD}.1"], False)
    assert "replace" in counted.claim.lower() or "replaced" in counted.claim.lower()
    assert asked.sum("energy", by="region", rho="0.002").rows[0].keys() == {"region", "value", "low", "high"}
    low, high = asked.mean("energy", rho="0.002").interval
    assert low <= high
    assert len(asked.distinct(by="sector", rho="0.002")) == 3
    two = asked.quantiles("energy", ["0.9", "0.5"], rho="0.002")
    assert [row["at"] for row in two] == [Decimal("0.5"), Decimal("0.9")]
    assert [row["at"] for row in asked.quantile("energy", rho="0.002")] == [Decimal("0.5")]
    assert [row["bin"][0] for row in asked.histogram("energy", edges=[0, 50, 100], rho="0.002")] == [0, 50]
    assert asked.count(where=[("sector", "in", ["food"])], epsilon=0.2).epsilon <= Decimal("0.2")


def test_an_answer_is_proven_and_the_same_question_costs_nothing_twice(scene: Scene) -> None:
    """Its receipt verifies offline; asked again in other words it is the same statement, and no charge."""
    asked = scene.private()
    first = asked.count(by=["sector", "region"], periods=[PERIOD], rho=0.004)
    before = scene.charges()
    again = asked.count(by=["region", "sector", "region"], periods=PERIOD, rho=Decimal("0.004000"))
    assert (again.id, again.rows, again.stored, scene.charges()) == (first.id, first.rows, True, before)
    assert client.check_receipt(seal.canonical(first.receipt).decode(), vkey=scene.dam.world.ledger.vkey) is not None


def test_what_is_wrong_is_said_before_anything_is_sent(scene: Scene) -> None:
    """Unknown columns, odd conditions, no cost that there is: refused here, and nothing is charged."""
    asked, before = scene.private(), scene.charges()
    for code, options in (
        ("private.not-groupable", {"by": ["nothing"]}),
        ("client.condition-unknown", {"where": [("energy", "!=", 3)]}),
        ("private.rho-too-large", {"rho": 5}),
        ("private.not-a-number", {"rho": float("nan")}),
        ("private.period-unknown", {"periods": "2026-11"}),
    ):
        with pytest.raises(DamError) as caught:
            asked.count(**options)
        assert caught.value.code == code
    with pytest.raises(Invalid, match=r"client\.answer-many"):
        _ = asked.dummy().count(by="region").value
    with pytest.raises(Invalid, match=r"client\.answer-many"):
        _ = asked.dummy().count(by="region").interval
    assert scene.charges() == before


def test_a_reservoir_that_gives_rows_gives_no_answers(scene: Scene) -> None:
    """And one that gives answers names what may be asked of it."""
    with pytest.raises(Invalid, match=r"private\.no-answers"):
        scene.line(scene.one).open("test.reading").private()
    asked = scene.private()
    assert asked.columns["region"] == "by (2 keys)"
    assert asked.columns["energy"].startswith("sum, 0 to ")
    assert asked.columns["plant"] == "by (keys told above a threshold)"
    assert asked.periods() == [PERIOD]


def test_an_association_hands_in_for_its_member_firms(scene: Scene) -> None:
    """The packaged standard: six rows of a firm count, firms are protected, and who handed in for them is not."""
    asked = scene.line(scene.asker).open(PLANTS).private(purpose="statistics")
    counted = asked.count(rho="0.1")
    assert counted.value is not None
    assert abs(counted.value - 1386) < 140  # ten deviations of the noise; what the bound keeps is counted elsewhere
    assert "contributor" in counted.claims["en"]
    assert "firm" in counted.claims["en"].lower()
    assert len(asked.sum("energy", by="industry", rho="0.02")) == 10


def test_without_an_open_period_none_is_taken_for_it(scene: Scene) -> None:
    """A reservoir that nobody handed anything in to says so, and is still asked by name."""
    asked = scene.line(scene.asker).open(QUIET).private()
    assert asked.preview("count", by="region", rho="0.01")["cells"] == 2  # to try needs no period
    assert len(asked.dummy().count(by="region", rho="0.01")) == 2
    with pytest.raises(Invalid, match=r"private\.none-open") as told:
        asked.count(rho="0.01")
    assert str(told.value.facts["period"]) < str(told.value.facts["end"])
    with pytest.raises(Refused):
        asked.count(rho="0.01", periods=PERIOD)


def test_whoever_may_not_ask_is_refused(scene: Scene) -> None:
    """No grant, no answer and no charge; without a login there is none either."""
    before = scene.charges()
    with pytest.raises(Refused):
        scene.private(scene.dam.person("Stranger")).count(rho="0.002")
    assert scene.dam.ask("POST", "/api/answers", json=QUESTION).status_code == 401
    assert scene.charges() == before


def test_a_preview_and_dummy_rows_are_free(scene: Scene) -> None:
    """The same shapes as the real ones, the interval's width foretold, and not a request that is charged."""
    asked, before = scene.private(), scene.charges()
    tried = asked.dummy()
    foretold = asked.preview("count", by=["region", "sector"], rho="0.006")
    assert valid("preview", foretold)
    made, real = tried.count(by=["region", "sector"], rho="0.006"), None
    assert scene.charges() == before
    real = asked.count(by=["region", "sector"], rho="0.006")
    assert [list(row) for row in made] == [list(row) for row in real]
    assert {row["high"] - row["value"] for row in (*made, *real)} == {Decimal(foretold["half_width"])}
    assert made.scale == real.scale
    assert (made.id, made.left) == ("", {})
    assert made.claim


def test_answers_become_frames(scene: Scene) -> None:
    """Polars and pandas, numbers as doubles; and a table to read."""
    tried = scene.private().dummy(500)
    told = tried.count(by="region", rho="0.002")
    assert told.to_polars().columns == ["region", "value", "low", "high"]
    assert list(told.to_pandas()["region"]) == ["north", "south"]
    assert str(told).splitlines()[0].split() == ["region", "value", "low", "high"]
    assert tried.histogram("energy", edges=[0, 50], rho="0.002").to_polars().row(0)[0] == [0.0, 50.0]
    assert str(tried.count(by="plant", rho="0.002"))


def test_an_answer_that_was_not_signed_so_is_not_believed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dam that answers another question, or other than it signed, is caught."""
    asked = scene.private()
    real = asked.asking.answer(asked.question("count", rho="0.0031"), {})
    other = asked.asking.answer(asked.question("count", by="region", rho="0.0031"), {})
    monkeypatch.setattr(type(asked.asking), "answer", lambda *_: other)
    with pytest.raises(Untrusted, match=r"client\.answer-other"):
        asked.count(rho="0.0031", periods=PERIOD)
    monkeypatch.undo()
    forged = {**real, "answer": {**real["answer"], "rho": 1}}
    monkeypatch.setattr(asked.asking, "_ask", lambda *_, **__: _Said(forged))
    with pytest.raises(Untrusted, match=r"client\.answer-other"):
        asked.count(rho="0.0031", periods=PERIOD)


class _Said:
    """An answer over HTTP, as far as it is read."""

    def __init__(self, told: object) -> None:
        """What it says."""
        self.told = told

    def json(self) -> object:
        """The same."""
        return self.told


# --- contributors -----------------------------------------------------------------------------------------------------


def test_contributors_see_what_was_spent_and_may_cap_it(scene: Scene) -> None:
    """By period and in all, in rho; a cap is signed, and shows from then on."""
    theirs = scene.line(scene.one)
    scene.private().count(rho="0.002")
    (before,) = [one for one in theirs.spent() if one["standard"] == ENERGY]
    assert (before["standard"], before["cap"], before["left_out"]) == (ENERGY, None, [])
    assert Decimal(before["life"]) == Decimal(before["periods"][PERIOD]) > 0
    assert theirs.cap(ENERGY, "0.5")["index"] > 0
    assert [one["cap"] for one in theirs.spent() if one["standard"] == ENERGY] == ["0.5"]
    theirs.cap(ENERGY, None)
    assert {one["cap"] for one in theirs.spent()} == {None}
    for wrong in ("much", "0.0000001", -1, "Infinity"):
        with pytest.raises(Invalid, match=r"client\.rho-wrong"):
            theirs.cap(ENERGY, wrong)


# --- as JSON ----------------------------------------------------------------------------------------------------------


def test_questions_and_answers_are_what_their_schema_says(scene: Scene) -> None:
    """It is published, and holds for a real question, preview and answer; for every kind of value."""
    assert scene.dam.ask("GET", "/api/answers/schema").json() == SCHEMA
    for more in (
        {"by": ["region"]},
        {"aggregate": "quantiles", "column": "energy", "at": ["0.5"]},
        {"aggregate": "histogram", "column": "energy", "edges": ["0", "60", "120"]},
        {"aggregate": "distinct", "by": ["plant"]},
        {"aggregate": "mean", "column": "energy", "where": [NORTH]},
    ):
        sent = {**QUESTION, **more}
        assert valid("question", sent)
        if more.get("aggregate") == "histogram":
            sent["edges"] = ["0", "50", "100"]
        assert valid("preview", scene.post("/api/answers/preview", sent).json())
        answer = scene.post("/api/answers", sent)
        assert answer.status_code == 201
        assert valid("answer", answer.json())


@pytest.mark.parametrize(
    ("path", "sent", "code"),
    [
        ("/api/answers", [], "private.not-a-text"),
        ("/api/answers", {"standard": "no.such"}, "standard.unknown"),
        ("/api/answers", {**QUESTION, "where": [{}] * 1000}, "private.too-many"),
        ("/api/answers", {**QUESTION, "sql": "select"}, "private.field-unknown"),
        ("/api/answers/preview", 3, "private.not-a-text"),
        ("/api/answers/preview", {"standard": 3}, "private.not-a-text"),
        ("/api/answers/preview", {**QUESTION, "standard": "test.reading"}, "private.no-answers"),
        ("/api/answers/preview", {**QUESTION, "rho": "0"}, "private.rho-range"),
    ],
)
def test_what_is_no_question_is_refused_and_costs_nothing(scene: Scene, path: str, sent: object, code: str) -> None:
    """Each by its own code, as problem details."""
    before = scene.charges()
    answer = scene.post(path, sent)
    assert (answer.status_code in {400, 404}, answer.json()["code"]) == (True, code)
    assert scene.charges() == before


def test_malformed_json_is_refused(scene: Scene) -> None:
    """Neither half a document nor one nested a thousand deep is read."""
    token = scene.dam.token(scene.asker)
    for text in (b"{", b"[" * 1000 + b"]" * 1000, b'{"rho": NaN}', b""):
        for path in ("/api/answers", "/api/answers/preview"):
            answer = scene.dam.ask("POST", path, token, content=text)
            assert answer.status_code == 400, text


def test_what_may_be_asked_is_public(scene: Scene) -> None:
    """Columns, periods and what is left, coarsely; dummy rows as CSV, the same for everybody."""
    told = scene.dam.ask("GET", f"/api/reservoirs/{ENERGY}/questions").json()
    assert (told["open"], told["unit"], told["keys"]["region"]) == ([PERIOD], "firm", 2)
    assert told["left"]["yours"] == "1"
    given = scene.dam.ask("GET", f"/api/reservoirs/{ENERGY}/dummy?rows=7&seed=3").text
    rows = list(csv.DictReader(io.StringIO(given)))
    assert len(rows) == 7
    assert {"unit", "region", "sector", "energy"} <= set(rows[0])
    assert scene.line().dummy_rows(ENERGY, 7, seed=3) == given
    for wrong in ("rows=0", "rows=1000000000"):
        assert scene.dam.ask("GET", f"/api/reservoirs/{ENERGY}/dummy?{wrong}").status_code == 400
    assert scene.dam.ask("GET", "/api/reservoirs/test.reading/questions").status_code == 400


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("takes", "ends"), [(0.0, 0.0), (0.03, 0.1), (0.1, 0.1), (0.13, 0.2)])
def test_a_reply_waits_for_the_next_step(takes: float, ends: float) -> None:
    """However long the work took, and whether it ended well: the reply goes at a multiple of the quantum."""
    now, slept = [5.0], []

    async def work() -> str:
        now[0] += takes
        return "told"

    async def fails() -> str:
        now[0] += takes
        raise Refused("private.no-answer")

    async def both() -> None:
        assert await held_back(work, 0.1, clock=lambda: now[0]) == "told"
        slept.append(now[0])
        with pytest.raises(Refused):
            await held_back(fails, 0.1, clock=lambda: now[0])

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datadam.edges.private.anyio.sleep", sleep)
        anyio.run(both)
    assert slept[0] - 5 == pytest.approx(ends, abs=1e-9)
    assert now[0] - slept[0] == pytest.approx(ends, abs=1e-9)


def test_fresh_and_stored_answers_take_whole_steps(tmp_path: Path) -> None:
    """On a real server with steps of half a second: neither is there before the first is over."""
    with serving(tmp_path / "dam", answer_quantum_ms=500) as dam:
        made = Scene(dam)
        for _ in range(2):
            token, started = dam.token(made.asker), time.monotonic()
            assert dam.ask("POST", "/api/answers", token, json=QUESTION).status_code == 201
            assert time.monotonic() - started >= 0.5


def test_without_a_quantum_nothing_waits() -> None:
    """An operator may set it to 0."""

    async def work() -> str:
        return "told"

    assert anyio.run(held_back, work, 0.0) == "told"


def test_dummy_rows_follow_from_the_standard_alone(scene: Scene) -> None:
    """The same seed gives the same rows, another other ones; every value is one that a row could hold."""
    asked = scene.private()
    made = list(dummy.rows(asked.standard, asked.recipe, 300, seed=1))
    assert made == list(dummy.rows(asked.standard, asked.recipe, 300, seed=1))
    assert made != list(dummy.rows(asked.standard, asked.recipe, 300, seed=2))
    for row in made:
        assert all(row[name] in keys for name, keys in asked.recipe.keys.items())


# --- on the command line ----------------------------------------------------------------------------------------------


def test_the_same_on_the_command_line(scene: Scene, machine: Machine) -> None:
    """Asked, foretold, tried on dummy rows, as a table and as JSON, in both languages; what it cost, and a cap."""
    Path("asker.key").write_text(json.dumps(scene.asker.key), encoding="utf-8")
    Path("one.key").write_text(json.dumps(scene.one.key), encoding="utf-8")
    reached = ("--url", scene.dam.url, "--key", "asker.key")
    told = machine("ask", ENERGY, "count", "--by", "region", "--where", "energy>=10", "--rho", "0.0021", *reached).out
    assert {"region", "north", "south", "rho 0.0021"} <= set(re.findall(r"region|north|south|rho 0\.0021", told))
    assert "tenths" in told
    again = machine("ask", ENERGY, "count", "--by", "region", "--where", "energy>=10", "--rho", "0.0021", *reached).out
    assert "nothing was charged" in again
    before = scene.charges()
    foretold = ("ask", ENERGY, "mean", "energy", "--where", "sector=food,steel", "--preview", *reached)
    assert "95 %" in machine(*foretold).out
    assert valid("preview", json.loads(machine(*foretold, "--json").out))
    tried = ("ask", ENERGY, "quantiles", "energy", "--at", "0.5", "--at", "0.9", "--dummy", *reached)
    assert "nobody's" in machine(*tried).out
    rows = json.loads(machine(*tried, "--json").out)["rows"]
    assert [row["at"] for row in rows] == ["0.5", "0.9"]
    binned = ("ask", ENERGY, "histogram", "energy", "--edge", "0", "--edge", "50", "--edge", "100", "--dummy")
    assert "0 … 50" in machine(*binned, *reached).out
    assert json.loads(machine(*binned, "--json", *reached).out)["rows"][0]["bin"] == ["0", "50"]
    assert "energy" in machine("dummy", ENERGY, "--rows", 3, "--url", scene.dam.url).out
    assert "3 rows" in machine("dummy", ENERGY, "--rows", 3, "--into", "d.csv", "--url", scene.dam.url).out
    assert len(Path("d.csv").read_text(encoding="utf-8").splitlines()) == 4
    machine("dummy", ENERGY, "--into", "d.csv", "--url", scene.dam.url, code=3)
    machine("ask", ENERGY, "count", "--where", "energy!3", *reached, code=2)
    assert scene.charges() == before
    mine = ("--url", scene.dam.url, "--key", "one.key")
    assert PERIOD in machine("spent", *mine).out
    assert ENERGY in {one["standard"] for one in json.loads(machine("spent", "--json", *mine).out)}
    assert "rho 0.4" in machine("cap", ENERGY, "--rho", "0.4", *mine).out
    assert "no cap" in machine("cap", ENERGY, "--none", *mine).out
    machine("cap", ENERGY, *mine, code=2)


def test_the_operator_asks_on_its_reserve(scene: Scene, machine: Machine) -> None:
    """Over the running server's socket; its questions are charged too, and members' shares are not."""
    before = scene.private().info()["left"]["yours"]
    asked = ("ask", ENERGY, "count", "--by", "region", "--where", "sector=food", "--where", "energy<=90")
    paid = ("--period", PERIOD, "--rho", "0.005", "--dam", scene.dam.folder)
    assert "north" in machine(*asked, *paid).out
    assert json.loads(machine(*asked, *paid, "--json").out)["stored"]
    assert "3" in machine("ask", ENERGY, "distinct", "--by", "sector", "--dam", scene.dam.folder).out
    assert scene.private().info()["left"]["yours"] == before
    machine("ask", ENERGY, "count", "--period", PERIOD, "--rho", "0.5", "--dam", scene.dam.folder, code=3)


def test_the_operator_tries_for_nothing(scene: Scene, machine: Machine) -> None:
    """A preview is none of the reserve, and needs no period that is open; dummy rows are for members."""
    before = len(charge.of(scene.dam.world, ENERGY))
    for reservoir in (ENERGY, QUIET):
        of = (reservoir, "count", "--by", "region", "--dam", scene.dam.folder)
        assert "2" in machine("ask", *of, "--preview").out
        assert json.loads(machine("ask", *of, "--preview", "--json").out)["cells"] == 2
        machine("ask", *of, "--dummy", code=2)
    assert "--preview" in machine("ask", QUIET, "count", "--dam", scene.dam.folder, code=2).error
    assert len(charge.of(scene.dam.world, ENERGY)) == before
