"""Acts one and two: makers that look diversified depend on one deep supplier: found, and shown to a ministry."""

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta

from datadam import ledger
from datadam.client.rounds import SupplierList
from datadam.model import instant
from datadam.rounds import Role
from demo.cast import DATA
from demo.shell import ROOT, indent, must
from drill import cast, lists
from drill.cast import COPPER, MINERALS, MINISTRY, NOEUL, SEOUL
from drill.scene import REFUSED, Scene
from drill.story import Place, Told, Word

PURPOSE = "supply-chain-resilience"


def prepare(scene: Scene) -> None:
    """Each firm makes its list from its own file, at home."""
    scene.story.chapter("diversified")
    makers = [one for one in lists.LISTS if one.maker]
    overlaps = [one.buys_from & other.buys_from for one in makers for other in makers if one is not other]
    must(not any(overlaps), "the makers do not look diversified")
    for name, held in lists.SUPPLIERS.items():
        for who in held:
            scene.sites[name].joins(who, scene.shell(who), typed=False)
    for one in lists.LISTS:
        one.write(scene.shell(one.who).home)
        given = ("--drop", one.header[1], "--set", "as_of:=2026-11-01", "--yes")
        words = ("datadam", "match", "list", one.file, *given, *scene.at(one.home))
        scene.shell(one.who).type(*words, lines=slice(-2, -1))
    scene.story.fact("diversified", suppliers=len(frozenset[str]().union(*(one.buys_from for one in makers))))


def search(scene: Scene) -> None:
    """A round over both dams, and what it cost."""
    scene.story.chapter("hidden")
    plan = scene.folder / "plan.json"
    plan.write_text(json.dumps(lists.PLAN), encoding="utf-8")
    before = _Spent(scene)
    for site, other in ((scene.seoul, scene.washington), (scene.washington, scene.seoul)):
        words = ("datadam", "match", "open", other.origin, str(plan), "--closes", lists.CLOSES)
        site.operator.type(*words, lines=slice(1))
    files = _bags(scene)
    began = time.monotonic()
    for site in scene.sites.values():
        site.operator.type("datadam", "match", "run", lists.PERIOD, lines=slice(1))
    scene.until(lambda: _over(scene), "the round is over")
    seconds = time.monotonic() - began
    _results(scene)
    scene.story.fact("hidden")
    between, dams, members = _Spent(scene).since(before)
    facts = {"seconds": f"{seconds:.0f}", "files": f"{files:,}", "between": f"{between:,}"}
    scene.story.fact("cost", **facts, dams=f"{dams:.1f}", members=f"{members:.1f}")


class _Spent:
    """What was said between the dams and worked so far."""

    def __init__(self, scene: Scene) -> None:
        self.between = sum(site.relay.passed for site in scene.sites.values())
        self.dams = sum(site.worked or 0.0 for site in scene.sites.values())
        now = os.times()
        self.members = now.user + now.system + now.children_user + now.children_system

    def since(self, before: "_Spent") -> tuple[int, float, float]:
        return self.between - before.between, self.dams - before.dams, self.members - before.members


def _bags(scene: Scene) -> int:
    """Everybody commits; bags go from supplier to customer, as files and outside any dam; makers hand theirs in.

    Gives how many bytes went from firm to firm.
    """
    with scene.reach(NOEUL, scene.seoul) as dam:
        (this,) = dam.rounds()
    id, held, size = str(this["round"]), {one.who: one for one in lists.LISTS}, 0
    for one in lists.LISTS:
        if one.maker:
            words = ("datadam", "match", "commit", lists.PERIOD, "suppliers.list", "--as", "maker")
            scene.shell(one.who).type(*words, *scene.at(one.home))
        else:
            with scene.reach(one.who, scene.sites[one.home]) as dam:
                dam.commit_list(id, _list(scene, one), Role.SUPPLIER)
    for giver, taker in lists.PASSED:
        into = scene.shell(taker).home / f"{giver.handle}.bag"
        received = [path.read_bytes() for path in scene.shell(giver).home.glob("*.bag")]
        with scene.reach(giver, scene.sites[held[giver].home]) as dam:
            size += into.write_bytes(dam.make_bag(id, _list(scene, held[giver]), received))
    indent(f"{len(lists.PASSED)} encrypted files went from supplier to customer, outside any dam.")
    for one in lists.LISTS:
        if one.maker:
            bags = [word for path in scene.shell(one.who).home.glob("*.bag") for word in ("--from", path.name)]
            hand_in = ("datadam", "match", "hand-in", lists.PERIOD, "suppliers.list", *bags)
            scene.shell(one.who).type(*hand_in, *scene.at(one.home))
    return size


