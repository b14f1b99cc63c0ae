"""Whether what looks like an identifier is one: check digits, ranges that were assigned, days that exist. Pure.

Each check is given the identifier as it was found, folded, and the few characters before it.
"""

import re
from collections.abc import Collection
from datetime import date
from ipaddress import AddressValueError, IPv6Address, IPv6Network
from typing import Final

from datadam.registers import REGISTERS


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def _sum(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: from the right, every second digit doubled and its digits added."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    return (sum(map(int, digits[::-2])) + sum(doubled[int(digit)] for digit in digits[-2::-2])) % 10 == 0


_LAST_BIRTH: Final = 2049  # of the two centuries that two digits can mean; later ones are yet to come
_UNCHECKED: Final = date(2020, 10, 1)  # 주민등록법 시행규칙 of 2020-05-26: six random digits from then on
_OLDEST: Final = date(1926, 1, 1)  # hardly anybody is born before who comes now
_RRN_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def _birth(digits: str) -> date | None:
    """The day of birth that the first seven digits say (주민등록법 시행규칙 §2)."""
    century = 1900 if digits[6] in "1256" else 2000
    try:
        born = date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
    return born if born.year <= _LAST_BIRTH else None


def _resident(digits: str) -> bool:
    """Whether the check digit of a resident's or a foreigner's number fits: 11 or 13 less the weighted sum mod 11."""
    from_ = 13 if digits[6] in "5678" else 11
    return (from_ - _sum(digits, _RRN_WEIGHTS) % 11) % 10 == int(digits[12])


def is_resident(body: str, _: str) -> bool:
    """Numbers of who was born since October 2020 have no check digit; written with their hyphen they count."""
    digits = _digits(body)
    born = _birth(digits)
    if born is None:
        return False
    return _resident(digits) or (born >= _UNCHECKED and "-" in body)


def is_checked_foreigner(body: str, _: str) -> bool:
    """Whether day of birth and check digit hold."""
    digits = _digits(body)
    return _birth(digits) is not None and _resident(digits)


def is_new_foreigner(body: str, _: str) -> bool:
    """Numbers given since October 2020 have no check digit, whenever their holder was born: the hyphen has to do."""
    born = _birth(_digits(body))
    return born is not None and born >= _OLDEST


def is_born(body: str, _: str) -> bool:
    """Whether the number begins with a day of birth: enough where a word before it says what it is."""
    return _birth(_digits(body)) is not None


def is_business(body: str, _: str) -> bool:
    """OECD CRS, "Korea TIN": three digits of the tax office from 101 on, two of the kind, not 00, check digit."""
    digits = _digits(body)
    return digits[3:5] != "00" and REGISTERS["kr-brn"].holds(digits)


def is_corporate(body: str, _: str) -> bool:
    """등록번호의 부여에 관한 규칙: registry, kind, number, check digit; a resident's number goes first."""
    digits = _digits(body)
    return REGISTERS["kr-crn"].holds(digits) and digits[:4] != "0000"


def is_card(body: str, _: str) -> bool:
    """ISO/IEC 7812: an issuer's range of one of the schemes, as many digits as it gives, and the Luhn digit."""
    digits = _digits(body)
    return luhn(digits) and any(
        low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS
    )


_ISSUERS: Final[tuple[tuple[str, str, Collection[int]], ...]] = (
    ("4", "4", (16, 19)),  # Visa; those of 13 digits are gone
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("36", "36", range(14, 20)),
    ("38", "39", range(16, 20)),
    ("3528", "3589", range(16, 20)),  # JCB
    ("6011", "6011", range(16, 20)),  # Discover
    ("644", "659", range(16, 20)),
    ("62", "62", range(16, 20)),  # UnionPay
    ("81", "81", range(16, 20)),
    ("50", "50", range(16, 20)),  # Maestro
    ("56", "58", range(16, 20)),
    ("63", "63", range(16, 20)),
    ("67", "67", range(16, 20)),
    ("94", "94", (16,)),  # Korean domestic cards
)

IBAN_LENGTHS: Final = {
    # SWIFT, "IBAN Registry": how many characters the numbers of a country have, ascending
    15: ("NO",),
    16: ("BE",),
    18: ("DK", "FI", "FK", "FO", "GL", "NL", "SD"),
    19: ("MK", "SI"),
    20: ("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"),
    21: ("CH", "HR", "LI", "LV"),
    22: ("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"),
    23: ("AE", "GI", "IL", "IQ", "OM", "SO", "TL"),
    24: ("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"),
    25: ("LY", "PT", "ST"),
    26: ("IS", "TR"),
    27: ("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"),
    28: ("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"),
    29: ("BR", "EG", "PS", "QA", "UA"),
    30: ("JO", "KW", "MU", "YE"),
    31: ("MT", "SC"),
    32: ("LC",),
    33: ("RU",),
}


def is_iban(body: str, _: str) -> bool:
    """ISO 13616-1: the first four characters put last, letters as numbers from 10 on, by ISO 7064 MOD 97-10."""
    text = body.replace(" ", "").replace("-", "").upper()
    return text.isascii() and int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_social(body: str, _: str) -> bool:
    """US SSA, "Social Security Number Randomization": no area 000, 666 or 9xx, no group 00, no serial 0000."""
    digits = _digits(body)
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def is_my_number(body: str, _: str) -> bool:
    """平成二十六年総務省令第八十五号 article 5: 11 less the weighted sum mod 11, 0 where that is 10 or 11."""
    digits = _digits(body)
    left = _sum(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(digits[11]) == (0 if left <= 1 else 11 - left) and len(set(digits)) > 1


def is_email(body: str, _: str) -> bool:
    """RFC 5321 §4.1.2, as addresses are written: no dot first, last or twice; no file name such as `logo@2x.png`."""
    local, _, domain = body.rpartition("@")
    return not (local.startswith(".") or local.endswith(".") or ".." in local) and domain.rpartition(".")[
        2
    ].lower() not in {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "md"}


def is_quad(body: str, before: str) -> bool:
    """RFC 791; not one that says that it is a version, nor what is nobody's: this network, the loopback, a netmask."""
    first, *_, last = map(int, re.findall("[0-9]+", body))
    nobody = first in {0, 127} or (first == 255 and last in {0, 255}) or _VERSION.search(before) is not None  # noqa: PLR2004  (netmasks)
    return not nobody


_VERSION: Final = re.compile(
    r"(?i)(?:\bv|\bver|version|release|build|firmware|driver|clause|section|버전|판본|빌드|제|조|항)[ .:=]{0,3}\Z"
)
_ROUTED: Final = tuple(map(IPv6Network, ("2000::/3", "fc00::/7", "fe80::/10", "64:ff9b::/96")))


def is_colons(body: str, _: str) -> bool:
    """RFC 4291 §2.2, of the ranges in which hosts are (RFC 4291, RFC 4193, RFC 6052)."""
    try:
        address = IPv6Address(body)
    except AddressValueError:
        return False
    return any(address in network for network in _ROUTED)


def is_phone(body: str, _: str) -> bool:
    """8 to 15 digits (ITU-T E.164), and not all the same."""
    digits = _digits(body)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 1  # noqa: PLR2004  (E.164)


def is_international(body: str, before: str) -> bool:
    """A country code that the ITU assigned (list of E.164); of North America an area from 2 on."""
    digits = _digits(body)
    known = any(digits.startswith(code) for code in _CALLING)
    return known and not (digits[0] == "1" and digits[1] in "01") and is_phone(body, before)


_CALLING: Final = tuple(
    re.findall(
        "[0-9]+",
        """
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84
    86 90 91 92 93 94 95 98 211 212 213 216 218 22 23 240 241 242 243 244 245 246 247 248 249 25 260 261 262 263 264
    265 266 267 268 269 290 291 297 298 299 35 370 371 372 373 374 375 376 377 378 379 380 381 382 383 385 386 387
    389 420 421 423 50 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 68 690 691 692 800
    808 850 852 853 855 856 870 878 88 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992
    993 994 995 996 998
        """,
    )
)


def is_north_american(body: str, before: str) -> bool:
    """North American Numbering Plan: neither area nor exchange ends with 11."""
    digits = _digits(body)[-10:]
    return digits[1:3] != "11" and digits[4:6] != "11" and is_phone(body, before)


def always(_: str, __: str) -> bool:
    """No check: the form says enough."""
    return True
