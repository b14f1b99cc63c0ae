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
CONTACT_SECONDS: Final = 6
PULL_SECONDS: Final = 2

NAME: Final = "update.greylead-scada.example"  # that both countries saw
SUPPLIER: Final = "BRN:ZZ:SYN90007"  # the graphite processor that nobody lists
USES: Final = (
    f"supplier,vendor,product\n{SUPPLIER},Citrix,Session Recording\nBRN:ZZ:SALTS-11,Greylead (made up),SCADA\n"
)
"""Whose software a firm's suppliers run: its own list."""

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
MEMBERS: Final = {SEOUL: (NOEUL, YAMABIKO, AUDITOR), WASHINGTON: (COPPER, CERT, MESA, AUDITOR)}
GUESTS: Final = ((YAMABIKO, SEOUL, WASHINGTON), (MESA, WASHINGTON, SEOUL))
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

    def rows(self, count: int = 40) -> list[tuple[str, ...]]:
        """Made-up names in a zone that nobody can have, the same from the same seed; one of them is everybody's."""
        drawn = random.Random(f"{SEED} {self.who.handle}")
        seen = {NAME}
        while len(seen) < count:
            seen.add(f"{''.join(drawn.choices('abcdefghijklmnop', k=9))}.{drawn.choice(('bad', 'cnc', 'kit'))}.example")
        return [(self.kind, one, drawn.choice(("quietfox", "tinkerrat")), self.marking) for one in sorted(seen)]

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
    ),
)
