r"""How others write numbers and dates, and which of these ways a whole column proves. Pure.

A way of writing (`NumberForm`, `DateForm`) is declared by a contributor or proven by *all* values of a column: one
value that only one way can read settles it. `1,234` alone settles nothing, and neither does `03/04/2024`: such a
column is asked about, because a guess is wrong by a factor of a thousand or by months, and nobody sees it.

A column is judged by counts alone, one for each of `PROBES`: how many of its values a regular expression matches. So
an engine counts them in one streaming pass, and what the counts prove is decided here, without any row. The
expressions stay in what RE2 and Java share, as those of a plan do.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final, TypeAlias

from datadam.model import DateForm, NumberForm

Counts: TypeAlias = Mapping[str, int]
"""Probe → how many values of a column it matches; `PRESENT` counts those that are there at all, `NARROWED` those that
have full-width digits or signs."""

PRESENT: Final = "present"
NARROWED: Final = "narrowed"
WIDE: Final[Mapping[str, str]] = {
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    "＋": "+", "－": "-", "−": "-", "．": ".", "，": ",", "／": "/", "：": ":", "’": "'", "＇": "'",
}  # fmt: skip
"""Full-width digits and signs, and the true minus, as ASCII: what NFKC says of them, and of nothing else."""
CANONICAL: Final = NumberForm()

_GROUPS: Final = {"": "", ",": ",", ".": r"\.", " ": "[ \u00a0\u202f\u2009]", "'": "'"}
_DECIMALS: Final = {".": r"\.", ",": ","}
_WHOLE, _FRACTION = 18, 18  # digits that a probe lets in; a cast is stricter
ERAS: Final[Mapping[str, int]] = {"令和": 2018, "平成": 1988, "昭和": 1925, "R": 2018, "H": 1988, "S": 1925}
"""Japanese era → the year before its first: 令和6年 is 2024. The first year may be written 元."""
_ERA: Final = f"(?:{'|'.join(ERAS)})"
_YEAR, _MONTH, _DAY = "[1-9][0-9]{3}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_ERA_YEAR: Final = f"(?:{_YEAR}|{_ERA} ?(?:[1-9][0-9]?|元))"
_BETWEEN: Final = ("-", "/", r"\.", r"\. ")
_YMD: Final = "|".join(
    [
        *(f"{_ERA_YEAR}{between}{_MONTH}{between}{_DAY}" for between in _BETWEEN),
        rf"{_YEAR}\. ?{_MONTH}\. ?{_DAY}\.",  # 2024. 3. 5.
        f"{_YEAR}년 ?{_MONTH}월 ?{_DAY}일",
        f"{_ERA_YEAR}年 ?{_MONTH}月 ?{_DAY}日",
        "(?:19|20|21)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",  # 20240305
    ]
)
_ORDERS: Final[Mapping[DateForm, str]] = {
    DateForm.YMD: _YMD,
    DateForm.DMY: "|".join(f"{_DAY}{between}{_MONTH}{between}{_YEAR}" for between in _BETWEEN),
    DateForm.MDY: "|".join(f"{_MONTH}{between}{_DAY}{between}{_YEAR}" for between in _BETWEEN),
}
_SAME: Final = "|".join(f"0?{n}{b}0?{n}{b}{_YEAR}" for b in _BETWEEN for n in range(1, 13))  # 05/05/2024: either way
_GAP: Final = "[Tt ]"
_CLOCK: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_TIME: Final = _GAP + _CLOCK
_ZONE: Final = r"(?:[Zz]|[+-](?:0[0-9]|1[0-8]):[0-5][0-9])?"
CLOCK_AT_END: Final = rf"{_GAP}({_CLOCK})({_ZONE})\z"
"""Where an instant's time of day begins; the time, and the offset."""
_SERIAL: Final = r"\A[1-9][0-9]{0,6}(?:\.0+)?\z"

FIRST_1900, FIRST_1904 = date(1899, 12, 31), date(1904, 1, 1)
LEAP_BUG: Final = 60  # Excel's 1900 system has a 29 February 1900: that serial is no day, later ones are one too many
LAST_1900, LAST_1904 = 2_958_465, 2_957_003  # 9999-12-31


