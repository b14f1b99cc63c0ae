"""Values speak for columns and against them."""

import pytest

from datadam import evidence
from datadam.evidence import values_speak
from datadam.model import Standard
from strangers import CODES, EDGE, IOC, KEV, MINE


@pytest.mark.parametrize(
    ("standard", "column", "for_it", "against"),
    [
        (MINE, "country", ("CHL", "Peru"), ("Chuquicamata", "Escondida")),
        (MINE, "country", ("日本", "チリ"), ("1", "2")),
        (MINE, "year", ("2019", "2020"), ("19", "x")),
        (KEV, "cve_id", ("CVE-2024-3400",), ("R-310",)),
        (KEV, "date_added", ("2024/3/5", "令和6年3月5日"), ("high", "low")),
        (EDGE, "supplier_id", ("LEI:000000CA5BA87C93D472",), ("Example Stahl", "Example Film")),
        (KEV, "product", ("Confluence",), ("2024-01-01",)),
    ],
)
def test_values_speak_for_and_against(
    standard: Standard, column: str, for_it: tuple[str, ...], against: tuple[str, ...]
) -> None:
    """Codes, patterns, forms and ranges tell columns apart; empty columns tell nothing."""
    one = standard.column(column)
    good, bad = values_speak(one, for_it, CODES), values_speak(one, against, CODES)
    assert good is not None
    assert bad is not None
    assert good > bad
    assert values_speak(one, ("", "-", "n/a"), CODES) is None


def test_parts_of_dates_and_addresses_are_no_codes() -> None:
    """What stands between slashes is a code only where words stand: `10/10` and an address name no sector."""
    sector = IOC.column("victim_sector")
    for value in ("10/10", "2024/05/10 01:02", "https://example.com/c/1"):
        assert values_speak(sector, (value,), CODES) == evidence.NO_CODES or not evidence.telling(sector, ("x",))
        assert (values_speak(sector, (value,), CODES) or 0) <= evidence.SOME_CODES


def test_yes_and_no_may_stand_for_two_values() -> None:
    """A column of two values is not refused for being written as yes and no, or as 0 and 1."""
    ransomware = KEV.column("ransomware_use")
    assert values_speak(ransomware, ("Y", "N"), CODES) == values_speak(ransomware, ("有", "無"), CODES) == 0.55
    assert values_speak(ransomware, ("7", "8"), CODES) == evidence.NO_CODES


def test_bands_take_amounts_of_their_size() -> None:
    """Shares are up to a hundred, yearly values are thousands, or are in a currency."""
    share, volume = EDGE.column("share_band"), EDGE.column("volume_band")
    for values in (("45%", "20"), ("0.62", "0.18"), ("③ 10~25%",), ("10%以上25%未満",)):
        assert (values_speak(share, values, CODES) or 0) > (values_speak(volume, values, CODES) or 0)
    for values in (("4250000.00", "380000.00"), ("$1M-10M", "$100k-1M"), ("1백만~1천만",), ("150百万円",)):
        assert (values_speak(volume, values, CODES) or 0) > (values_speak(share, values, CODES) or 0)
    assert values_speak(share, ("LEI:000000CA5BA87C93D472", "Example"), CODES) == evidence.NO_CODES


def test_a_list_with_all_names_knows_what_is_none_of_it() -> None:
    """A word that is no country is not in a column of countries; firms and parts are in none of codes."""
    country, status = EDGE.column("supplier_country"), MINE.column("status")
    assert values_speak(country, ("Muster AG", "見本電子㈱"), CODES) == evidence.NO_CODES
    assert values_speak(status, ("배터리", "자석"), CODES) == evidence.NO_CODES
    assert (values_speak(status, ("추정치", "보고치"), CODES) or 0) > evidence.NEUTRAL


def test_columns_without_a_list_have_their_words_too() -> None:
    """Terms of use and degrees of trust are written in few ways; dates are no terms of use."""
    licence, confidence = IOC.column("licence"), IOC.column("confidence")
    assert values_speak(licence, ("CC BY 4.0", "CC0"), CODES) == evidence.IN_WORDS
    assert evidence.telling(licence, ["CC BY 4.0"])
    assert values_speak(licence, ("2024-01-01",), CODES) == evidence.NO_CODES
    assert values_speak(confidence, ("높음", "낮음"), CODES) == evidence.NEUTRAL


def test_long_numbers_behind_zeros_count_nothing() -> None:
    """000000017 is a firm, not seventeen other suppliers; 045 is 45 days."""
    alternates, days = EDGE.column("qualified_alternates"), EDGE.column("lead_time_days")
    assert values_speak(alternates, ("000000017", "000000025"), CODES) == 0
    assert values_speak(days, ("045", "030"), CODES) == 0.75


@pytest.mark.parametrize(
    "value", ["2023년 말", "1月10日", "6월 말", "2/22", "Mar-24", "2024Q1", "Q3 2023", "12-JAN-24"]
)
def test_dates_are_meant_in_many_ways(value: str) -> None:
    """Months, ends of months, quarters: what will be asked about is a date all the same."""
    assert (values_speak(EDGE.column("as_of"), (value,), CODES) or 0) > evidence.NEUTRAL


def test_prices_are_no_dates() -> None:
    """18.40 has no month of forty."""
    assert values_speak(EDGE.column("as_of"), ("18.40", "31.75"), CODES) == 0
