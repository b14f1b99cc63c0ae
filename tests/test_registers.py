"""Which business numbers are taken, and which slips are caught."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import registers
from datadam.errors import Invalid

# Numbers printed by the registers themselves, by the European Commission's VIES rules, or by well-known firms.
PUBLISHED = [
    ("lei", "5493000IBP32UQZ0KL24"),
    ("lei", "506700GE1G29325QX363"),  # GLEIF
    ("lei", "HWUPKR0MPOU8FGXBT394"),  # Apple
    ("kr-brn", "1168200276"),
    ("kr-brn", "1248100998"),  # Samsung Electronics
    ("kr-crn", "1301110006246"),  # Samsung Electronics
    ("kr-crn", "1101110062432"),  # worked example of the rule
    ("jp-cn", "7000012050002"),  # National Tax Agency
    ("jp-cn", "8700110005901"),  # worked example of the National Tax Agency
    ("us-ein", "911144442"),  # Microsoft
    ("de-vat", "DE111111125"),  # VIES
    ("de-vat", "DE136695976"),
    ("fr-vat", "FR00300076965"),  # VIES
    ("fr-vat", "FRK7399859412"),  # VIES, key with a letter
    ("fr-vat", "FR83404833048"),
    ("nl-vat", "NL004495445B01"),  # legal entity
    ("nl-vat", "NL000099998B57"),  # the tax office's sample for sole traders
    ("it-vat", "IT00743110157"),
    ("es-vat", "ESA28015865"),  # Telefónica
    ("es-vat", "ESQ2826000H"),  # letter at the end
    ("gb-crn", "08407369"),
    ("gb-crn", "SC234456"),
    ("tw-ubn", "04595257"),
    ("tw-ubn", "22099131"),  # TSMC
    ("tw-ubn", "10458575"),  # seventh digit 7, counted as 0
    ("au-abn", "51824753556"),  # Australian Business Register
]
# Those whose scheme catches every wrong digit, whatever the place.
CATCH_ALL = ("lei", "kr-brn", "de-vat", "it-vat", "fr-vat", "au-abn")


@pytest.mark.parametrize(("register", "number"), PUBLISHED)
def test_published_numbers_are_taken_as_they_are(register: str, number: str) -> None:
    """A real number in normal form comes back unchanged."""
    assert registers.check(register, number) == number


@pytest.mark.parametrize(
    ("register", "typed", "normal"),
    [
        ("kr-brn", "124-81-00998", "1248100998"),
        ("kr-crn", "130111-0006246", "1301110006246"),
        ("us-ein", "91-1144442", "911144442"),
        ("au-abn", " 51 824 753 556 ", "51824753556"),
        ("de-vat", "136695976", "DE136695976"),
        ("nl-vat", "nl 0044.95.445.b01", "NL004495445B01"),
        ("gb-crn", "445790", "00445790"),
        ("gb-crn", "sc234456", "SC234456"),
    ],
)
def test_separators_case_prefix_and_leading_zeros_are_put_right(register: str, typed: str, normal: str) -> None:
    """What people type for convenience becomes the register's own way of writing."""
    assert registers.check(register, typed) == normal


@pytest.mark.parametrize(("register", "number"), [pair for pair in PUBLISHED if pair[0] in CATCH_ALL])
def test_every_wrong_digit_is_caught_where_the_scheme_promises_it(register: str, number: str) -> None:
    """All single-digit slips of each published number are refused."""
    for place, digit in enumerate(number):
        if digit.isdigit():
            for other in set(string.digits) - {digit}:
                with pytest.raises(Invalid):
                    registers.check(register, number[:place] + other + number[place + 1 :])


def test_a_wrong_letter_of_an_lei_is_caught() -> None:
    """MOD 97-10 sees one letter changed into another."""
    number = "5493000IBP32UQZ0KL24"
    for place, letter in enumerate(number):
        if letter.isalpha():
            for other in set(string.ascii_uppercase) - {letter}:
                with pytest.raises(Invalid, match=r"register\.number-checksum"):
                    registers.check("lei", number[:place] + other + number[place + 1 :])


def test_japanese_numbers_confuse_nought_and_nine_and_nothing_else() -> None:
    """The scheme works modulo 9: each wrong digit is caught but 0 for 9 and 9 for 0."""
    number = "7000012050002"
    for place, digit in enumerate(number):
        for other in set(string.digits) - {digit}:
            slip = number[:place] + other + number[place + 1 :]
            if place and {digit, other} == {"0", "9"}:
                assert registers.check("jp-cn", slip) == slip
            else:
                with pytest.raises(Invalid):
                    registers.check("jp-cn", slip)


