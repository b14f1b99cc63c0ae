"""Identifiers in text: their checks, what may stand beside them, what engines see first, the columns looked at."""

import re
import time
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import identifier_rates
from datadam.adapters.polars_identifiers import holds_none, identified, suspect, without
from datadam.model import Protection, Type
from datadam.plan import Cell
from datadam.privacy import identifier_checks as checks
from datadam.privacy import looking
from datadam.privacy.identifier_forms import FORMS, NAMES, Kind
from datadam.privacy.identifiers import FOLDABLE, Hit, confirmed, find, folded, kinds_in, redacted
from datadam.privacy.pattern_room import kinds_with_room
from datadam.protections import FreeText
from datadam.standard import check
from drafts import column, standard
from test_engine_behaviours import plan_of, standard_of

LEAST_FOUND = {"en": 0.973, "ko": 0.956}  # as they were published first
MOST_WRONG = {"en": 0.015, "ko": 0.011}


def _check_digit(digits: str, from_: int) -> str:
    """A resident's number with its check digit, worked out by trying all ten."""
    return next(f"{digits}{last}" for last in range(10) if checks._resident(f"{digits}{last}") and from_)


RRN, FRN = _check_digit("900101123456", 11), _check_digit("900101523456", 13)
PLAIN = {  # one of each kind, as it is written by the book; numbers of examples in the specifications, or made up
    Kind.RRN: f"{RRN[:6]}-{RRN[6:]}",
    Kind.FRN: f"{FRN[:6]}-{FRN[6:]}",
    Kind.BRN: "120-81-47521",
    Kind.CORPORATE: "130111-0006246",
    Kind.PASSPORT_KR: "M12345678",
    Kind.LICENCE_KR: "11-22-333333-44",
    Kind.PHONE: "010-1234-5678",
    Kind.CARD: "4111 1111 1111 1111",
    Kind.IBAN: "DE89 3704 0044 0532 0130 00",
    Kind.EMAIL: "hong.gildong@example.co.kr",
    Kind.IP: "192.0.2.17",
    Kind.SSN: "123-45-6789",
    Kind.MY_NUMBER: "1234-5678-9018",
}


def told(text: str) -> list[str]:
    """What is found, as `kind: text`."""
    return [f"{hit.kind}: {text[hit.start : hit.end]}" for hit in find(text)]


# --- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_found_alone_in_korean_and_in_full_width(kind: Kind) -> None:
    """With a particle attached, in brackets, behind other words, in full-width letters: always whole, at its place."""
    plain = PLAIN[kind]
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else "\u3000" for sign in plain)
    for text in (plain, f"{plain}로 보냈습니다", f"({plain})", f"see {plain}, please", f"번호:{plain}.", wide):
        body = wide if text is wide else plain
        assert told(text) == [f"{kind}: {body}"], text
    assert NAMES[kind].startswith(kind)


