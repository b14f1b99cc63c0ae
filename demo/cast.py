"""Who plays: countries' authorities, firms and what each brings. All of them are made up, numbers included."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).resolve().parent / "data"

VULNERABILITIES: Final = "cti.exploited-vulnerability"
INDICATORS: Final = "cti.indicator"
MINERALS: Final = "supply.mineral-production"
LINKS: Final = "supply.supply-edge"
STANDARDS: Final = (VULNERABILITIES, INDICATORS, MINERALS, LINKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a key: a firm's engineer, or a country's official."""

    handle: str  # prompt and folder
    name: str
    jurisdiction: str
    roles: tuple[str, ...] = ()
    number: str | None = None  # checksum right, register prefix or office such that nobody has it
    reservations: tuple[str, ...] = ()
    links_of: tuple[str, ...] = ()  # countries whose part of the synthetic supply network it holds

    @property
    def country(self) -> bool:
        """Whether it accedes as a country."""
        return not self.roles

    @property
    def under(self) -> bool:
        """Whether its country acceded."""
        return any(one.jurisdiction == self.jurisdiction for one in COUNTRIES)

    def joins(self) -> list[str]:
        """What it types to join."""
        words = ["datadam", "join", "--name", self.name, "--jurisdiction", self.jurisdiction]
        for role in self.roles:
            words += ["--role", role]
        if self.number:
            words += ["--number", self.number]
        if self.country:
            words += ["--country", "--effective", "2025-01-01"]
        for reservation in self.reservations:
            words += ["--reservation", reservation]
        return [*words, "--yes"]


COUNTRIES: Final = (
    Person(
        handle="korea",
        name="Fictional Data Office of Korea (made up)",
        jurisdiction="KR",
        reservations=("Rows of the supply network are used for early warning and research only.",),
    ),
    Person(handle="germany", name="Fictional Data Office of Germany (made up)", jurisdiction="DE"),
)

DOKKAEBI: Final = Person(
    handle="dokkaebi",
    name="Dokkaebi Security (fictional)",
    jurisdiction="KR",
    roles=("contributor",),
    number="kr-brn:999-99-99997",
    links_of=("KOR", "CHN", "VNM"),
)
NEBEL: Final = Person(
    handle="nebel",
    name="Nebelhorn Analytik GmbH (fictional)",
    jurisdiction="DE",
    roles=("contributor", "consumer"),
    number="lei:000000FICTIVEGMBH121",
    links_of=("DEU", "POL"),
)
KITSUNE: Final = Person(
    handle="kitsune",
    name="Kitsune Web Watch K.K. (fictional)",
    jurisdiction="JP",
    roles=("contributor",),
    number="jp-cn:9999999999999",
    links_of=("JPN", "USA", "MEX"),
)
COYOTE: Final = Person(
    handle="coyote",
    name="Coyote Mesa Minerals Inc. (fictional)",
    jurisdiction="US",
    roles=("contributor",),
    number="lei:000000FICTIVEINC0254",
)
FJORD: Final = Person(
    handle="fjord", name="Tiny Fjord Startup AS (fictional)", jurisdiction="NO", roles=("consumer",)
)  # the SME
FIRMS: Final = (DOKKAEBI, NEBEL, KITSUNE, COYOTE, FJORD)
MOLE: Final = Person(handle="mole", name="Mole & Sons Ltd (fictional)", jurisdiction="GB", roles=("consumer",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """A file that somebody deposits, with what it says when its mapping is confirmed."""

    who: Person
    file: str
    standard: str
    says: tuple[str, ...] = ()


KEV: Final = Gift(who=COYOTE, file="kev.csv", standard=VULNERABILITIES)
FAULTY: Final = Gift(who=DOKKAEBI, file="kev_faulty.csv", standard=VULNERABILITIES)
USGS: Final = Gift(
    who=COYOTE, file="minerals_usgs_long.csv", standard=MINERALS, says=("--set", "country=iso3", "--drop", "country")
)
IEA: Final = Gift(
    who=DOKKAEBI, file="minerals_iea_ko.csv", standard=MINERALS, says=("--set", "country=ISO코드", "--drop", "국가")
)
WATCHES: Final = (
    Gift(who=NEBEL, file="indicators_apt_watch.csv", standard=INDICATORS),
    Gift(who=DOKKAEBI, file="indicators_rat_watch.csv", standard=INDICATORS),
    Gift(who=KITSUNE, file="indicators_web_watch.csv", standard=INDICATORS, says=("--set", "upstream=source_file")),
)
PARTS: Final = tuple(
    Gift(who=who, file="supply_links_synthetic.csv", standard=LINKS) for who in (DOKKAEBI, NEBEL, KITSUNE)
)
