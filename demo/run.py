"""The demonstration from an empty folder to a trained model. `python -m demo.run [--folder demo-dam] [--once]`.

Every step looks first at what is there already, and so a second run doubles nothing and a broken one goes on. Each step
checks what came out; the first that is not as it should be ends all with exit code 1.
"""

import argparse
import base64
import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from datadam import client, texts, wiring
from datadam.edges import operator
from datadam.errors import DamError
from demo import cast
from demo.cast import DATA, DOKKAEBI, FIRMS, FJORD, MOLE, NEBEL, Gift, Person
from demo.shell import ALL, NOTHING, ROOT, Failed, Served, Shell, free_port, heading, indent, must

ORIGIN: Final = "demo-dam.example/log"
DAM: Final = "dam"  # as the operator types it
REFUSED: Final = 3
UNTRUSTED: Final = 5


class Play:
    """The steps, over one folder."""

    def __init__(self, folder: Path) -> None:
        """Play in `folder`, going on from what is in it."""
        self.folder = folder
        # all the firms call from this one machine: together they are no stranger who asks too often
        self.operator = Shell("operator", folder, DATADAM_FOLDER=DAM, DATADAM_REQUESTS_PER_MINUTE="6000")
        self.shells = {
            who.handle: Shell(who.handle, folder / "people" / who.handle) for who in (*cast.COUNTRIES, *FIRMS, MOLE)
        }
        self.url = ""
        self._step = 0

    def step(self, text: str, why: str = "") -> None:
        """Say which step begins."""
        self._step += 1
        heading(self._step, text, why)

    # looking

    def told(self, verb: str) -> dict[str, Any]:
        """What the server tells its operator, asked as the operator's commands ask it."""
        return dict(operator.over_socket(wiring.places(self.folder / DAM).socket, verb, {}))

    def members(self) -> dict[str, dict[str, Any]]:
        """Who has joined, by id."""
        return {one["id"]: one for one in self.told("members")["items"] if one["until"] is None}

    def waiting(self, member: str) -> str | None:
        """The application of `member` that waits, if one does."""
        return next((one["id"] for one in self.told("applications")["items"] if one["member"] == member), None)

    def reach(self, who: Person) -> client.Dam:
        """The dam as `who` sees it, to look whether something is done already."""
        return client.connect(self.url, key=self.shells[who.handle].home / "firm.key")

    # the dam

    def found(self) -> None:
        """Make the dam, unless it is there."""
        self.step("The operator makes a dam", "One folder: keys, settings, log, statements, tables.")
        if (self.folder / DAM / "settings.toml").exists():
            indent("It is there already; this run goes on from what it holds.")
            return
        if (self.folder / DAM).exists():  # a run broke off before the dam was whole: nothing stands on it yet
            shutil.rmtree(self.folder / DAM)
        title = "A demonstration dam"
        self.operator.type("datadam", "init", DAM, "--name", ORIGIN, "--jurisdiction", "KR", "--title", title, expect=0)

    def served(self) -> Served:
        """The dam, served at the port of the last run if it is free, so that pins and profiles hold on."""
        file = self.folder / "port"
        port = free_port(int(file.read_text(encoding="utf-8")) if file.exists() else 0)
        self.url = f"http://127.0.0.1:{port}"
        return Served(self.operator, DAM, port, lambda: file.write_text(str(port), encoding="utf-8"))

    def publish(self) -> None:
        """Publish what is not published yet."""
        self.step("It publishes the standards that firms pool under")
        there = {one["id"] for one in self.told("status")["reservoirs"]}
        for standard in cast.STANDARDS:
            if standard not in there:
                self.operator.type("datadam", "standard", "publish", standard)
        there = {one["id"] for one in self.told("status")["reservoirs"]}
        must(there == set(cast.STANDARDS), f"standards published: {sorted(there)}")
        self.operator.type("datadam", "standard", "packaged")

    # joining

    def join(self) -> None:
        """Countries, then firms: two of them under their country's accession; one is declined."""
        self.step("Two countries accede", "Authorities and firms are made up. What a country reserves binds its firms.")
        for who in cast.COUNTRIES:
            self._join(who)
        self.step("Firms of five jurisdictions join", "Two come under their country's accession.")
        for who in FIRMS:
            self._join(who)
        for who in FIRMS:
            member = self.members()[self.reach(who).member or ""]
            must(
                (member["under"] is not None, member["roles"]) == (who.under, sorted(who.roles)),
                f"{who.handle} joined as {member}",
            )
        self._decline()
        self.operator.type("datadam", "member", "list")

    def _apply(self, who: Person, *, brief: bool) -> str:
        """Make a key, connect, and apply; the application's id, empty where `who` is a member already."""
        shell = self.shells[who.handle]
        lines = NOTHING if brief else ALL
        if not (shell.home / "firm.key").exists():
            shell.type("datadam", "keygen", "firm.key", lines=lines)
        profile = shell.home / ".datadam" / "profile.json"
        if not profile.exists() or json.loads(profile.read_text(encoding="utf-8"))["url"] != self.url:
            shell.type("datadam", "connect", self.url, "--key", "firm.key", lines=lines)
        held = shell.home / "application"
        member = self.reach(who).member or ""
        if member in self.members():
            indent(f"{who.name} joined before, as {member}.")
            return ""
        waiting = self.waiting(member)
        if waiting is None and not held.exists():
            if who is DOKKAEBI:
                shell.type("datadam", "accession", "--language", "ko", lines=slice(4))
            shell.type(*who.joins())
            waiting = self.waiting(member)
        if waiting is not None:
            held.write_text(waiting, encoding="utf-8")
        return held.read_text(encoding="utf-8")

    def _join(self, who: Person) -> None:
        first = who is cast.COUNTRIES[0]
        application = self._apply(who, brief=not first)
        if application:
            if first:
                self.operator.type("datadam", "member", "applications")
            self.operator.type("datadam", "member", "approve", application[:16])

    def _decline(self) -> None:
        application = self._apply(MOLE, brief=True)
        must(bool(application), "who was declined is a member")
        if self.reach(MOLE).standing(application)["status"] == "pending":
            reason = "Please name a contact whom we can reach, and apply again."
            self.operator.type("datadam", "member", "decline", application[:16], "--reason", reason)
            told = self.shells[MOLE.handle].type("datadam", "application", application)
            must(reason in told.stdout, "the applicant is not told why")
        else:
            indent(f"{MOLE.name} was declined before.")

    # depositing

    def file(self, gift: Gift) -> Path:
        """The file that somebody deposits, in its own folder."""
        path = self.shells[gift.who.handle].home / gift.file
        if not path.exists():
            if gift in cast.PARTS:
                cut(DATA / "supply_network_synthetic.csv", path, gift.who.links_of)
            else:
                shutil.copyfile(DATA / gift.file, path)
        return path

    def deposited(self, gift: Gift) -> dict[str, Any] | None:
        """The deposit of this very file under this standard, brought to its end if it is on its way."""
        digest = hashlib.sha256(self.file(gift).read_bytes()).hexdigest()
        with self.reach(gift.who) as dam:
            for job in dam.deposits():
                same = job["standard"] == gift.standard and job["file"]["digest"] == digest
                if same and job["stage"] != "announced":  # announced only: its file never came
                    return dict(dam.wait(job["id"]))
        return None

    def deposit(self, gift: Gift, *, lines: slice = ALL, refused: bool = False) -> dict[str, Any]:
        """Deposit a file, unless it was; the deposit as the dam tells it, checked against the file."""
        job = self.deposited(gift)
        if job is None:
            words = ["datadam", "deposit", gift.file, "--standard", gift.standard, *gift.says, "--yes"]
            self.shells[gift.who.handle].type(*words, lines=lines, expect=REFUSED if refused else 0)
            job = self.deposited(gift)
        else:
            indent(f"{gift.who.handle} deposited {gift.file} before: {job['id'][:12]}, {job['stage']}.")
        if job is None:
            raise Failed(gift.file)
        must(job["stage"] == ("refused" if refused else "committed"), f"{gift.file}: {job['stage']}")
        must(job["tally"]["rows"] == rows_of(self.file(gift)), f"{gift.file}: {job['tally']['rows']} rows were judged")
        return job

    def vulnerabilities(self) -> None:
        """A file as it is, and a faulty one."""
        self.step(
            "A firm deposits a file as it is", "CISA's catalogue of vulnerabilities that are known to be exploited."
        )
        self.deposit(cast.KEV)
        self.step("Another hands in a faulty file", "Every fault of every row, and nothing of it is taken.")
        job = self.deposit(cast.FAULTY, lines=slice(22), refused=True)
        must(job["tally"]["rejected"] == 10, f"{job['tally']['rejected']} rows refused, not 10")
        shell = self.shells[DOKKAEBI.handle]
        print("    The same report in Korean, and the refused rows in the firm's own layout:\n")
        korean = shell.type("datadam", "report", job["id"][:12], lines=slice(15, 20), DATADAM_LANG="ko", COLUMNS="160")
        must("읽을 수 없습니다" in korean.stdout, "the Korean report is not Korean")
        shell.type("datadam", "rejects", job["id"][:12], "--into", "rejects.csv", "--force")
        rejects = (shell.home / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()
        must(len(list(csv.reader(rejects))) == 11, "the rejects file does not have its ten rows")
        shell.type("head", "-n", "3", "rejects.csv")

    def minerals(self) -> None:
        """The same kind of fact twice: two layouts, two languages, units that differ."""
        self.step(
            "Mineral production from two firms",
            "USGS with a column of units (kg, t, kt …); IEA with Korean headers, in kt.",
        )
        self.deposit(cast.USGS)
        shell = self.shells[DOKKAEBI.handle]
        if self.deposited(cast.IEA) is None:
            into = ("--into", "mapping.yaml", "--force")
            shell.type("datadam", "map", cast.IEA.file, "--standard", cast.IEA.standard, *into)
            shell.type("cat", "mapping.yaml")
            print("\n    Only one thing is asked: which of two columns tells the country.\n")
        self.deposit(cast.IEA)
        sme = self.shells[FJORD.handle]
        shutil.copyfile(ROOT / "demo" / "minerals.py", sme.home / "minerals.py")
        sme.type("python", "minerals.py")

    def indicators(self) -> None:
        """Three contributors in three layouts."""
        self.step("Indicators of compromise from three firms", "Real ones, in three layouts. Never visit them.")
        for gift in cast.WATCHES:
            self.deposit(gift)

    def links(self) -> None:
        """A synthetic supply network in three parts."""
        self.step(
            "Who supplies whom: SYNTHETIC", "A made-up network, cut in three. Parties are kept as internal ids only."
        )
        for gift in cast.PARTS:
            self.deposit(gift)

    # taking out

    def agreements(self) -> None:
        """No rows without an agreement: terms are offered, read, signed and countersigned; then they decide."""
        self.step(
            "No rows without an agreement",
            "The operator answers for a law file and publishes the stewards' offers. Firms read, sign, and take rows.",
        )
        published = {one["standard"] for one in self.reach(FJORD).offers()}
        if not published:
            self.operator.type("datadam", "law", "adopt")
        for standard in (cast.INDICATORS, cast.LINKS):
            if standard not in published:
                self.operator.type("datadam", "offer", "publish", standard)
        fjord, nebel = self.shells[FJORD.handle], self.shells[NEBEL.handle]
        fjord.type("datadam", "terms", "count")
        if not self._may(FJORD, cast.INDICATORS):
            fjord.type("datadam", "get", cast.INDICATORS, "rows", expect=REFUSED)
            self._agree(FJORD, cast.INDICATORS, "research", lines=slice(-4, None))
            fjord.type("datadam", "can", "me", "train", cast.INDICATORS)
            fjord.type("datadam", "can", "me", "combine", cast.INDICATORS)
        if not self._may(NEBEL, cast.LINKS):
            self._agree(NEBEL, cast.LINKS, "supply-chain-resilience", lines=slice(-4, None))
            waiting = [one["id"] for one in self.reach(NEBEL).agreements() if one["state"] == "accepted"]
            for one in waiting:  # this offer is not one that the dam signs by itself
                self.operator.type("datadam", "agreements", "approve", one)
        for who, standard in ((FJORD, cast.INDICATORS), (NEBEL, cast.LINKS)):
            must(self._may(who, standard), f"{who.handle} may not open {standard}")
        again = ("--force",) if (nebel.home / "rows").exists() else ()  # nothing is written over unasked
        nebel.type("datadam", "get", cast.LINKS, "rows", *again)
        fjord.type("datadam", "ls")
        decided = self.reach(FJORD).decisions(cast.INDICATORS)
        must(bool(decided), "nothing was decided about the small firm")
        fjord.type("datadam", "why", decided[0]["id"][:12])

    def _agree(self, who: Person, standard: str, purpose: str, *, lines: slice) -> None:
        words = ("--purpose", purpose, "--to", who.jurisdiction, "--yes")
        self.shells[who.handle].type("datadam", "agree", standard, *words, lines=lines)

    def _may(self, who: Person, standard: str) -> bool:
        with self.reach(who) as dam:
            return bool(dam.open(standard).info["open_to_you"])

    # proving

    def prove(self) -> None:
        """Receipts without the dam, the log without trust, the folder as a whole."""
        self.step(
            "Everything can be checked", "The receipt without the dam; a copy that tells of one row more is refused."
        )
        job = self.deposited(cast.KEV)
        shell = self.shells[cast.KEV.who.handle]
        again = ("--force",) if (shell.home / "receipt.json").exists() else ()  # nothing is written over unasked
        shell.type("datadam", "receipt", job["outcome"] if job else "", "--into", "receipt.json", *again)
        shell.type("datadam", "verify", "receipt.json")
        shutil.copyfile(shell.home / "receipt.json", shell.home / "forged.json")
        forge(shell.home / "forged.json")
        shell.type("datadam", "verify", "forged.json", expect=UNTRUSTED)
        shell.type("datadam", "log", "verify", self.url)
        self.operator.type("datadam", "check", DAM)

    # the gain

    def gain(self) -> Mapping[str, Any]:
        """The SME's ten lines, and what the pool brought."""
        self.step("A small firm trains on the pool", "Its ten lines (demo/sme.py):")
        lines = (ROOT / "demo" / "sme.py").read_text(encoding="utf-8").split("# --- ten lines\n")[1]
        indent(lines)
        print(
            "\n    Beside it the same model from each contributor's file alone, put through the same standard.\n"
            "    (The served rows name their contributors too: that is how independent sightings are counted.)\n"
        )
        shell = self.shells[FJORD.handle]
        shutil.copyfile(DATA / "benign_domains.csv", shell.home / "benign_domains.csv")
        words = ["python", "-m", "demo.gain", "--json", "gain.json"]
        for gift in cast.WATCHES:
            home = self.shells[gift.who.handle].home
            words += ["--alone", gift.who.handle, str(home / ".datadam"), str(home / gift.file)]
        done = shell.run(*words)
        indent(done.stdout)
        indent(done.stderr)
        must(done.returncode == 0, "the comparison did not run")
        told: Mapping[str, Any] = json.loads((shell.home / "gain.json").read_text(encoding="utf-8"))
        untested = [family for family, (tested, _) in told["test"]["families"].items() if not tested]
        must(not untested, f"families without a tested name: {untested}")
        must(told["length"] < told["pool"]["auc"] <= 1, "the model knows no more than the length of a name")
        return told

    def farewell(self) -> None:
        """Where all of it is."""
        self.step("Look around")
        self.operator.type("datadam", "status", DAM)
        home = self.shells[FJORD.handle].home
        print(f"\n    The dam is at {self.url}. As the small firm, from another terminal:\n")
        print(f"      export DATADAM_HOME={home / '.datadam'}")
        print("      datadam ls")
        print(f"      datadam show {cast.INDICATORS}")
        print(f"      datadam get {cast.VULNERABILITIES} rows")
        print("\n    As the operator, or as anybody:\n")
        print(f"      datadam member list --dam {self.folder / DAM}")
        print(f"      datadam log verify {self.url}")
        print(f"      curl {self.url}/log/checkpoint")


def cut(source: Path, into: Path, countries: tuple[str, ...]) -> None:
    """The rows of the synthetic network whose customers are in `countries`."""
    with source.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    place = header.index("Customer country")
    part = into.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *(row for row in rows if row[place] in countries)])
    part.replace(into)


