"""The drill: two countries' dams act as one where that was agreed. `python -m drill.run [--folder DIR] [--once]`.

Two dams run as two processes with two folders, two operators' keys and two witnesses. Each step checks what came out;
the first that is not as it should be ends all with exit code 1. At the end there is a bundle of evidence that anybody
can verify, and the story on a page. The folder must be new: a drill begins with nothing.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from datadam import client, texts
from datadam.client.rounds import SupplierList
from datadam.errors import DamError, Refused
from datadam.formats import codelists
from datadam.rounds import Role
from demo.cast import DATA, Person
from demo.shell import ALL, NOTHING, ROOT, Failed, Shell, indent, must
from drill import cast, lists
from drill.cast import AUDITOR, CERT, COPPER, MESA, NOEUL, SEOUL, SHARED, WASHINGTON, YAMABIKO
from drill.site import Site, Witness, together
from drill.story import Story

REFUSED: Final = 3
UNTRUSTED: Final = 5
BUNDLE: Final = "evidence"
SOON: Final = 1.0  # seconds within which an order binds in both dams
PATIENCE: Final = 60.0  # seconds for what comes by itself
POLL: Final = 0.05  # seconds
GROUND: Final = "Fictional Data Emergency Act, Article 12(1)"
SECOND: Final = "Fictional Data Emergency Act, Article 14(2)"


class Drill:
    """The steps, over one folder."""

    def __init__(self, folder: Path) -> None:
        """Play in `folder`, which is new."""
        self.folder = folder
        self.story = Story("Two countries, two dams, one drill")
        self.sites = {name: Site(name, folder / name) for name in (SEOUL, WASHINGTON)}
        self.witnesses = [Witness(name, folder / name) for name in ("north-witness", "south-witness")]
        everybody = [*cast.COUNTRIES.items(), *((name, who) for name, held in cast.MEMBERS.items() for who in held)]
        everybody += [(name, who) for name, held in lists.SUPPLIERS.items() for who in held]
        self.shells = {who.handle: Shell(who.handle, folder / "people" / who.handle) for _, who in everybody}

    @property
    def seoul(self) -> Site:
        """The dam in Korea."""
        return self.sites[SEOUL]

    @property
    def washington(self) -> Site:
        """The dam in the United States."""
        return self.sites[WASHINGTON]

    def reach(self, who: Person, site: Site) -> client.Dam:
        """A dam as somebody sees it."""
        return client.connect(site.url, key=self.shells[who.handle].home / "firm.key")

    # the dams

    def found(self) -> None:
        """Two dams, and two witnesses who watch both."""
        self.story.chapter(
            "Two countries each run a dam",
            "Each has its own machine, folder, keys, operator and law. Two independent witnesses remember how long "
            "each log was, so that nobody can quietly rewrite the past. Every person, firm and office here is made up.",
        )
        for site in self.sites.values():
            site.found()
        with together(*(site.served() for site in self.sites.values())):
            told = [witness.found(*self.sites.values()) for witness in self.witnesses]
        for site in self.sites.values():
            site.set(witnesses=told)

    def open_for_business(self) -> None:
        """Law, standards, offers; countries accede and firms join."""
        self.story.chapter(
            "Standards, terms and members",
            "Both dams publish the same standards, so that a column means the same in both. Two countries accede; "
            "their firms come under what their country reserved. A Japanese firm joins in Seoul.",
        )
        for name, site in self.sites.items():
            site.operator.type("datadam", "law", "adopt", lines=NOTHING)
            for standard in cast.STANDARDS:
                site.told("publish", text=codelists.packaged_standards()[standard])
            indent(f"Published in {name.capitalize()}: {', '.join(cast.STANDARDS)}.")
            site.operator.type("datadam", "offer", "publish", SHARED, lines=slice(1))
            for who in (cast.COUNTRIES[name], *cast.MEMBERS[name]):
                site.joins(who, self.shells[who.handle], typed=who is NOEUL)

    def peer(self) -> None:
        """Both operators sign one document of terms."""
        self.story.chapter(
            "The two dams peer",
            "Both operators sign one and the same document: which standards, which classes of data, in which "
            "direction, that rows stay where they are, and for how long one dam goes on without a word of the other.",
        )
        terms = self.folder / "terms.toml"
        terms.write_text(self._terms(), encoding="utf-8")
        keys = {name: site.vkey for name, site in self.sites.items()}
        offers = ("datadam", "peer", "add", self.washington.url, "--terms", str(terms), "--key", keys[WASHINGTON])
        self.seoul.operator.type(*offers, "--yes")
        self.washington.operator.type("datadam", "peer", "add", self.seoul.url, "--key", keys[SEOUL], "--yes")
        for site in self.sites.values():
            self._until(partial(self._hears, site), f"{site.name} hears its peer")
        self.story.fact("Both logs hold the same terms, byte for byte, signed by both dams.")

    def _terms(self) -> str:
        one, two = cast.ORIGINS[SEOUL], cast.ORIGINS[WASHINGTON]
        return "\n".join(
            [
                f'standards = ["{cast.INDICATORS}", "{cast.LINKS}"]',
                'classes = ["public", "business", "confidential"]',
                f"contact_seconds = {cast.CONTACT_SECONDS}",
                "guests = true",
                *(
                    f'[[between]]\norigin = "{cast.ORIGINS[name]}"\njurisdiction = "{cast.LANDS[name]}"'
                    for name in cast.ORIGINS
                ),
                f'[[directions]]\nfrom = "{one}"\nto = "{two}"',
                f'[[directions]]\nfrom = "{two}"\nto = "{one}"',
                "",
            ]
        )

    def _hears(self, site: Site) -> bool:
        items = site.told("peers")["items"]
        return bool(items) and items[0]["state"] == "heard"

    def guests(self) -> None:
        """Members of one dam take part in the other; the dam at home vouches."""
        self.story.chapter(
            "Members become guests of the other dam",
            "No second application: the dam at home vouches for its member, and the other checks that in the home "
            "dam's own log. The names of firms stay at home.",
        )
        for who, home, there in cast.GUESTS:
            words = ("datadam", "join", "--as-guest", "--home", self.sites[home].url, "--url", self.sites[there].url)
            self.shells[who.handle].type(*words, "--key", "firm.key", "--yes")

    # hidden suppliers

    def match(self) -> None:
        """Makers that look diversified depend on one deep supplier: found, and no list leaves its home."""
        self.story.chapter(
            "Three battery makers look diversified",
            "Each buys from others than the rest do, and each keeps its list at home, in its own language and layout. "
            "A round over both dams tells whether they depend on one and the same supplier further down, "
            "though nobody, and neither operator, sees another's list.",
        )
        makers = [one for one in lists.LISTS if one.maker]
        common = frozenset.intersection(*(one.buys_from for one in makers))
        overlaps = [one.buys_from & other.buys_from for one in makers for other in makers if one is not other]
        must(not common and not any(overlaps), "the makers do not look diversified")
        for name, held in lists.SUPPLIERS.items():
            for who in held:
                self.sites[name].joins(who, self.shells[who.handle], typed=False)
        for one in lists.LISTS:
            shell, at = self.shells[one.who.handle], self._at(one.home)
            one.write(shell.home)
            given = ("--drop", one.header[1], "--set", "as_of:=2026-11-01", "--yes")
            shell.type("datadam", "match", "list", one.file, *given, *at, lines=slice(1))
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps(lists.PLAN), encoding="utf-8")
        for site, other in ((self.seoul, self.washington), (self.washington, self.seoul)):
            words = ("datadam", "match", "open", other.origin, str(plan), "--closes", lists.CLOSES)
            site.operator.type(*words, lines=slice(1))
        self._bags()
        began = time.monotonic()
        for site in self.sites.values():
            site.operator.type("datadam", "match", "run", lists.PERIOD, lines=slice(1))
        self._results(makers, began)

    def _bags(self) -> None:
        """Everybody commits; bags go from supplier to customer, as files and outside any dam; makers hand theirs in."""
        with self.reach(NOEUL, self.seoul) as dam:
            (this,) = dam.rounds()
        id, held = str(this["round"]), {one.who.handle: one for one in lists.LISTS}
        for one in lists.LISTS:
            if one.maker:
                words = ("datadam", "match", "commit", lists.PERIOD, "suppliers.list", "--as", "maker")
                self.shells[one.who.handle].type(*words, *self._at(one.home))
            else:
                with self.reach(one.who, self.sites[one.home]) as dam:
                    dam.commit_list(id, self._list(one), Role.SUPPLIER)
        for giver, taker in lists.PASSED:
            one, into = held[giver.handle], self.shells[taker.handle].home / f"{giver.handle}.bag"
            received = [path.read_bytes() for path in self.shells[giver.handle].home.glob("*.bag")]
            with self.reach(giver, self.sites[one.home]) as dam:
                into.write_bytes(dam.make_bag(id, self._list(one), received))
        indent(f"{len(lists.PASSED)} bags went from supplier to customer, as files and outside any dam.")
        for one in lists.LISTS:
            if one.maker:
                shell = self.shells[one.who.handle]
                bags = [word for path in shell.home.glob("*.bag") for word in ("--from", path.name)]
                shell.type("datadam", "match", "hand-in", lists.PERIOD, "suppliers.list", *bags, *self._at(one.home))

    def _list(self, one: lists.List) -> SupplierList:
        return SupplierList.read(self.shells[one.who.handle].home / "suppliers.list")

    def _results(self, makers: list[lists.List], began: float) -> None:
        """What each maker reads; nobody else reads anything."""
        self._until(partial(self._over, makers[0]), "the round is over")
        seconds = time.monotonic() - began
        for one in makers:
            words = ("datadam", "match", "result", lists.PERIOD, *self._at(one.home))
            self.shells[one.who.handle].type(*words)
            done = self.shells[one.who.handle].run(*words, "--json")
            must(json.loads(done.stdout) == lists.EXPECTED[one.who], f"{one.who.handle} reads {done.stdout}")
        self.story.fact(
            f"{seconds:.0f} s after both operators started it, the round had found that two of the three depend on one "
            "Korean trader and, behind it, on one Chinese graphite processor, three tiers down. They learn country, "
            "stage and importance, and no name; the third maker learns that it shares nothing."
        )

    def _over(self, one: lists.List) -> bool:
        with self.reach(one.who, self.sites[one.home]) as dam:
            return all(this["state"] not in {"open", "running"} for this in dam.rounds())

    # data

    def deposit(self) -> None:
        """Indicators in two layouts and languages, each in its own country's dam; readers sign the terms."""
        self.story.chapter(
            "Each country's firms hand in what they saw",
            "Names of hosts that malware calls: a battery maker's security team in Seoul, in Korean; an emergency team "
            "in the United States, in English. The rows lie in the dam of their own country and stay there.",
        )
        for watch in cast.WATCHES:
            shell = self.shells[watch.who.handle]
            (shell.home / watch.file).write_text(watch.text(datetime.now(UTC)), encoding="utf-8")
            shell.type(
                "datadam",
                "deposit",
                watch.file,
                "--standard",
                SHARED,
                "--yes",
                *self._at(watch.home),
                lines=slice(-6, None),
            )
        for who, site in ((YAMABIKO, self.seoul), (YAMABIKO, self.washington), (COPPER, self.washington)):
            self._agree(who, site, "security")
        self._agree(MESA, self.seoul, "research", "model-training")
        for site in self.sites.values():
            rows = self.reach(YAMABIKO, site).open(SHARED).to_polars()
            must(len(rows) == len(cast.WATCHES[0].rows()), f"{len(rows)} rows in {site.name}")
        self.story.fact(
            "Yamabiko of Japan may read the rows of both dams: of one as a member, of the other as a guest."
        )

    def _at(self, home: str) -> tuple[str, ...]:
        return "--url", self.sites[home].url, "--key", "firm.key"

    def _agree(self, who: Person, site: Site, *purposes: str) -> None:
        wanted = [word for one in purposes for word in ("--purpose", one)]
        words = ("datadam", "agree", SHARED, *wanted, "--to", who.jurisdiction, "--yes")
        self.shells[who.handle].type(*words, *self._at(site.name), lines=slice(-1, None))

    def indicators(self) -> None:
        """One name, seen in both countries, becomes a rule of a third firm's intrusion detection."""
        self.story.chapter(
            "A warning from one country protects a firm of another",
            f"Both countries saw {cast.NAME}, a name of a made-up vendor whose software a supplier runs. Yamabiko "
            "reads both dams in one line; what independent observers of several countries saw is worth more.",
        )
        shell, everywhere = self.shells[YAMABIKO.handle], f"{SHARED}@all"
        shown = shell.type("datadam", "indicators", "show", everywhere, "--top", "3", *self._at(SEOUL))
        must("2 organisations, 2 countries" in " ".join(shown.stdout.split()), "two countries do not corroborate")
        words = ("--format", "suricata", "--audience", "own", "--into", "drill.rules")
        shell.type("datadam", "indicators", "export", everywhere, *words, *self._at(SEOUL))
        rules = (shell.home / "drill.rules").read_text(encoding="utf-8")
        must(cast.NAME in rules, "the rules do not have what both countries saw")
        count = sum(line.startswith("alert ") for line in rules.splitlines())
        self.story.fact(f"{count} Suricata rules were made of it; each says how many saw it and in how many countries.")
        self._exposed(shell)

    def _exposed(self, shell: Shell) -> None:
        """A catalogue of exploited software, and a supplier list that never leaves home."""
        cert = self.shells[CERT.handle]
        shutil.copyfile(DATA / "kev.csv", cert.home / "kev.csv")
        kev = cast.VULNERABILITIES
        words = ("datadam", "deposit", "kev.csv", "--standard", kev, "--yes", *self._at(WASHINGTON))
        cert.type(*words, lines=slice(-3, None))
        (shell.home / "uses.csv").write_text(cast.USES, encoding="utf-8")
        told = shell.type("datadam", "indicators", "exposed", kev, "uses.csv", *self._at(WASHINGTON))
        must(cast.SUPPLIER in told.stdout, "the supplier is not named")
        self.story.fact("A catalogue of exploited software names one of its suppliers; its list never left home.")

    # the way back

    def withdraw(self) -> None:
        """A maker takes its rows back; who had them and what was trained on them is named in both dams."""
        self.story.chapter(
            "A maker takes its data back",
            "Blue Mesa, an American firm, took rows in Seoul as a guest and trained a model on them, which it "
            "disclosed at home in Washington. Now Noeul of Seoul withdraws what it had handed in.",
        )
        mesa, noeul = self.shells[MESA.handle], self.shells[NOEUL.handle]
        training = ("--action", "train", "--purpose", "model-training")
        mesa.type("datadam", "get", SHARED, "rows", *training, *self._at(SEOUL), lines=slice(-2, None))
        (mesa.home / "card.yaml").write_text(cast.CARD, encoding="utf-8")
        self._until(self._taken, "Washington knows what its member took in Seoul")
        register = ("datadam", "model", "register", "card.yaml", "--yes", *self._at(WASHINGTON))
        mesa.type(*register, lines=slice(-3, None))
        with self.reach(NOEUL, self.seoul) as dam:
            (deposit,) = [one["id"] for one in dam.deposits()]
        words = ("datadam", "withdraw", deposit, "--reason", "We have changed our mind.", "--yes")
        noeul.type(*words, *self._at(SEOUL))
        told = noeul.type("datadam", "withdrawals", *self._at(SEOUL))
        must("mesa" not in told.stdout.lower(), "a name was told that stays at home")
        self._until(self._noticed, "the recipient is told in its own dam")
        mesa.type("datadam", "notices", *self._at(WASHINGTON))
        with self.reach(NOEUL, self.seoul) as dam:
            (taken,) = dam.withdrawals()
        reached, beyond = taken["purge"]["reached"], taken["purge"]["beyond"]
        self.story.fact(
            f"{reached['rows']} rows and {reached['files']} file(s) were erased in Seoul. It counts "
            f"{beyond['recipients']} earlier recipients; the one in Washington was told there."
        )

    def _taken(self) -> bool:
        with self.reach(MESA, self.washington) as dam:
            try:
                return bool(dam.draft_model(cast.CARD).get("elsewhere"))
            except Refused:  # nothing that it took to train on is known there yet
                return False

    def _noticed(self) -> bool:
        with self.reach(MESA, self.washington) as dam:
            return any(one["topic"] == "withdrawal" for one in dam.notices())

    # orders

    def order(self) -> None:
        """Seoul stops a class of data; both dams deny the next request, with the article, in both languages."""
        self.story.chapter(
            "Seoul stops a class of data",
            "Korea's authority suspends business data going to Japan. Nothing is sent round by hand: the order is "
            "signed, logged in Seoul, pushed to Washington, checked there against Seoul's log, and logged there too.",
        )
        facts = {"classes": "business", "destinations": "JP", "standard": SHARED}
        with self._watched(YAMABIKO, *self.sites.values()) as watched:
            done = self.seoul.told("order", **facts, reason="An incident is being looked into.", ground=GROUND)
            logged = time.monotonic()
            for one in watched:
                one.denied.wait(PATIENCE)
        self.first = str(done["id"])
        for one in watched:
            must(one.first is not None, f"{one.site.name} did not deny")
            seconds = max(0.0, (one.first or 0) - logged)
            must(seconds < SOON, f"{one.site.name} denied only after {seconds:.2f} s")
            where = one.site.name.capitalize()
            self.story.fact(
                f"In {where} requests were denied {seconds * 1000:.0f} ms after Seoul had logged the order."
            )
        for site in self.sites.values():
            for language, word in (("en", "order"), ("ko", "명령")):
                told = self._get(YAMABIKO, site, expect=REFUSED, DATADAM_LANG=language)
                must("12(1)" in told, f"{site.name} does not name the article in {language}")
                must(word in told, f"{site.name} does not speak {language}")

    def cut_off(self) -> None:
        """The cable breaks; Seoul lifts its order and gives another; nothing stale is served, and nothing is missed."""
        self.story.chapter(
            "The cable between the two countries breaks",
            f"Neither dam hears the other. {cast.CONTACT_SECONDS} seconds after the last word, as both signed, "
            "Washington serves nothing of what they share, because it cannot know what Seoul has ordered since. "
            "Meanwhile Seoul lifts its order and gives another one.",
        )
        for site in self.sites.values():
            site.relay.cut()
        cut = time.monotonic()
        with self._watched(COPPER, self.washington) as (own,):
            self._until(own.denied.is_set, "Washington falls silent")
            silent = (own.first or cut) - cut
            told = self._get(COPPER, self.washington, expect=REFUSED)
            self.story.fact(
                f"{silent:.1f} s after the cable broke, Washington denied even its own country's firm "
                f"({own.allowed} answers before, none after)."
            )
            must(self.seoul.origin.partition("/")[0] in told or "peer" in told.lower(), "the reason is not told")
            self.seoul.operator.type("datadam", "order", "lift", self.first[:16], "--reason", "It was looked into.")
            words = ("--class", "business", "--to", "US", "--standard", SHARED)
            why = ("--reason", "A second incident.", "--ground", SECOND)
            self.seoul.operator.type("datadam", "order", "suspend", *words, *why, lines=slice(1))
            own.denied.clear()
            for site in self.sites.values():
                site.relay.join()
            joined = time.monotonic()
            self._until(partial(self._hears, self.washington), "Washington hears Seoul again")
            heard = time.monotonic() - joined
            time.sleep(4 * POLL)
            must(not own.after, "something was served after the order that came while the cable was broken")
        told = self._get(COPPER, self.washington, expect=REFUSED)
        must("14(2)" in told, "the order that came while the cable was broken does not bind")
        self._until(lambda: self._reads(YAMABIKO, self.washington), "the lifted order binds no more")
        self.story.fact(
            f"{heard:.1f} s after the cable was mended Washington had taken over the lift and the new order, and only "
            f"then answered again: of {own.asked} requests in all this time none got a stale answer."
        )
        second = self.seoul.told("orders")["items"][-1]["id"]
        self.seoul.operator.type("datadam", "order", "lift", second[:16], "--reason", "It is over.", lines=slice(1))
        self._until(lambda: self._reads(COPPER, self.washington), "the second order is lifted in both dams")

    @contextmanager
    def _watched(self, who: Person, *sites: Site) -> "Iterator[list[Asking]]":
        """Somebody who asks each of these dams for the rows again and again."""
        asking = [Asking(site, self.reach(who, site)) for site in sites]
        for one in asking:
            one.start()
        try:
            yield asking
        finally:
            for one in asking:
                one.stop()

    def _reads(self, who: Person, site: Site) -> bool:
        """Whether a dam gives somebody the rows now."""
        with self.reach(who, site) as dam:
            return answered(dam)

    def _get(self, who: Person, site: Site, *, expect: int, **environ: str) -> str:
        words = ("datadam", "get", SHARED, "rows", "--force", *self._at(site.name))
        done = self.shells[who.handle].type(*words, lines=ALL, expect=expect, **environ)
        return done.stdout + done.stderr

    # evidence

    def evidence(self) -> None:
        """An auditor collects what both dams show it; verified offline, by us and by tools that are not ours."""
        self.story.chapter(
            "Anybody can check all of it, without either dam",
            "An auditor whom both dams admitted collects what both dams show it into one folder. "
            "Nothing in it has to be trusted but the keys of the two logs.",
        )
        shell = self.shells[AUDITOR.handle]
        self._until(self._witnessed, "both witnesses cosign both logs")
        cosigners = [word for one in self._cosigners() for word in ("--cosigned-by", one)]
        urls = [site.url for site in self.sites.values()]
        shell.type("datadam", "evidence", "collect", *urls, "--key", "firm.key", "--into", BUNDLE, *cosigners)
        vkeys = [word for site in self.sites.values() for word in ("--vkey", site.vkey)]
        trusted = [word for one in self.witnesses for word in ("--cosigned-by", one.vkey)]
        shell.type("datadam", "verify", BUNDLE, *vkeys[:2], *trusted, "--quorum", str(len(self.witnesses)))
        self._spoil(shell, vkeys)
        self._foreign(shell, [site.vkey for site in self.sites.values()])

    def _cosigners(self) -> list[str]:
        told = [site.told("peers")["self"]["cosigner"] for site in self.sites.values()]
        return [*(one.vkey for one in self.witnesses), *told]

    def _witnessed(self) -> bool:
        for site in self.sites.values():
            with self.reach(AUDITOR, site) as dam:
                text = "".join(dam.cosignatures())
            if not all(one.vkey.partition("+")[0] in text for one in self.witnesses):
                return False
        return True

    def _spoil(self, shell: Shell, vkeys: list[str]) -> None:
        """One byte of one statement, in a copy."""
        copy = shell.home / "spoilt"
        shell.type("cp", "-r", BUNDLE, "spoilt")
        path = next(iter(sorted(copy.glob("dams/*/bodies/*/*.json"))))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        shell.type("datadam", "verify", "spoilt", *vkeys, expect=UNTRUSTED)
        self.story.fact("With one single byte of the copy changed, it was refused.")

    def _foreign(self, shell: Shell, vkeys: list[str]) -> None:
        """Go's sumdb, npm jose and cedar-wasm, where they are installed."""
        program = ROOT / "tests" / "foreign" / "foreign_tools.py"
        done = shell.run("python", str(program), BUNDLE, *vkeys)
        print(done.stdout + done.stderr)
        if done.returncode == REFUSED and not os.environ.get("CI"):
            self.story.fact("The verifiers that are not ours are not installed here; they were left out.")
            return
        must(done.returncode == 0, "a verifier that is not ours refuses the bundle")
        self.story.fact(
            "Three verifiers that share no code with the dams hold it right as well: Go's transparency log library "
            "(the logs), npm jose (the signatures) and cedar-wasm (the decisions)."
        )

    def farewell(self, started: float) -> None:
        """Where all of it is."""
        target = self.shells[AUDITOR.handle].home / BUNDLE
        self.story.says(f"All of this took {time.monotonic() - started:.0f} seconds on one machine.")
        self.story.write(self.folder)
        print(f"\n    The evidence: {target}\n    The story: {self.folder / 'story.html'} (and story.md)")

    def _until(self, held: Callable[[], bool], what: str) -> None:
        """Wait for what comes by itself."""
        late = time.monotonic() + PATIENCE
        while not held():
            must(time.monotonic() < late, f"not within {PATIENCE:.0f} s: {what}")
            time.sleep(POLL)