def _list(scene: Scene, one: lists.List) -> SupplierList:
    return SupplierList.read(scene.shell(one.who).home / "suppliers.list")


def _over(scene: Scene) -> bool:
    with scene.reach(NOEUL, scene.seoul) as dam, scene.reach(COPPER, scene.washington) as other:
        return all(this["state"] not in {"open", "running"} for here in (dam, other) for this in here.rounds())


def _results(scene: Scene) -> None:
    """What each maker reads; nobody else reads anything."""
    for one in lists.LISTS:
        words = ("datadam", "match", "result", lists.PERIOD, *scene.at(one.home))
        if not one.maker:
            done = scene.shell(one.who).run(*words)
            must(done.returncode == REFUSED, f"{one.who.handle} reads {done.stdout}")
            continue
        scene.shell(one.who).type(*words, "--to", "shown.json", lines=slice(None, -1))
        done = scene.shell(one.who).run(*words, "--json")
        must(json.loads(done.stdout) == lists.EXPECTED[one.who], f"{one.who.handle} reads {done.stdout}")


# --- shown to a ministry ----------------------------------------------------------------------------------------------


def show(scene: Scene) -> None:
    """A ministry reads it by an agreement that every maker signed; without it, or with two of three, it is refused."""
    scene.story.chapter("ministry")
    shell, here = scene.shell(MINISTRY), scene.at(SEOUL)
    see = ("datadam", "match", "see", lists.PERIOD)
    refused = [shell.type(*see, *here, expect=REFUSED).stderr]
    until = instant(datetime.now(UTC) + timedelta(days=30))
    shell.type("datadam", "match", "ask-to-see", lists.PERIOD, "--purpose", PURPOSE, "--until", until, *here)
    makers = [one for one in lists.LISTS if one.maker]
    for signed, one in enumerate(makers):
        if signed:
            refused.append(shell.type(*see, *here, expect=REFUSED).stderr)
            must(f"{signed} of the {len(makers)}" in refused[-1], "the ministry is not told how many signed")
        maker = scene.shell(one.who)
        if not signed:
            maker.type("datadam", "match", "asked", lists.PERIOD, *here)
        with scene.reach(one.who, scene.seoul) as dam:
            (asked,) = dam.showings(_round(scene))
        maker.type("datadam", "match", "let-see", asked["showing"][:12], "shown.json", *here)
    scene.story.fact("refused", times=len(refused))
    done = shell.type(*see, "--to", "seen.json", *here)
    ids = {scene.reach(one.who, scene.sites[one.home]).member for one in lists.LISTS}
    must(not any(str(id) in done.stdout for id in ids), "the ministry reads who shares it")
    told = json.loads(shell.run(*see, "--json", *here).stdout)
    must(told == lists.FOUND, f"the ministry reads {told}")
    ledger.verify_receipt((shell.home / "seen.json").read_bytes(), vkey=scene.seoul.vkey)
    for one in told:
        scene.story.fact("shown", **{**one, "country": Place(str(one["country"]))})
    scene.story.fact("unseen")


def _round(scene: Scene) -> str:
    with scene.reach(NOEUL, scene.seoul) as dam:
        (this,) = dam.rounds()
        return str(this["round"])


# --- who else could deliver -------------------------------------------------------------------------------------------


def look_elsewhere(scene: Scene) -> None:
    """Open statistics of both dams: other countries of the same stage, by how much they produce."""
    scene.story.chapter("alternatives")
    for who, home, file, given in cast.STATISTICS:
        shell = scene.shell(who)
        shutil.copyfile(DATA / file, shell.home / file)
        words = ("datadam", "deposit", file, "--standard", MINERALS, *given, "--yes", *scene.at(home))
        shell.type(*words, lines=slice(-3, -1))
    shell = scene.shell(MINISTRY)
    shutil.copyfile(ROOT / "drill" / "alternatives.py", shell.home / "alternatives.py")
    found_country = str(lists.FOUND[0]["country"])
    shell.type("python", "alternatives.py", scene.seoul.url, "firm.key", "graphite", found_country)
    found = json.loads((shell.home / "alternatives.json").read_text(encoding="utf-8"))
    must(found["dams"] == sorted(cast.ORIGINS.values()) and not found["missing"], "a dam's part is missing")
    for stage in ("refining", "mining"):
        held, year = found[stage]["bands"], found[stage]["year"]
        must(any(held.values()) and not any(found_country in one for one in held.values()), "there is nobody else")
        bands = [
            Told(f"band_{band}", {"countries": [Place(one) for one in countries]})
            for band, countries in held.items()
            if countries
        ]
        scene.story.fact("others", stage=Word(stage), year=year, bands=bands)
    scene.story.fact("sources", country=Place(found_country))