@pytest.mark.parametrize(
    "text",
    [
        "900101-1234567",  # check digit wrong, born before there were numbers without one
        "991301-1234567",  # no such month
        "990231-1234567",  # no such day
        "880123-4567890",  # born in 2088
        "120-81-47522",  # check digit wrong
        "120-00-47521",  # no such kind of business
        "4111 1111 1111 1112",
        "9999 9999 9999 9995",  # Luhn holds, no issuer
        "DE88 3704 0044 0532 0130 00",
        "KR89 3704 0044 0532 0130 00",  # Korea has no IBAN
        "000-12-3456",
        "666-12-3456",
        "123-00-4567",
        "1234-5678-9012",
        "1111-1111-1111",
        "version 10.20.30.40",
        "127.0.0.1",
        "255.255.255.0",
        "1.2.3.4.5",
        "12:30:45",
        "std::vector",
        "dead::beef::",
        "1::2::3",
        "2001:1:2:3:4:5:6::1:2:3",
        "logo@2x.png",
        "a..b@example.com",
        "a@b",
        "R00000000001",
        "2026-11-22T12:30:45.123456Z",
        "d41d8cd98f00b204e9800998ecf8427e",
        "550e8400-e29b-41d4-a716-446655440000",
        "00:1b:44:11:3a:b7",
        "+999 123 456 789",  # no such country code
        "211-211-4567",
        "tel 00000000",
        "idhotel-3485739.com",
        "637767517334119141.example.com",
        "11-22-333333-445",
        "X12345678",
        "CVE-2026-12345678",
        "",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    """Wrong check digits, days and ranges that are not, versions, times, hashes and file names are left alone."""
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("201005-3000001", ["rrn: 201005-3000001"]),  # born after October 2020: no check digit
        ("191105-5000001", []),  # over a hundred years old
        ("131111-6000001", ["corporate: 131111-6000001"]),  # of who would be as old, and with a check digit
        ("1301110006246", ["corporate: 1301110006246"]),
        ("900101-5000000", ["frn: 900101-5000000"]),  # given after October 2020: no check digit
        ("주민등록번호 900101-1234567", ["rrn: 900101-1234567"]),  # changed numbers have none either, and it says so
        ("외국인등록번호: 9001015000000", ["frn: 9001015000000"]),
        ("법인등록번호 1301110006246", ["corporate: 1301110006246"]),
        ("사업자번호 1208147521", ["brn: 1208147521"]),
        ("1208147521", []),  # a tenth of all numbers has that check digit
        ("면허번호 112233333344", ["licence-kr: 112233333344"]),
        ("010_1234_5678", ["phone: 010_1234_5678"]),
        ("1588-1234", ["phone: 1588-1234"]),
        ("5555 - 5555 - 5555 - 4444", ["card: 5555 - 5555 - 5555 - 4444"]),
        ("192[.]0[.]2[.]17", ["ip: 192[.]0[.]2[.]17"]),
        ("제4.1.2.3항", []),
        ("홍길동@example.org", ["email: 홍길동@example.org"]),
        ("a.b @ example.org", ["email: a.b @ example.org"]),
        ("hong골뱅이example점org", ["email: hong골뱅이example점org"]),
        ("서울 12-345678-90", ["licence-kr: 서울 12-345678-90"]),
        ("passport ab1234567", ["passport-kr: ab1234567"]),
        ("M123A4567", ["passport-kr: M123A4567"]),
        ("SSN 123456789", ["ssn: 123456789"]),
        ("個人番号 123456789018", ["my-number: 123456789018"]),
        ("tel. 02 123 4567", ["phone: 02 123 4567"]),
        ("+82 (0)10-1234-5678", ["phone: +82 (0)10-1234-5678"]),
        ("(415) 555-2671", ["phone: (415) 555-2671"]),
        ("03-1234-5678", ["phone: 03-1234-5678"]),
        ("020 7946 0958", ["phone: 020 7946 0958"]),
        ("01012345678", ["phone: 01012345678"]),
        ("3714 496353 98431", ["card: 3714 496353 98431"]),
        ("hong [at] example [dot] com", ["email: hong [at] example [dot] com"]),
        ("hong골뱅이example.com", ["email: hong골뱅이example.com"]),
        ("hong at example dot com", ["email: hong at example dot com"]),
        ("look at example.com", []),
        ("2001:db8::8a2e:370:7334", ["ip: 2001:db8::8a2e:370:7334"]),
        ("2001:db8:0:0:0:0:0:1", ["ip: 2001:db8:0:0:0:0:0:1"]),
        ("http://203.0.113.9:8080/x", ["ip: 203.0.113.9"]),
        ("1234:5678::1", []),  # no range that hosts are in
        ("a@example.com와 010-1234-5678", ["email: a@example.com", "phone: 010-1234-5678"]),
    ],
)
def test_other_ways_of_writing(text: str, found: list[str]) -> None:
    """Numbers without check digits count where they are separated, or where a word before them says what they are."""
    assert told(text) == found


def test_only_the_kinds_that_are_asked_for_are_told() -> None:
    """What a column is declared to hold is left out; of two that lie over one another the first form stays."""
    text = f"{PLAIN[Kind.RRN]} a@example.com"
    assert kinds_in(text) == ("rrn", "email")
    assert kinds_in(text, {"email"}) == ("email",)
    assert kinds_in(text, ()) == ()


def test_what_is_found_is_replaced_by_its_kind() -> None:
    """Of things that lie over one another one name is left, and nothing of either."""
    text = "call 010-1234-5678 or a@example.com"
    assert redacted(text, find(text)) == "call [phone] or [email]"
    assert redacted("abcdef", (Hit("x", 1, 3), Hit("y", 2, 5))) == "a[x]f"
    assert redacted("abcdef", ()) == "abcdef"


_SIGNS = st.text(st.sampled_from("0123456789-. +()@ab:M여권４－　\u2013"), max_size=30)
_AROUND = st.text(st.sampled_from("0aA .-@가－"), max_size=3)
_PLAIN = st.sampled_from(
    [*PLAIN.values(), "tel 02 123 4567", "passport ab1234567", "hong at example dot com", "서울 12-345678-90"]
)


@given(st.one_of(_SIGNS, st.tuples(_AROUND, _PLAIN, _AROUND).map("".join)))
def test_the_gates_let_nothing_by(text: str) -> None:
    """Whatever is found has passed a gate and its form, as Polars reads them: engines may ask these first."""
    series = pl.Series("a", [text])
    found = kinds_in(text)
    if found:
        assert series.to_frame().select(suspect(pl.col("a"), tuple(Kind))).item()
    assert identified(series, tuple(Kind)) == ({text} if found else set())
    for one in Kind:
        assert identified(series, (one,)) == ({text} if kinds_in(text, (one,)) else set())


