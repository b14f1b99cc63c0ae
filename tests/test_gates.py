"""Gates over rows in a whole dam: when a reservoir opens, what a share leaves out, and that nothing tells of it."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from datadam import seal
from datadam.cli import gates as gate_commands
from datadam.dam import edition, gates, grant, pool, publish, release, withdraw
from datadam.dam.world import World
from datadam.edges import gate_verbs, operator
from datadam.errors import Refused
from datadam.model import Kind, Share
from served import serving
from test_no_oracle import MINE, OTHERS, files_read, worked
from worlds import Person, a_world, fit_of, forward, rebuilds, refused, standard_text

ID = "test.reading"
REGION = """\
      - name: region
        businessName: Region
        description: Where the meter stands.
        logicalType: string
        logicalTypeOptions: {maxLength: 20}
        required: true
        classification: business
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 지역}}
          - {vendor: datadam, property: descriptions, value: {ko: 계량기가 있는 지역입니다.}}
"""
GROUPS = "{contributors: 2, units: 2, identifying: [region]}"


def gated(gate: str, *, period: str = "month", **changes: str) -> str:
    """The small test standard with a region and gates."""
    ours = (
        f"  - {{vendor: datadam, property: gates, value: {gate}}}\n"
        f"  - {{vendor: datadam, property: bounds, value: {{unit: contributor, period: {period}}}}}\n"
    )
    text = standard_text(**changes)
    return text.replace("schema:\n", ours + "schema:\n") + REGION


def a_dam(
    tmp_path: Path, gate: str = GROUPS, *, names: str = "ABCDE", **changes: str
) -> tuple[World, Person, dict[str, Person]]:
    """A dam with a gated reservoir, a reader who may have its rows, and contributors."""
    world = a_world(tmp_path)
    publish.publish(world, gated(gate, **changes))
    reader = Person("Reader").joins(world)
    grant.grant(world, reader.id, ID)
    return world, reader, {name: Person(name).joins(world) for name in names}


def csv(*rows: str) -> bytes:
    """Rows of meter, amount and region, as `A1 5 north`."""
    return ("meter,amount,region\n" + "".join(row.replace(" ", ",") + "\n" for row in rows)).encode()


def gives(world: World, person: Person, *rows: str) -> str:
    """A deposit that is admitted, a minute later than what came before."""
    forward(world, minutes=1)
    job = person.deposits(world, ID, csv(*rows))
    assert job.stage == "committed"
    return str(job.id)


def takes_back(world: World, person: Person, *deposits: str) -> None:
    """A withdrawal, a minute later than what came before."""
    forward(world, minutes=1)
    facts = {"contributor": person.id, "deposits": list(deposits), "replaced_by": None, "reason": "ended"}
    withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


def next_month(world: World) -> None:
    """The running period is over."""
    forward(world, days=31)


def seen(world: World, reader: Person, id: str = ID) -> list[str]:
    """What a reader has of a reservoir, as `A1 5 north`."""
    share = release.open_share(world, reader.caller, id)
    return sorted(f"{m} {a} {r}" for m, a, r in rows_of(world, share).select("meter", "amount", "region").rows())


def rows_of(world: World, share: Share) -> pl.DataFrame:
    """The rows of a share."""
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(one["name"])) for one in share.files]
    frames = [pl.read_parquet(path) for path in paths]
    return pl.concat(frames) if frames else pl.DataFrame(schema=["meter", "amount", "region"])


# --- when it opens ----------------------------------------------------------------------------------------------------


def test_a_reservoir_opens_when_a_period_is_over_and_had_enough_contributors(tmp_path: Path) -> None:
    """Before, how many are needed, how many there are and when the period ends; the running one's rows stay in."""
    world, reader, who = a_dam(tmp_path, "{contributors: 2}")
    gives(world, who["A"], "A1 1 north")
    no = refused("gate.not-open", lambda: release.open_share(world, reader.caller, ID))
    assert (no.facts["needed"], no.facts["contributors"], no.facts["ends"]) == (2, 1, "2026-12-01T00:00:00Z")
    gives(world, who["A"], "A2 2 north")
    gives(world, who["B"], "B1 3 south")
    assert refused("gate.not-open", lambda: seen(world, reader)).facts["contributors"] == 2
    next_month(world)
    gives(world, who["C"], "C1 4 south")
    assert seen(world, reader) == ["A1 1 north", "A2 2 north", "B1 3 south"]
    next_month(world)
    assert len(seen(world, reader)) == 3  # one contributor more is too few to be told from the last snapshot
    gives(world, who["A"], "A1 9 north")
    next_month(world)
    assert seen(world, reader) == ["A1 9 north", "A2 2 north", "B1 3 south", "C1 4 south"]


