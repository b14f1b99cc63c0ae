"""Who plays in the drill: two countries, their firms, and what each brings. All of them are made up."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from demo.cast import Person

SEED: Final = 20261122
INDICATORS: Final = "cti.indicator"
VULNERABILITIES: Final = "cti.exploited-vulnerability"
LINKS: Final = "supply.supply-edge"
MINERALS: Final = "supply.mineral-production"
STANDARDS: Final = (VULNERABILITIES, INDICATORS, MINERALS, LINKS)
SHARED: Final = INDICATORS  # the reservoir that the order is about
CONTACT_SECONDS: Final = 8  # a busy machine may keep a dam waiting for some
PULL_SECONDS: Final = 2

VENDOR: Final = "Greylead (made up)"  # of the software that the graphite processor runs
NAME: Final = "update.greylead-scada.example"  # poses as that vendor's; both countries saw it
KEPT: Final = "relay.greylead-scada.example"  # one country saw it, and marked it as not for the public
SUPPLIER: Final = "BRN:ZZ:SYN90007"  # the graphite processor that no maker lists
EXPLOITED: Final = "CVE-2999-10001"
CATALOGUE: Final = f"""\
cveID,vendorProject,product,vulnerabilityName,dateAdded,dueDate,knownRansomwareCampaignUse,cwes
{EXPLOITED},{VENDOR},SCADA,Greylead SCADA update check may be skipped (made up),2026-11-16,2026-12-07,Unknown,CWE-494
CVE-2999-10002,Harrowgate (made up),Mail,Harrowgate Mail lets anyone in (made up),2026-10-02,2026-10-23,Unknown,CWE-287
CVE-2999-10003,Tinfold (made up),Router,Tinfold Router runs what it is sent (made up),2026-09-11,2026-10-02,Known,CWE-78
"""
"""Software that is being exploited, as the emergency team lists it, in the layout of CISA's KEV catalogue."""
USES: Final = f"supplier,vendor,product\n{SUPPLIER},{VENDOR},SCADA\nBRN:ZZ:SYN90077,Quillfeather (made up),Ledger\n"
"""Whose software the suppliers of a firm run: its own list."""

CARD: Final = """\
name: quietfox-sorter
version: "1.0.0"
purpose: Sort names that malware calls from those that people do.
description: A character model over names of hosts; made up for a drill.
contact: models@bluemesa.example
limits:
  - It knows names alone.
criteria:
  - How often it is right about names that it never saw.
compute: below-1e23
synthetic: false
outside: []
commitments:
  - part: weights
    digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""
"""What is disclosed of a model that nobody trained."""

SEOUL, WASHINGTON = "seoul", "washington"
ORIGINS: Final = {SEOUL: "seoul-drill.example/log", WASHINGTON: "washington-drill.example/log"}
LANDS: Final = {SEOUL: "KR", WASHINGTON: "US"}

COUNTRIES: Final = {
    SEOUL: Person(handle="kr-office", name="Fictional Data Office of Korea (made up)", jurisdiction="KR"),
    WASHINGTON: Person(handle="us-office", name="Fictional Data Office of the US (made up)", jurisdiction="US"),
}
NOEUL: Final = Person(  # a battery maker
    handle="noeul",
    name="Noeul Cell Co. (fictional)",
    jurisdiction="KR",
    roles=("contributor", "consumer"),
    number="kr-brn:999-99-99997",
)
YAMABIKO: Final = Person(  # a battery maker of a third country
    handle="yamabiko",
    name="Yamabiko Denchi K.K. (fictional)",
    jurisdiction="JP",
    roles=("contributor", "consumer"),
    number="jp-cn:9999999999999",
)
COPPER: Final = Person(  # a battery maker
    handle="copper",
    name="Copper Creek Cells Inc. (fictional)",
    jurisdiction="US",
    roles=("contributor", "consumer"),
    number="lei:000000FICTIVEINC0254",
)
CERT: Final = Person(handle="cert", name="Cedar Hollow CERT (fictional)", jurisdiction="US", roles=("contributor",))
MESA: Final = Person(handle="mesa", name="Blue Mesa Analytics Inc. (fictional)", jurisdiction="US", roles=("consumer",))
AUDITOR: Final = Person(
    handle="auditor", name="Fictional Chamber of Audit (made up)", jurisdiction="KR", roles=("auditor",)
)
MINISTRY: Final = Person(
    handle="ministry", name="Fictional Ministry of Industry (made up)", jurisdiction="KR", roles=("consumer",)
)
INSTITUTE: Final = Person(
    handle="institute", name="Fictional Institute of Energy Data (made up)", jurisdiction="KR", roles=("contributor",)
)
SURVEY: Final = Person(
    handle="survey", name="Fictional Office of Mineral Data (made up)", jurisdiction="US", roles=("contributor",)
)
MEMBERS: Final = {
    SEOUL: (NOEUL, YAMABIKO, MINISTRY, INSTITUTE, AUDITOR),
    WASHINGTON: (COPPER, CERT, MESA, SURVEY, AUDITOR),
}
STATISTICS: Final = (
    (INSTITUTE, SEOUL, "minerals_iea_ko.csv", ("--set", "country=ISO코드", "--drop", "국가")),
    (SURVEY, WASHINGTON, "minerals_usgs_long.csv", ("--set", "country=iso3", "--drop", "country")),
)
"""Who hands in which open statistics, and where: real ones, whose sources and licences `demo/data/README.md` names."""
GUESTS: Final = ((YAMABIKO, SEOUL, WASHINGTON), (COPPER, WASHINGTON, SEOUL), (MESA, WASHINGTON, SEOUL))
"""Who takes part in the other dam as well: home, then where it is a guest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Indicators that somebody saw, in its own layout."""

    who: Person
    home: str
    file: str
    header: tuple[str, ...]
    kind: str  # how it calls a domain
    marking: str  # how it calls what everybody may know
    hours: int  # ago that it saw them last
    kept: str | None = None  # a name that is not for the public, and how it calls that
    kept_marking: str = ""

    def rows(self, count: int = 40) -> list[tuple[str, ...]]:
        """Made-up names in a zone that nobody can have, the same from the same seed; one of them is everybody's."""
        drawn = random.Random(f"{SEED} {self.who.handle}")
        seen = {NAME, *([self.kept] if self.kept else ())}
        while len(seen) < count:
            seen.add(f"{''.join(drawn.choices('abcdefghijklmnop', k=9))}.{drawn.choice(('bad', 'cnc', 'kit'))}.example")
        marked = {self.kept: self.kept_marking}
        families = ("quietfox", "tinkerrat")
        return [(self.kind, one, drawn.choice(families), marked.get(one, self.marking)) for one in sorted(seen)]

    def text(self, now: datetime) -> str:
        """The file, written `now`."""
        into, seen = io.StringIO(), (now - timedelta(hours=self.hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        csv.writer(into, lineterminator="\n").writerows([self.header, *((*row, seen) for row in self.rows())])
        return into.getvalue()


WATCHES: Final = (
    Watch(
        who=NOEUL,
        home=SEOUL,
        file="noeul_soc.csv",
        header=("지표 유형", "지표값", "악성코드", "공유 등급", "마지막 관측"),
        kind="도메인",
        marking="CLEAR",
        hours=50,
    ),
    Watch(
        who=CERT,
        home=WASHINGTON,
        file="cert_feed.csv",
        header=("ioc_type", "ioc", "family", "tlp", "last_seen"),
        kind="domain",
        marking="clear",
        hours=30,
        kept=KEPT,
        kept_marking="amber",
    ),
)