@given(st.text(max_size=60))
def test_redacting_is_done_once(text: str) -> None:
    """Places are those of the text as it was sent, whatever it holds; what was redacted holds nothing more."""
    assert len(folded(text)) == len(text)
    once = redacted(text, find(text))
    assert find(once) == ()


def test_foldable_signs_are_those_that_folding_changes() -> None:
    """A text without them is as it is, so it need not be folded."""
    unchanged = [chr(code) for code in range(0x80, 0x10000) if not re.match(FOLDABLE, chr(code))]
    in_forms = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz @.-:+()/_%'<>[]{}")
    assert not {folded(sign) for sign in unchanged} & in_forms


# --- columns ----------------------------------------------------------------------------------------------------------


def cell(**facts: Any) -> Cell:
    """A looked-at cell of a plan."""
    plan = plan_of(standard_of(column("v", max_length=None, **facts)))
    return plan.cell("v")


def judged(values: list[str | None], one: Cell, finder: Any = None) -> list[bool | None]:
    """What the expression says of each, no text being fine."""
    frame = pl.DataFrame({"v": pl.Series(values, dtype=pl.String)})
    text = pl.col("v")
    return frame.select(text.is_null() | holds_none(text, one, finder)).to_series().to_list()


class Nosy:
    """A finder that takes the word Bob for a person."""

    def hits(self, texts: Any) -> list[list[Hit]]:
        """Where Bob stands."""
        return [[Hit("person", one.index("Bob"), one.index("Bob") + 3)] if "Bob" in one else [] for one in texts]


def test_a_column_is_judged_value_by_value() -> None:
    """Each value for itself, missing ones aside; a finder is asked of free text only."""
    values = ["fine", None, "a@example.com", "Bob", "Bob", "１２０－８１－４７５２１"]
    assert judged(values, cell()) == [True, True, False, True, True, False]
    assert judged(values, cell(), Nosy()) == [True, True, False, True, True, False]
    free = cell(free_text=FreeText.QUARANTINE)
    assert judged(values, free, Nosy()) == [True, True, False, False, False, False]
    assert judged(["fine", None], cell()) == [True, True]
    assert judged(["fine", "192.0.2.17"], cell(holds=("ip",))) == [True, True]


def test_redacted_columns_keep_their_rows() -> None:
    """What forms and the finder found is replaced, all else is as it was sent."""
    free = cell(free_text=FreeText.REDACT)
    values = ["fine", None, "mail a@example.com", "Bob: 010-1234-5678", "Bob"]
    frame = pl.DataFrame({"v": values})
    found = frame.select(without(pl.col("v"), free, Nosy())).to_series().to_list()
    assert found == ["fine", None, "mail [email]", "[person]: [phone]", "[person]"]
    assert frame.select(without(pl.col("v"), free, None)).to_series().to_list()[3:] == ["Bob: [phone]", "Bob"]


@pytest.mark.parametrize(
    ("looked_at", "facts"),
    [
        (True, {}),
        (True, {"pattern": r"\A[!-~]+\z"}),
        (True, {"holds": ("ip",)}),
        (False, {"holds": tuple(Kind)}),
        (False, {"pattern": r"\A[0-9]{6}\z"}),
        (False, {"pattern": r"\AR[0-9]{11}\z"}),
        (False, {"values": ("a", "b")}),
        (False, {"codes": "iso3166-alpha3"}),
        (False, {"protection": Protection.DROP}),
        (False, {"protection": Protection.MASK}),
        (False, {"protection": Protection.UNIT_ID, "domain": "firms"}),
        (False, {"type": Type.INTEGER}),
    ],
)
def test_only_what_may_hold_identifiers_is_looked_at(looked_at: bool, facts: dict[str, Any]) -> None:
    """Not lists, nor what is not stored as it was sent, nor what a pattern leaves no room in, nor what is declared."""
    assert bool(looking.sought(column("v", **facts))) is looked_at
    assert looking.refuses(column("v", **facts)) is looked_at
    if looked_at:
        assert not looking.refuses(column("v", free_text=FreeText.REDACT, **facts))


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        (r"\A[0-9]{13}\z", {"corporate", "frn", "phone", "rrn"}),
        (r"\A[０-９]{13}\z", {"corporate", "frn", "phone", "rrn"}),
        (r"\A9[0-9]{12}\z", {"frn", "rrn"}),
        (r"\AT[0-9]{4}(?:\.[0-9]{3})?\z", set()),
        (r"\ACWE-[0-9]{1,5}(?:, CWE-[0-9]{1,5}){0,19}\z", set()),
        (r"\A[가-힣]+\z", set()),
        (r"\A[A-Za-z.@]*\z", {"email"}),
        (r"\A(?:[A-Z]\.){3,}\z", set()),
        (r"\A[^0-9０-９]{1,300}\z", {"email", "ip"}),  # letters alone can be either
        (r"\A(|x|[0-9]{3}-?[0-9]{2}-[0-9]{4})\z", {"ssn", "phone"}),
        (r"\A[a\]\-]{2,}\z", set()),
        (r"\A(?:a?b?)*\z", set()),
    ],
)
def test_a_pattern_leaves_room_or_it_does_not(pattern: str, kinds: set[str]) -> None:
    """Exactly the kinds of which a text of the pattern can hold a form."""
    assert kinds_with_room(pattern) == kinds