def answered(dam: client.Dam) -> bool:
    """Whether a dam hands the rows out to whoever asks, now."""
    try:
        dam.files(dam.open(SHARED).info["table"])
    except Refused:
        return False
    return True


@dataclass
class Asking:
    """Somebody who asks one dam again and again, and notes what it was told when."""

    site: Site
    dam: client.Dam
    denied: threading.Event = field(default_factory=threading.Event)
    first: float | None = None  # when the first request was denied that was begun after the last yes
    allowed: int = 0
    asked: int = 0
    after: bool = False  # whether there was a yes after the first no

    def start(self) -> None:
        """Begin."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the request that is on its way."""
        self._ended.set()
        self._thread.join(PATIENCE)
        self.dam.close()

    def _go_on(self) -> None:
        while not self._ended.is_set():
            with suppress(DamError):
                yes = answered(self.dam)
                self.asked += 1
                self.allowed += yes
                self.after |= yes and self.first is not None
                if not yes:
                    self.first = self.first or time.monotonic()
                    self.denied.set()
            self._ended.wait(POLL)


def play(folder: Path, *, once: bool) -> None:
    """All of it; then serve on, unless `once`."""
    started = time.monotonic()
    must(not folder.exists() or not any(folder.iterdir()), f"{folder} is not empty: a drill begins with nothing")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ[client.HOME_VARIABLE] = str(folder / "looking-on")  # what the drill itself pins is nobody's
    drill = Drill(folder)
    sites, witnesses = list(drill.sites.values()), drill.witnesses
    with together(*(site.relay for site in sites)), ExitStack() as served:
        drill.found()
        served.enter_context(together(*(one.served() for one in witnesses), *(one.served() for one in sites)))
        drill.open_for_business()
        drill.peer()
        drill.guests()
        drill.match()
        drill.deposit()
        drill.indicators()
        drill.order()
        drill.cut_off()
        drill.withdraw()
        drill.evidence()
        drill.farewell(started)
        print("\n    All steps passed.", flush=True)
        if not once:
            with suppress(KeyboardInterrupt):
                print("    Serving until Ctrl+C.", flush=True)
                signal.pause()
            print()


def failed(why: str) -> int:
    """Say why not all passed; the exit code."""
    print(f"\n    Not passed: {why}", file=sys.stderr)
    return 1


def main() -> int:
    """Play; the exit code: 0 when all passed, 1 when a step did not, 130 when interrupted before the end."""
    parser = argparse.ArgumentParser(description="Two countries, two dams, one drill.")
    parser.add_argument("--folder", type=Path, default=ROOT / "drill-dams", help="a new folder for all of it")
    asked = os.environ.get("ONCE", "") not in {"", "0"}
    parser.add_argument("--once", action="store_true", default=asked, help="end when all has passed")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are ended as well
    try:
        play(given.folder.absolute(), once=given.once)
    except DamError as error:
        return failed(f"{texts.explain(error).what} {texts.explain(error).remedy}")
    except (Failed, OSError, subprocess.SubprocessError) as error:
        return failed(str(error))
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
