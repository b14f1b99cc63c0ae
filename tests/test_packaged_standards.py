"""What we ship holds: standards check clean, code lists load, the demo's real files fit and mostly pass."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import texts
from datadam.adapters.polars_engine import PolarsEngine
from datadam.confirming import accepted, confirm
from datadam.errors import Faults, Invalid, NotFound
from datadam.formats import codelists, odcs
from datadam.model import Attribution, Layout, Protection, Source, Tier
from datadam.planning import compile_plan
from datadam.ports import Outputs
from datadam.privacy import worth
from datadam.proposing import suggest
from datadam.standard import LANGUAGES, check, resolve

DEMO = Path(__file__).parent.parent / "demo" / "data"
CODES = codelists.packaged()
STANDARDS = {name: odcs.read(text) for name, text in codelists.packaged_standards().items()}

# file → its standard, and the columns that it must be asked about: the questions that demo/data/README.md documents
FILES: dict[str, tuple[str, set[str]]] = {
    "kev": ("cti.exploited-vulnerability", set()),
    "kev_faulty": ("cti.exploited-vulnerability", set()),
    "minerals_usgs_long": ("supply.mineral-production", {"country"}),
    "minerals_iea_ko": ("supply.mineral-production", {"country"}),
    "indicators_apt_watch": ("cti.indicator", set()),
    "indicators_rat_watch": ("cti.indicator", set()),
    "indicators_web_watch": ("cti.indicator", {"upstream"}),
    "supply_network_synthetic": ("supply.supply-edge", set()),
    "plant_energy_synthetic": ("industry.plant-energy", set()),
}


def rows_of(name: str) -> list[list[str]]:
    """Header and rows of a demo file."""
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def layout_of(name: str) -> Layout:
    """The layout as an engine would see it: header and the first twenty values of each column."""
    header, *rows = rows_of(name)
    samples = tuple(tuple(row[place] for row in rows[:20]) for place in range(len(header)))
    return Layout(columns=tuple(header), types=("text",) * len(header), samples=samples)


def test_the_five_standards_are_there() -> None:
    """By these ids they are published."""
    assert set(STANDARDS) == {
        "cti.exploited-vulnerability",
        "cti.indicator",
        "industry.plant-energy",
        "supply.mineral-production",
        "supply.supply-edge",
    }
    with pytest.raises(NotFound):
        codelists.packaged_standard("cti.nothing")


@pytest.mark.parametrize("name", STANDARDS)
def test_a_packaged_standard_is_clean(name: str) -> None:
    """No fault, its file named after it, both languages in Latin and Hangul, and it reads back the same."""
    held = STANDARDS[name]
    assert check(held, CODES) == ()
    assert (held.id, odcs.read(odcs.write(held))) == (name, held)
    assert odcs.carried(codelists.packaged_standard(name)) == ()
    for words in [
        held.titles,
        held.descriptions,
        *(c.titles for c in held.columns),
        *(c.descriptions for c in held.columns),
    ]:
        assert set(words) == set(LANGUAGES)
        assert any("가" <= letter <= "힣" for letter in words["ko"])
        assert not any("가" <= letter <= "힣" for letter in words["en"])
    for column in held.columns:
        assert any("가" <= letter <= "힣" for synonym in column.synonyms for letter in synonym), column.name


def test_what_the_standards_promise() -> None:
    """Tier, attribution and protection as they were decided for each."""
    kev, ioc, plants, mine, edge = (STANDARDS[name] for name in sorted(STANDARDS))
    assert [s.tier for s in (kev, ioc, mine, edge)] == [Tier.OPEN, Tier.AGREEMENT, Tier.OPEN, Tier.AGREEMENT]
    assert (plants.tier, plants.attribution, plants.bounds.unit) == (Tier.ANSWERS, Attribution.NONE, "firm")
    bought = worth.worth(plants, CODES)
    assert bought is not None
    assert (bought.cells, worth.shown(bought.period), worth.shown(bought.life)) == (10, "11", "46")
    shown = [Attribution.CONTRIBUTOR, Attribution.CONTRIBUTOR, Attribution.CONTRIBUTOR, Attribution.NONE]
    assert [s.attribution for s in (kev, ioc, mine, edge)] == shown
    parties = [edge.column("supplier_id"), edge.column("customer_id")]
    assert [(p.protection, p.domain) for p in parties] == [(Protection.UNIT_ID, "party")] * 2
    assert resolve(CODES["tlp"], "TLP:RED") is None
    assert resolve(CODES["tlp"], "TLP:WHITE") == "clear"


# --- code lists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("iso3166-alpha2", 249),
        ("iso3166-alpha3", 249),
        ("hs2022-2", 97),
        ("hs2022-4", 1229),
        ("hs2022-6", 5613),
        ("isic4", 766),
    ],
)
def test_code_lists_are_whole(name: str, count: int) -> None:
    """As many codes as the source has, each list with its origin and licence."""
    assert len(CODES[name].codes) == count
    assert all((codes.title, codes.origin, codes.licence) for codes in CODES.values())


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("KOR", "kr", "South Korea", "Korea, Rep.", "Korea, Republic of", "대한민국", "한국"), "KOR"),
        (("MMR", "Burma", "Myanmar", "미얀마"), "MMR"),
        (("COD", "Congo (Kinshasa)", "Democratic Republic of Congo", "콩고민주공화국"), "COD"),
        (("DEU", "Germany", "Allemagne", "Alemania", "독일"), "DEU"),
        (("NAM", "NA", "Namibia", "나미비아"), "NAM"),
        (("TUR", "Turkey", "Türkiye", "튀르키예"), "TUR"),
        (("CIV", "Côte d’Ivoire", "Cote d'Ivoire", "Ivory Coast"), "CIV"),
    ],
)
def test_countries_are_known_by_their_names(names: tuple[str, ...], code: str) -> None:
    """The many names of one country are one code."""
    assert {resolve(CODES["iso3166-alpha3"], name) for name in names} == {code}


@pytest.mark.parametrize("name", ["Korea", "Congo", "", "XX", "World", "Other countries"])
def test_an_ambiguous_or_unknown_place_is_no_country(name: str) -> None:
    """A name of two countries stands for neither, a total is no place."""
    assert resolve(CODES["iso3166-alpha3"], name) is None


def test_a_korean_name_for_every_country() -> None:
    """249 countries, 249 different Korean names, each leading back."""
    header, *rows = csv.reader(
        (Path(__file__).parent.parent / "scripts" / "country_names.csv").read_text("utf-8").splitlines()
    )
    assert header == ["iso2", "ko", "ja", "names"]
    assert [resolve(CODES["iso3166-alpha2"], row[1]) for row in rows] == [row[0] for row in rows]


HEAD = "# title: t\n# origin: o\n# licence: l\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "codelist.head-missing"),
        ("code\nA\n", "codelist.head-missing"),
        (HEAD + "name\nA\n", "codelist.head-missing"),
        (HEAD + "code\n", "codelist.empty"),
        (HEAD + "code,en\nA\n", "codelist.row-width"),
        (HEAD + "code\nA\n\nB\n", "codelist.row-width"),
        (HEAD + "code\n A\n", "codelist.code-malformed"),
        (HEAD + "code\nA\nA\n", "codelist.code-repeated"),
        (HEAD + 'code\n"A\n', "codelist.malformed"),
    ],
)
def test_a_spoiled_code_list_says_where(text: str, code: str) -> None:
    """Each fault with its line; all at once."""
    with pytest.raises(Faults) as caught:
        codelists.load("x", text)
    assert code in [fault.code for fault in caught.value.faults]
    for fault in caught.value.faults:
        assert "{" not in texts.say(fault.code, "ko", **fault.facts)


def test_a_code_list_has_a_limit() -> None:
    """More than four megabytes is no code list."""
    with pytest.raises(Invalid, match="too-large"):
        codelists.load("x", "x" * (codelists.MAX_BYTES + 1))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_loads_or_is_refused(text: str) -> None:
    """Hostile: whatever follows the head, the answer is a list or faults."""
    try:
        found = codelists.load("x", HEAD + "code,en\n" + text)
    except Faults as refusal:
        faults = refusal.faults
    else:
        assert found.codes
        return
    assert faults


def test_a_name_of_two_codes_stands_for_neither() -> None:
    """Ambiguity is refused, not decided."""
    held = codelists.load("x", HEAD + "code,en\nA,one|same\nB,two|Same\n")
    assert dict(held.aliases) == {"a": "A", "b": "B", "one": "A", "two": "B"}


# --- the demo's files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_demo_file_fits_with_no_more_than_its_documented_questions(name: str) -> None:
    """Suggest, answer what is documented, drop by name what is left: a fit that a plan can be made of."""
    standard, questions = STANDARDS[FILES[name][0]], FILES[name][1]
    layout = layout_of(name)
    found = suggest(standard, layout, CODES)
    assert {proposal.feed.column for proposal in found.asked} == questions
    assert found.missing == ()
    fit = confirm(found, standard, layout, answers=accepted(found), dropped=found.unused)
    assert len(compile_plan(standard, fit, CODES).rules) <= 62


# rows of each file that the standard refuses; only the spoiled one has any, and far too many for its limit
REFUSED = {name: 10 if name == "kev_faulty" else 0 for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_real_data_passes_and_the_spoiled_file_does_not(name: str, tmp_path: Path) -> None:
    """Through the engine, in the contributor's layout: real files are admitted whole, ten spoiled rows are found."""
    standard, engine = STANDARDS[FILES[name][0]], PolarsEngine()
    source = Source(path=str(DEMO / f"{name}.csv"), format="csv", name=name)
    layout = engine.look(source)
    found = suggest(standard, layout, CODES)
    fit = confirm(found, standard, layout, answers=accepted(found), dropped=found.unused)
    outputs = Outputs(
        admitted=tmp_path / "admitted.parquet",
        rejects=tmp_path / "rejects.parquet",
        deposit="0" * 64,
        unit_keys={"party": bytes(32), "firm": bytes(32), "plant": bytes(32)},
        key_secret=bytes(32),
    )
    tally = engine.run(compile_plan(standard, fit, CODES), source, outputs, lambda *_: None)
    assert (tally.rows, tally.rejected) == (len(rows_of(name)) - 1, REFUSED[name])
    assert (tally.rejected / tally.rows > standard.reject_limit) is (name == "kev_faulty")