def test_one_that_left_closes_the_period_that_it_opened(tmp_path: Path) -> None:
    """With too few left its rows go at once, and come back with enough new ones, never with one alone."""
    world, reader, who = a_dam(tmp_path, "{contributors: 2}")
    gives(world, who["A"], "A1 1 north")
    mine = gives(world, who["B"], "B1 2 north")
    next_month(world)
    assert len(seen(world, reader)) == 2
    takes_back(world, who["B"], mine)
    assert refused("gate.not-open", lambda: seen(world, reader)).facts["contributors"] == 1
    gives(world, who["C"], "C1 3 north")
    next_month(world)
    refused("gate.not-open", lambda: seen(world, reader))  # who has the first copy would know C's
    gives(world, who["D"], "D1 4 north")
    next_month(world)
    assert seen(world, reader) == ["A1 1 north", "C1 3 north", "D1 4 north"]
    withdraw.purge(world, withdraw.pending(world)[0])
    assert seen(world, reader) == ["A1 1 north", "C1 3 north", "D1 4 north"]
    rebuilds(world)


def test_where_the_contributor_is_not_told_a_batch_is_the_least(tmp_path: Path) -> None:
    """A gate that asks for fewer than a batch has asks for a batch."""
    world, reader, who = a_dam(tmp_path, "{contributors: 2}", attribution="none")
    for name in "AB":
        gives(world, who[name], f"{name}1 1 north")
    next_month(world)
    assert refused("gate.not-open", lambda: seen(world, reader)).facts["needed"] == 3
    gives(world, who["C"], "C1 1 north")
    next_month(world)
    assert len(seen(world, reader)) == 3


# --- which groups leave -----------------------------------------------------------------------------------------------


def test_groups_that_do_not_hold_are_left_out_and_nothing_tells_of_them(tmp_path: Path) -> None:
    """The share is the same, but for its random names, as that of a dam into which such rows never came."""
    shares = {}
    small = {"a dam with small groups": ("A9 1 remote", "B9 1 lonely"), "one without": ("A9 1 north", "B9 1 north")}
    for name, rows in small.items():
        world, reader, who = a_dam(tmp_path / name[:5])
        gives(world, who["A"], "A1 1 north", *(rows[:1] if "small" in name else ()))
        gives(world, who["B"], "B1 2 north", *(rows[1:] if "small" in name else ()))
        next_month(world)
        share = release.open_share(world, reader.caller, ID)
        told = [{k: v for k, v in one.items() if k not in {"name", "digest", "size"}} for one in share.files]
        shares[name] = (seen(world, reader), share.rows, share.schema, told, share.version, len(share.deposits))
    one, other = shares.values()
    assert one == other


def test_a_group_leaves_at_once_when_it_falls_below_k(tmp_path: Path) -> None:
    """A withdrawal takes the others of its group with it, out of the share and the addresses there are."""
    world, reader, who = a_dam(tmp_path)
    gives(world, who["A"], "A1 1 north", "A2 1 south")
    gives(world, who["B"], "B1 2 north", "B2 2 south")
    mine = gives(world, who["C"], "C1 3 south")
    more = gives(world, who["B"], "B3 2 south")
    next_month(world)
    share = release.open_share(world, reader.caller, ID)
    assert len(rows_of(world, share)) == 6
    takes_back(world, who["C"], mine)
    assert not any(one.files for one in held(world))
    assert seen(world, reader) == ["A1 1 north", "A2 1 south", "B1 2 north", "B2 2 south", "B3 2 south"]
    takes_back(world, who["B"], more)
    assert len(seen(world, reader)) == 4
    assert release.open_share(world, reader.caller, ID).version == 2