def number_body(form: NumberForm, *, whole: int, fraction: int) -> str:
    """A number without its sign in this form: at most so many digits before and after the decimal sign."""
    group = _GROUPS[form.group]
    digits = f"[0-9]{{1,{whole}}}"
    threes = (whole - 3) // 3
    if group and threes > 0:
        digits = f"(?:{digits}|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}}){{1,{threes}}})"
    return digits + (f"(?:{_DECIMALS[form.decimal]}[0-9]{{1,{fraction}}})?" if fraction else "")


def date_form(form: DateForm, *, instant: bool) -> str:
    """The lexical form of dates, or of instants, in this order."""
    if form in {DateForm.EXCEL_1900, DateForm.EXCEL_1904}:
        return _SERIAL
    return rf"\A(?:{_ORDERS[form]}){_TIME + _ZONE if instant else ''}\z"


# --- canonical texts --------------------------------------------------------------------------------------------------


def narrow(text: str) -> str:
    """A text with full-width digits and signs made ASCII."""
    return text.translate(_NARROW)


_NARROW: Final = str.maketrans(dict(WIDE))


def group_pattern(form: NumberForm) -> str:
    """What stands between the digits of a number in this form, as a regular expression; empty where nothing may."""
    return _GROUPS[form.group]


def canonical_number(text: str, form: NumberForm) -> str:
    """A number of this form with a decimal point and no groups. `text` must have the form."""
    plain = re.sub(_GROUPS[form.group], "", text) if form.group else text
    return plain.replace(form.decimal, ".")


def canonical_date(text: str, form: DateForm) -> str | None:
    """A date or instant of this form as ISO 8601; None for a serial that is no day. `text` must have the form."""
    if form in {DateForm.EXCEL_1900, DateForm.EXCEL_1904}:
        return _serial(int(text.partition(".")[0]), form)
    clock = re.search(CLOCK_AT_END.replace(r"\z", r"\Z"), text)
    if clock is None:
        return _iso(text, form)
    hour, _, rest = clock[1].partition(":")
    return f"{_iso(text[: clock.start()], form)}T{hour.zfill(2)}:{rest if ':' in rest else rest + ':00'}{clock[2]}"


def _iso(day: str, form: DateForm) -> str:
    era = next((name for name in ERAS if day.startswith(name)), None)
    numbers = re.findall("[0-9]+", day.replace("元", "1"))
    if len(numbers) == 1:
        numbers = [numbers[0][:4], numbers[0][4:6], numbers[0][6:]]
    places = {DateForm.YMD: (0, 1, 2), DateForm.DMY: (2, 1, 0), DateForm.MDY: (2, 0, 1)}[form]
    year, month, number = (int(numbers[place]) for place in places)
    return f"{year + (ERAS[era] if era else 0):04}-{month:02}-{number:02}"


def _serial(number: int, form: DateForm) -> str | None:
    if form is DateForm.EXCEL_1904:
        return None if number > LAST_1904 else (FIRST_1904 + timedelta(days=number)).isoformat()
    if number == LEAP_BUG or number > LAST_1900:
        return None
    return (FIRST_1900 + timedelta(days=number - (number > LEAP_BUG))).isoformat()


# --- proof ------------------------------------------------------------------------------------------------------------

NUMBER_FORMS: Final[tuple[NumberForm, ...]] = (
    *(NumberForm(decimal=".", group=group) for group in ("", ",", " ", "'")),
    *(NumberForm(decimal=",", group=group) for group in ("", ".", " ", "'")),
)
ORDERS: Final = (DateForm.YMD, DateForm.DMY, DateForm.MDY)
SYSTEMS: Final = (DateForm.EXCEL_1900, DateForm.EXCEL_1904)

_EXPONENT: Final = "(?:[eE][+-]?[0-9]{1,3})?"


