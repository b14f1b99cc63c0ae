"""Supplier lists of three battery makers and three of their suppliers: made up, each in its firm's own layout.

Each maker buys from others than the rest do. Three tiers down two of them depend on one graphite processor, which none
of their own lists shows.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import openpyxl

from demo.cast import Person
from drill.cast import COPPER, NOEUL, SEOUL, SUPPLIER, WASHINGTON, YAMABIKO

GRAPHITE, ANODES, CELLS = "250410", "380110", "850760"
PERIOD: Final = "2026-Q4"
CLOSES: Final = "2999-01-01T00:00:00Z"
PLAN: Final = {
    "standard": "supply.supply-edge",
    "period": PERIOD,
    "caps": [24, 8, 3],
    "decoys": 0,
    "countries": ["CHN", "DEU", "JPN", "KOR", "USA"],
    "stages": [GRAPHITE, ANODES, CELLS],
}

HANUL: Final = Person(handle="hanul", name="Hanul Anode Co. (fictional)", jurisdiction="KR", roles=("contributor",))
BUTTE: Final = Person(
    handle="butte", name="Red Butte Anodes Inc. (fictional)", jurisdiction="US", roles=("contributor",)
)
GARAM: Final = Person(
    handle="garam", name="Garam Graphite Trading (fictional)", jurisdiction="KR", roles=("contributor",)
)
SUPPLIERS: Final = {SEOUL: (HANUL, GARAM), WASHINGTON: (BUTTE,)}

_KOREAN: Final = (
    "공급업체 번호",
    "공급업체명",
    "공급업체 국가",
    "고객사 번호",
    "고객사 국가",
    "HS 코드",
    "구매 비중",
    "필수 등급",
)
_ENGLISH: Final = (
    "Supplier no",
    "Supplier title",
    "supplier country",
    "customer no",
    "customer country",
    "HS code",
    "purchase share",
    "essential",
)
_JAPANESE: Final = (
    "仕入先番号",
    "仕入先名",
    "仕入先国",
    "得意先番号",
    "得意先国",
    "HSコード",
    "購入割合",
    "必須度",
)


def _id(number: int) -> str:
    return f"BRN:ZZ:SYN{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Whom a firm buys from, as its own file says."""

    who: Person
    home: str
    file: str
    header: tuple[str, ...]
    own: str  # its number
    land: str  # ISO 3166-1 alpha-3
    lines: tuple[tuple[str, str, str, int], ...]  # number, country, HS code, how essential

    @property
    def maker(self) -> bool:
        """Whether it makes batteries."""
        return self.who in {NOEUL, COPPER, YAMABIKO}

    @property
    def buys_from(self) -> frozenset[str]:
        """The numbers of its own suppliers."""
        return frozenset(line[0] for line in self.lines)

    def write(self, folder: Path) -> None:
        """Write the file, in its format."""
        rows = [
            (id, f"Made-up Works {id[-5:]}", country, self.own, self.land, code, "25-50%", essential)
            for id, country, code, essential in self.lines
        ]
        path = folder / self.file
        if path.suffix == ".xlsx":
            book = openpyxl.Workbook()
            sheet = book.worksheets[0]
            for row in (self.header, *rows):
                sheet.append(row)
            book.save(path)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([self.header, *rows])


LISTS: Final = (
    List(
        who=NOEUL,
        home=SEOUL,
        file="공급망.csv",
        header=_KOREAN,
        own=_id(90001),
        land="KOR",
        lines=((_id(90011), "KOR", ANODES, 2), (_id(90021), "DEU", CELLS, 1), (_id(90022), "KOR", CELLS, 0)),
    ),
    List(
        who=COPPER,
        home=WASHINGTON,
        file="suppliers.csv",
        header=_ENGLISH,
        own=_id(90002),
        land="USA",
        lines=((_id(90012), "USA", ANODES, 2), (_id(90023), "USA", CELLS, 1)),
    ),
    List(
        who=YAMABIKO,
        home=SEOUL,
        file="仕入先.xlsx",
        header=_JAPANESE,
        own=_id(90003),
        land="JPN",
        lines=((_id(90024), "JPN", ANODES, 2), (_id(90025), "JPN", CELLS, 1)),
    ),
    List(
        who=HANUL,
        home=SEOUL,
        file="매입처.csv",
        header=_KOREAN,
        own=_id(90011),
        land="KOR",
        lines=((_id(90031), "KOR", ANODES, 1), (_id(90041), "KOR", GRAPHITE, 2)),
    ),
    List(
        who=BUTTE,
        home=WASHINGTON,
        file="vendors.csv",
        header=_ENGLISH,
        own=_id(90012),
        land="USA",
        lines=((_id(90033), "USA", ANODES, 1), (_id(90041), "KOR", GRAPHITE, 2)),
    ),
    List(
        who=GARAM,
        home=SEOUL,
        file="원료.csv",
        header=_KOREAN,
        own=_id(90041),
        land="KOR",
        lines=((SUPPLIER, "CHN", GRAPHITE, 2),),
    ),
)
PASSED: Final = ((GARAM, HANUL), (GARAM, BUTTE), (HANUL, NOEUL), (BUTTE, COPPER))
"""Who hands a bag to whom, the deepest first."""
FOUND: Final[list[dict[str, object]]] = [
    {"country": country, "stage": GRAPHITE, "essential": 2, "makers": 2}
    for country in ("CHN", "KOR")  # the processor, and the trader through whom both firms get its graphite
]
EXPECTED: Final[dict[Person, list[dict[str, object]]]] = {NOEUL: FOUND, COPPER: FOUND, YAMABIKO: []}
"""What each maker must read."""