def held(world: World) -> Iterable[Share]:
    """The shares that there are."""
    with world.store.read() as rows:
        return rows.find(Share)


def test_a_group_grows_by_k_contributors_or_not_at_all(tmp_path: Path) -> None:
    """One more of a group waits, while the reservoir goes on; two of it come together."""
    world, reader, who = a_dam(tmp_path)
    for name in "AB":
        gives(world, who[name], f"{name}1 1 north", f"{name}2 1 south")
    next_month(world)
    assert len(seen(world, reader)) == 4
    gives(world, who["C"], "C1 3 north", "C2 3 south")
    gives(world, who["D"], "D1 4 south")
    next_month(world)
    assert [row for row in seen(world, reader) if row[0] in "CD"] == ["C2 3 south", "D1 4 south"]
    gives(world, who["D"], "D2 4 north")
    gives(world, who["E"], "E1 5 remote")
    next_month(world)
    assert [row for row in seen(world, reader) if row[0] in "CDE"] == [
        "C1 3 north",
        "C2 3 south",
        "D1 4 south",
        "D2 4 north",
    ]


def test_an_edition_holds_to_the_gates(tmp_path: Path) -> None:
    """Nothing of a running period is frozen; groups are those of the reservoir, and fall with it."""
    world, reader, who = a_dam(tmp_path)
    gives(world, who["A"], "A1 1 north", "A2 1 remote")
    mine = gives(world, who["B"], "B1 2 north")
    with pytest.raises(Refused, match=r"edition\.empty"):
        edition.freeze(world, f"{ID}@early")
    next_month(world)
    gives(world, who["C"], "A1 9 north", "C1 9 remote")
    edition.freeze(world, f"{ID}@one")
    assert seen(world, reader, f"{ID}@one") == ["A1 1 north", "B1 2 north"]
    next_month(world)
    gives(world, who["D"], "D1 4 north")
    assert seen(world, reader, f"{ID}@one") == ["A1 1 north", "B1 2 north"]
    takes_back(world, who["B"], mine)
    refused("gate.not-open", lambda: seen(world, reader, f"{ID}@one"))
    withdraw.purge(world, withdraw.pending(world)[0])
    refused("gate.not-open", lambda: seen(world, reader, f"{ID}@one"))


def test_rows_by_groups_need_no_contributors_gate(tmp_path: Path) -> None:
    """Without one a period opens with what batches ask for."""
    world, reader, who = a_dam(tmp_path, "{units: 2, identifying: [region]}", period="day")
    gives(world, who["A"], "A1 1 north")
    refused("gate.not-open", lambda: seen(world, reader))
    forward(world, days=1)
    assert seen(world, reader) == []
    gives(world, who["B"], "B1 1 north")
    forward(world, days=1)
    assert len(seen(world, reader)) == 2


# --- nobody who deposits hears of it ----------------------------------------------------------------------------------


def test_a_depositor_hears_the_same_whatever_groups_others_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dams that differ in others' rows alone: every call of every port, in order, and every file that is opened."""
    me, other = Person("Me"), Person("Other")
    found, manifests = [], list[bytes]()
    for name, files in OTHERS.items():
        world = a_world(tmp_path / name[:3])
        text = gated("{contributors: 2, units: 2, identifying: [amount]}")
        publish.publish(world, text.replace(REGION, ""))
        for person in (me, other):
            person.joins(world)
        for data in files:
            assert other.deposits(world, ID, data).stage == "committed"
            next_month(world)
        manifests = manifests or [seal.envelope(me.manifest(fit_of(world, ID, data), data)) for data in MINE]
        with files_read(monkeypatch) as read:
            found.append((worked(world, me, manifests, MINE), sorted(read)))
    assert len(found[0][0]) > 50
    assert found[1:] == found[:1] * (len(found) - 1)