def test_the_indicator_files_overlap_but_none_has_all() -> None:
    """Three contributors, some facts with two of them, no fact twice with one: the pool is more than its parts."""
    held = {}
    for name, kind, value in (("apt", 0, 1), ("rat", 1, 0), ("web", 3, 2)):
        rows = [
            (resolve(CODES["indicator-type"], row[kind]), row[value]) for row in rows_of(f"indicators_{name}_watch")[1:]
        ]
        assert len(set(rows)) == len(rows)
        assert None not in {kind for kind, _ in rows}
        held[name] = set(rows)
    pool = set().union(*held.values())
    assert sum(map(len, held.values())) > len(pool) > 1.5 * max(map(len, held.values()))


def test_benign_domains_are_not_malicious_ones() -> None:
    """No benign name shares its last two labels with an indicator's host."""
    benign = {row[0] for row in rows_of("benign_domains")[1:]}
    bad = {row[1].lower() for row in rows_of("indicators_apt_watch")[1:] if row[0] == "domain"}
    bad |= {row[0].lower() for row in rows_of("indicators_rat_watch")[1:] if row[1] == "도메인"}
    bad |= {row[2].lower() for row in rows_of("indicators_web_watch")[1:] if row[3] == "Domain"}
    assert len(benign) > 5000
    assert not {".".join(name.split(".")[-2:]) for name in benign} & {".".join(name.split(".")[-2:]) for name in bad}


def test_made_up_firms_cannot_be_taken_for_real_ones() -> None:
    """Every id of the synthetic network is of the country ZZ, which no register has."""
    _, *rows = rows_of("supply_network_synthetic")
    assert all(row[place].startswith("BRN:ZZ:SYN") for row in rows for place in (0, 2))


def test_the_demo_is_small_and_every_file_is_documented() -> None:
    """Below 3 MB in all; README.md names each file with its origin and licence."""
    readme = (DEMO / "README.md").read_text(encoding="utf-8")
    files = [path for path in DEMO.iterdir() if path.name != "README.md"]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert [path.name for path in files if f"`{path.name}`" not in readme] == []