def rows_of(path: Path) -> int:
    """How many rows a CSV file has under its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def forge(path: Path) -> None:
    """Make a deposit's receipt tell of one row more."""
    told = json.loads(path.read_text(encoding="utf-8"))
    sealed = told["statement"]["payload"]
    body = json.loads(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    body["admitted"] += 1
    changed = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    told["statement"]["payload"] = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
    path.write_text(json.dumps(told), encoding="utf-8")


def play(folder: Path, *, once: bool) -> None:
    """All of it; then serve on, unless `once`."""
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    steps = Play(folder)
    steps.found()
    with steps.served() as server:
        steps.publish()
        steps.join()
        steps.vulnerabilities()
        steps.minerals()
        steps.indicators()
        steps.links()
        steps.agreements()
        steps.prove()
        steps.gain()
        steps.farewell()
        print(f"\n    All steps passed, in {time.monotonic() - started:.0f} s.", flush=True)
        if not once:
            with suppress(KeyboardInterrupt):  # the end that was asked for
                print("    Serving until Ctrl+C.", flush=True)
                ended = f"the server ended by itself, exit code {server.wait()}"
                raise Failed(ended)
            print()


def failed(why: str) -> int:
    """Say why not all passed; the exit code."""
    print(f"\n    Not passed: {why}", file=sys.stderr)
    return 1


def main() -> int:
    """Play; the exit code: 0 when all passed, 1 when a step did not, 130 when interrupted before the end."""
    parser = argparse.ArgumentParser(description="A dam with fictional firms and real data.")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo-dam", help="where all of it goes")
    asked = os.environ.get("ONCE", "") not in {"", "0"}
    parser.add_argument("--once", action="store_true", default=asked, help="end when all has passed")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the server is ended as well
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
