"""Act three: reports of two countries corroborate one another and protect a firm of a third, as was agreed."""

import json
from datetime import UTC, datetime

from demo.cast import Person
from demo.shell import must
from drill import cast, lists
from drill.cast import CERT, COPPER, KEPT, MESA, NAME, SEOUL, SHARED, VULNERABILITIES, WASHINGTON, YAMABIKO
from drill.scene import REFUSED, Scene
from drill.site import Site

SCORED = 3  # lines of the list that is shown


def report(scene: Scene) -> None:
    """Indicators in two layouts and languages, each in its own country's dam; readers sign the terms."""
    scene.story.chapter("sightings")
    for watch in cast.WATCHES:
        shell = scene.shell(watch.who)
        (shell.home / watch.file).write_text(watch.text(datetime.now(UTC)), encoding="utf-8")
        words = ("datadam", "deposit", watch.file, "--standard", SHARED, "--yes", *scene.at(watch.home))
        shell.type(*words, lines=slice(-3, -1))
    for who, site in ((YAMABIKO, scene.seoul), (YAMABIKO, scene.washington), (COPPER, scene.washington)):
        _agree(scene, who, site, "security")
    _agree(scene, MESA, scene.seoul, "research", "model-training")
    for site, watch in zip(scene.sites.values(), cast.WATCHES, strict=True):
        rows = scene.reach(YAMABIKO, site).open(SHARED).to_polars()
        must(len(rows) == len(watch.rows()), f"{len(rows)} rows in {site.name}")
    scene.get(COPPER, scene.seoul, expect=REFUSED)
    scene.story.fact("readers")


def _agree(scene: Scene, who: Person, site: Site, *purposes: str) -> None:
    wanted = [word for one in purposes for word in ("--purpose", one)]
    words = ("datadam", "agree", SHARED, *wanted, "--to", who.jurisdiction, "--yes")
    scene.shell(who).type(*words, *scene.at(site.name), lines=slice(-1, None))


def warn(scene: Scene) -> None:
    """One name, seen in both countries, becomes a rule of a third firm's intrusion detection."""
    scene.story.chapter("warning")
    shell, everywhere = scene.shell(YAMABIKO), f"{SHARED}@all"
    show = ("datadam", "indicators", "show", everywhere, "--top", str(SCORED), *scene.at(SEOUL))
    shown = shell.type(*show)
    must("2 organisations, 2 countries" in " ".join(shown.stdout.split()), "two countries do not corroborate")
    first, *others = json.loads(shell.run(*show, "--json").stdout)
    must(first["value"].replace("[.]", ".") == NAME, "what both saw is not worth most")
    scene.story.fact("corroborated", score=first["score"], alone=max(one["score"] for one in others))
    export = ("datadam", "indicators", "export", everywhere, *scene.at(SEOUL))
    shell.type(*export, "--format", "suricata", "--audience", "own", "--into", "drill.rules")
    rules = (shell.home / "drill.rules").read_text(encoding="utf-8")
    must(NAME in rules and KEPT in rules, "the rules lack what was reported")
    shell.type(*export, "--audience", "public", "--into", "public.txt")
    public = (shell.home / "public.txt").read_text(encoding="utf-8")
    must(NAME in public and KEPT not in public, "what is not for the public is in a list for it")
    scene.story.fact("rules", count=sum(line.startswith("alert ") for line in rules.splitlines()))
    _exposed(scene)


def _exposed(scene: Scene) -> None:
    """A catalogue of exploited software, and a list of who runs what that never leaves home."""
    cert, garam = scene.shell(CERT), scene.shell(lists.GARAM)
    (cert.home / "exploited.csv").write_text(cast.CATALOGUE, encoding="utf-8")
    words = ("datadam", "deposit", "exploited.csv", "--standard", VULNERABILITIES, "--yes", *scene.at(WASHINGTON))
    cert.type(*words, lines=slice(-3, -1))
    (garam.home / "uses.csv").write_text(cast.USES, encoding="utf-8")
    told = garam.type("datadam", "indicators", "exposed", f"{VULNERABILITIES}@all", "uses.csv", *scene.at(SEOUL))
    must(cast.SUPPLIER in told.stdout and cast.EXPLOITED in told.stdout, "the supplier is not named")
    scene.story.fact("exposed", cve=cast.EXPLOITED)