def test_what_a_reservoir_waits_for_is_public(tmp_path: Path) -> None:
    """How many are needed, how many are there with something new, and until when the period runs."""
    world, _, who = a_dam(tmp_path, "{contributors: 2}")
    of = pool.find(world, ID)
    assert gates.public(world, of) == gates.Waiting(needed=2, there=0, open=False, ends="2026-12-01T00:00:00Z")
    gives(world, who["A"], "A1 1 north")
    gives(world, who["B"], "B1 1 north")
    next_month(world)
    gives(world, who["B"], "B2 1 north")
    assert gates.public(world, of) == gates.Waiting(needed=2, there=1, open=True, ends="2027-01-01T00:00:00Z")


# --- how coarse they would have to be ---------------------------------------------------------------------------------


def test_a_coarser_column_is_proposed_with_what_it_loses(tmp_path: Path) -> None:
    """The operator's verb: the least that must go, or the rows that stay suppressed otherwise."""
    world, _, who = a_dam(tmp_path)
    gives(world, who["A"], "A1 1 north", "A2 1 remote")
    gives(world, who["B"], "B1 2 north", "B2 2 south")
    next_month(world)
    assert perform(world, {"standard": ID}) == [{"columns": {"region": "drop"}, "suppressed": "0.000000"}]
    assert perform(world, {"standard": ID, "most": "0.5"}) == [{"columns": {}, "suppressed": "0.500000"}]
    for wrong in ("1", "-0.1", "NaN", "many", "1e999999999"):
        refused("gate.share-wrong", lambda wrong=wrong: perform(world, {"standard": ID, "most": wrong}))  # type: ignore[misc]  # a bound default


def test_where_no_groups_are_judged_none_are_looked_at(tmp_path: Path) -> None:
    """Nor is anything told of the rows of a tier that gives none."""
    world, _, _ = a_dam(tmp_path, "{contributors: 2}")
    refused("gate.no-groups", lambda: perform(world, {"standard": ID}))
    assert gate_verbs.of_reservoir(world, ID) == {
        "declared": "contributors 2",
        "needed": 2,
        "there": 0,
        "open": False,
        "ends": "2026-12-01T00:00:00Z",
    }
    publish.publish(world, standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other"))
    assert gate_verbs.of_reservoir(world, "test.other") is None


def perform(world: World, args: dict[str, str]) -> object:
    """The operator's verb."""
    return operator.perform(world, "suggest-coarser", args, check=lambda: pytest.fail("nothing is checked"))["items"]


def test_a_sample_tells_how_coarse_a_draft_must_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a steward's own machine, from a draft and a file of rows; a draft without such gates is refused."""
    draft, sample = tmp_path / "draft.yaml", tmp_path / "sample.csv"
    draft.write_text(gated(GROUPS), encoding="utf-8")
    sample.write_bytes(csv("A1 1 north", "A2 2 north", "A3 3 remote"))
    gate_commands.standard_coarsen(draft, sample=sample)
    out = capsys.readouterr().out
    assert "region: drop" in out
    assert "0.00%" in out
    gate_commands.standard_coarsen(draft, sample=sample, suppress="0.4")
    assert "33.33%" in capsys.readouterr().out
    draft.write_text(gated("{contributors: 2, units: 50, identifying: [region]}"), encoding="utf-8")
    gate_commands.standard_coarsen(draft, sample=sample)
    assert "%" not in capsys.readouterr().out
    draft.write_text(gated("{contributors: 2}"), encoding="utf-8")
    refused("gate.no-groups", lambda: gate_commands.standard_coarsen(draft, sample=sample))
    draft.write_text(gated("{units: 2}"), encoding="utf-8")
    refused("standard.faulty", lambda: gate_commands.standard_coarsen(draft, sample=sample))


def test_a_reservoir_says_what_it_waits_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To anybody, over HTTP; how coarse it must be only to who has the folder."""
    with serving(tmp_path / "dam") as dam:
        publish.publish(dam.world, gated(GROUPS))
        publish.publish(dam.world, standard_text().replace("test.reading", "test.other").replace("test_r", "test_o"))
        gate_commands.gates_show(ID, url=dam.url)
        out = capsys.readouterr().out
        assert "units 2" in out
        assert "not open yet" in out
        gate_commands.gates_show("test.other", url=dam.url)
        assert "no gate" in capsys.readouterr().out
        gate_commands.gates_suggest(ID, dam=tmp_path / "dam")
        assert "as it is" in capsys.readouterr().out