@given(
    st.sampled_from(
        [r"[0-9]{3}-[0-9]{2}-[0-9]{4,5}", r"[0-9A-Z ]{8,30}", r"[ -~]{0,12}", r"x?[0-9+(). -]+", r"[MS][0-9A]{8}"]
    ),
    st.data(),
)
def test_where_there_is_no_room_nothing_is_found(body: str, data: st.DataObject) -> None:
    """The law of skipping: whatever is found in a text of a pattern, its pattern left room for."""
    text = data.draw(st.one_of(st.from_regex(body, fullmatch=True), _PLAIN))
    if re.fullmatch(body, text):
        assert set(kinds_in(text)) <= kinds_with_room(rf"\A{body}\z")


def test_a_standard_says_what_becomes_of_free_text() -> None:
    """Long or unbounded text without list or pattern needs a word; a redacted key could not be told apart."""
    free = column("v", max_length=None, codes=None)
    assert [fault.code for fault in check(standard(column("id", required=True), free), {})] == [
        "protection.free-text-undeclared"
    ]
    for fine in (
        replace(free, max_length=looking.MAX_SHORT),
        replace(free, free_text=FreeText.REDACT),
        replace(free, pattern=r"\Ax*\z"),
        replace(free, protection=Protection.DROP),
    ):
        assert check(standard(column("id", required=True), fine), {}) == ()
    spoiled = {
        "protection.free-text-key": replace(column("id", required=True), free_text=FreeText.REDACT),
        "protection.holds-unknown": replace(column("id", required=True), holds=("nose",)),
        "protection.holds-unkept": column("id", Type.INTEGER, required=True, holds=("ip",)),
    }
    for code, one in spoiled.items():
        assert [fault.code for fault in check(standard(one), {})] == [code]


def test_every_form_can_be_confirmed_and_none_is_of_an_unknown_kind() -> None:
    """A form that nothing fits would be looked for in vain."""
    samples = [
        *PLAIN.values(),
        "서울 12-345678-90",
        "(415) 555-2671",
        "03-1234-5678",
        "+82 10-1234-5678",
        "hong at example dot com",
        "2001:db8::1",
        "1301110006246",
        "1588-1234",
    ]
    words = {
        "rrn": "주민등록번호",
        "frn": "외국인등록번호",
        "corporate": "법인등록번호",
        "brn": "사업자등록번호",
        "licence-kr": "운전면허번호",
        "passport-kr": "여권번호",
        "ssn": "SSN",
        "my-number": "マイナンバー",
        "phone": "전화",
    }
    samples += [f"{word} {PLAIN[Kind(kind)]}" for kind, word in words.items()]
    assert [form for form in FORMS if not any(confirmed(form, one) for one in samples)] == []
    assert {form.kind for form in FORMS} == set(Kind)


# --- the sets that were written blind ---------------------------------------------------------------------------------


def test_published_rates_are_those_that_are_measured() -> None:
    """The page tells what the finders do now: more or fewer found, in either half, and it has to be written anew."""
    text = identifier_rates.PAGE.read_text(encoding="utf-8")
    assert identifier_rates.page(text) == text


def test_rates_do_not_fall() -> None:
    """Whoever changes a form and loses what was found, or takes more for one that is none, hears of it here."""
    for (language, part), rates in identifier_rates.measured().items():
        assert rates.recall >= LEAST_FOUND[language], (language, part)
        assert rates.false_positives <= MOST_WRONG[language], (language, part)
        assert rates.there.total() > 200
        assert rates.nothing > 200


@pytest.mark.parametrize(
    "unit", ["a", "a@", "a.a.", "1 ", "0-", "::", "1.1.1.", "+1 ", "at a dot ", "전화", "DE89 ", "a@b.co "]
)
def test_no_text_takes_long(unit: str) -> None:
    """The longest text that any column takes, made to be tried over and over: half a second, and never minutes."""
    begun = time.process_time()
    find("@ :: 1.1.1.1 M12345678 " + unit * (32_768 // len(unit)))
    assert time.process_time() - begun < 10