def _probes() -> Iterator[tuple[str, str]]:
    yield "number", r"\A[+-]?[0-9](?:[0-9.,' \x{a0}\x{202f}\x{2009}]*[0-9])?" + _EXPONENT + r"\z"
    for form in NUMBER_FORMS:
        yield form.example, rf"\A[+-]?{number_body(form, whole=_WHOLE, fraction=_FRACTION)}{_EXPONENT}\z"
    yield "number-comma", r"\A[+-]?[1-9][0-9]{0,2},[0-9]{3}\z"  # 1,234: a thousand, or one and a bit
    yield "number-point", r"\A[+-]?[1-9][0-9]{0,2}\.[0-9]{3}\z"
    time = f"(?:{_TIME}{_ZONE})?"
    yield "date", rf"\A(?:{'|'.join(_ORDERS.values())}){time}\z"
    yield "date-iso", rf"\A{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){time}\z"
    for order, body in _ORDERS.items():
        yield str(order), rf"\A(?:{body}){time}\z"
    yield "date-same", rf"\A(?:{_SAME}){time}\z"
    yield "serial", _SERIAL


def _readable(pattern: str) -> str:
    return re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), pattern)


PROBES: Final[Mapping[str, str]] = {name: _readable(pattern) for name, pattern in _probes()}
"""What is counted of a column. Values are trimmed and narrowed first; empty ones are not counted."""


@cache
def _compiled() -> Mapping[str, re.Pattern[str]]:
    """The probes, once they are asked for: compiling them takes longer than counting a small file."""
    return {name: re.compile(pattern.replace(r"\z", r"\Z")) for name, pattern in PROBES.items()}


def count(values: Iterable[str], into: dict[str, int] | None = None) -> dict[str, int]:
    """Count the probes over values as text, adding to `into`: what an engine does natively, here one by one."""
    found = dict.fromkeys((PRESENT, NARROWED, *PROBES), 0) if into is None else into
    probes = _compiled()
    for value in values:
        sent = value.strip()
        text = narrow(sent)
        if text:
            found[PRESENT] += 1
            found[NARROWED] += text != sent
            for name, pattern in probes.items():
                found[name] += pattern.search(text) is not None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The column can be read in one way only. None: as every standard writes it, nothing is to be declared."""

    form: NumberForm | DateForm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The column can be read in several ways, or in none: the contributor has to say which of `options` holds."""

    options: tuple[str, ...]
    mixed: bool = False  # no single way reads all values that look like numbers or dates


def numbers(counts: Counts) -> Proven | Open:
    """How the numbers of a column are written, if its values prove it.

    What does not look like a number (`-`, `W`, `n/a`) or can be read in no way proves nothing; it is refused later,
    row by row.
    """
    like = counts["number"]
    able = [form for form in NUMBER_FORMS if counts[form.example] == like]
    options = tuple(form.example for form in NUMBER_FORMS if counts[form.example])
    if not options:  # too many digits for any: there is no question that would settle it
        return Proven(form=None)
    if not able:
        return Open(options=options, mixed=True)
    for probe, sign in (("number-comma", ","), ("number-point", ".")):
        as_decimal = [form for form in able if form.decimal == sign and form.group == ""]
        as_group = [form for form in able if form.group == sign]
        if counts[probe] and as_decimal and as_group:
            return Open(options=(as_group[0].example, as_decimal[0].example))
    return Proven(form=None if able[0] == CANONICAL and not counts[NARROWED] else able[0])


def dates(counts: Counts) -> Proven | Open:
    """How the dates of a column are written, if its values prove it. Serial numbers never tell their system."""
    like, serial = counts["date"], counts["serial"]
    if not like:
        return Open(options=tuple(map(str, SYSTEMS))) if serial and serial == counts[PRESENT] else Proven(form=None)
    if counts["date-iso"] == like and not counts[NARROWED]:
        return Proven(form=None)
    able = [order for order in ORDERS if counts[order] == like]
    if not able:
        # a year in front is never misread: where most dates have it, the others are refused row by row
        for probe, form in (("date-iso", None), (str(DateForm.YMD), DateForm.YMD)):
            if counts[probe] * 2 > like and not (form is None and counts[NARROWED]):
                return Proven(form=form)
        return Open(options=tuple(str(order) for order in ORDERS if counts[order]), mixed=True)
    if len(able) > 1 and counts["date-same"] < like:
        return Open(options=tuple(map(str, able)))
    return Proven(form=able[0])