def test_korean_corporate_numbers_weigh_a_doubled_digit_and_five_more_alike() -> None:
    """The published rule adds products whole, so a slip by five at an even place passes; all others are caught."""
    number = "1301110006246"
    for place, digit in enumerate(number):
        for other in set(string.digits) - {digit}:
            slip = number[:place] + other + number[place + 1 :]
            if place % 2 == 1 and abs(int(digit) - int(other)) == 5:
                assert registers.check("kr-crn", slip) == slip
            else:
                with pytest.raises(Invalid, match=r"register\.number-checksum"):
                    registers.check("kr-crn", slip)


def test_both_readings_of_a_seventh_seven_are_taken() -> None:
    """Taiwan's rule lets 28 count as 1 or as 0: 10458575 adds up only with the latter."""
    assert registers.check("tw-ubn", "10458575")
    with pytest.raises(Invalid, match=r"register\.number-checksum"):
        registers.check("tw-ubn", "10458565")


@pytest.mark.parametrize(
    ("register", "number", "code"),
    [
        ("duns", "150483782", "register.unknown"),
        ("kr-brn", "124810099", "register.number-length"),
        ("kr-brn", "12481009980", "register.number-length"),
        ("kr-brn", "1" * 1000, "register.number-length"),
        ("kr-brn", "", "register.number-length"),
        ("kr-brn", "12481O0998", "register.number-characters"),
        ("kr-brn", "１２４８１００９９８", "register.number-characters"),
        ("kr-brn", "1248100999", "register.number-checksum"),
        ("jp-cn", "0000012050002", "register.number-characters"),
        ("us-ein", "001144442", "register.number-checksum"),
        ("us-ein", "891144442", "register.number-checksum"),
        ("gb-crn", "XX123456", "register.number-characters"),
        ("gb-crn", "123456789", "register.number-length"),
        ("fr-vat", "FR84404833048", "register.number-checksum"),
        ("fr-vat", "FRO7399859412", "register.number-characters"),
        ("fr-vat", "FRK8399859412", "register.number-checksum"),
        ("fr-vat", "FR1A399859412", "register.number-checksum"),
        ("nl-vat", "NL004495446B01", "register.number-checksum"),
        ("nl-vat", "NL004495445B00", "register.number-characters"),
        ("nl-vat", "NL000000000B01", "register.number-checksum"),
        ("it-vat", "IT00743117772", "register.number-checksum"),
        ("it-vat", "IT00000000000", "register.number-checksum"),
        ("es-vat", "ES12345678Z", "register.number-characters"),
        ("es-vat", "ESQ28260008", "register.number-checksum"),
        ("es-vat", "ESJ2801586E", "register.number-checksum"),
        ("es-vat", "ESA2801586A", "register.number-checksum"),
        ("tw-ubn", "00000000", "register.number-checksum"),
    ],
)
def test_a_refusal_says_what_is_wrong(register: str, number: str, code: str) -> None:
    """Length, characters and checksum are told apart; numbers of persons and foreign digits do not pass."""
    with pytest.raises(Invalid) as refusal:
        registers.check(register, number)
    assert refusal.value.code == code


@given(st.sampled_from(sorted(registers.REGISTERS)), st.text(max_size=60))
def test_any_text_is_taken_or_refused_and_normal_form_is_a_fixed_point(register: str, text: str) -> None:
    """No text crashes the check, and what it gives back passes again unchanged."""
    try:
        normal = registers.check(register, text)
    except Invalid:
        return
    assert registers.check(register, normal) == normal


@given(st.sampled_from(sorted(registers.REGISTERS)), st.text(alphabet=string.digits, min_size=6, max_size=13))
def test_what_passes_is_of_the_length_that_its_register_prints(register: str, text: str) -> None:
    """A padded or prefixed number has exactly the register's length."""
    rules = registers.REGISTERS[register]
    try:
        normal = registers.check(register, text)
    except Invalid:
        return
    assert len(normal) == len(rules.prefix) + rules.length


@pytest.mark.parametrize("code", ["KR", "JP", "DE", "TW", "GB", "US", "XK", "kr", "UK", "EU", "", "KOR", "K R"])
def test_a_jurisdiction_is_a_country_that_iso_3166_assigns(code: str) -> None:
    """Two capital letters that stand in the list, and nothing that merely looks so."""
    if code in {"KR", "JP", "DE", "TW", "GB", "US"}:
        assert registers.jurisdiction(code) == code
    else:
        with pytest.raises(Invalid, match=r"register\.country-unknown"):
            registers.jurisdiction(code)
