"""Which business numbers a firm may give, and whether one can be right: length, characters, checksum.

A number that passes may still belong to nobody, or to somebody else: that is for the operator, who asks the register.
Numbers of natural persons (Spanish NIF of persons, Italian codice fiscale) are refused on purpose: personal data.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from datadam.errors import Invalid

_SEPARATORS: Final = re.compile(r"[ .\-/]")
_MAX: Final = 40  # characters as typed, separators included

# ISO 3166-1, officially assigned alpha-2 codes.
_COUNTRIES: Final = frozenset(
    re.findall(
        "[A-Z]{2}",
        """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """,
    )
)


def jurisdiction(code: str) -> str:
    """The country code, if ISO 3166-1 assigns it (two capital letters); otherwise `Invalid`."""
    if code not in _COUNTRIES:
        raise Invalid("register.country-unknown", country=code[:20])
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register, how its numbers are written (`form`, after `prefix`) and when one adds up."""

    title: str
    country: str | None  # None: the whole world
    length: int  # characters without the prefix
    form: re.Pattern[str]
    holds: Callable[[str], bool]
    prefix: str = ""
    pad: bool = False  # digits alone may come without their leading zeros


def check(register: str, number: str) -> str:
    """The number as its register writes it: capitals, no separators, with its prefix.

    Raises `Invalid`: `register.unknown`, `.number-length`, `.number-characters` or `.number-checksum`.
    """
    if register not in REGISTERS:
        raise Invalid("register.unknown", register=register[:40], known=sorted(REGISTERS))
    rules = REGISTERS[register]
    if len(number) > _MAX:
        raise Invalid("register.number-length", register=register, number=number[:_MAX], length=rules.length)
    text = _SEPARATORS.sub("", number).upper()
    text = text.removeprefix(rules.prefix) if len(text) > rules.length else text
    if rules.pad and text.isascii() and text.isdigit():
        text = text.zfill(rules.length)
    if len(text) != rules.length:
        raise Invalid("register.number-length", register=register, number=number, length=rules.length)
    if not rules.form.fullmatch(text):
        raise Invalid("register.number-characters", register=register, number=number)
    if not rules.holds(text):
        raise Invalid("register.number-checksum", register=register, number=number)
    return rules.prefix + text


# --- sums -------------------------------------------------------------------------------------------------------------


def _weighted(text: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=True))


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1 annex B: from the right, every second digit doubled and its digits added."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    return (sum(map(int, text[::-2])) + sum(doubled[int(digit)] for digit in text[-2::-2])) % 10 == 0


def _number(text: str) -> int:
    """The number that ISO 7064 makes of letters and digits: A is 10, Z is 35."""
    return int("".join(str(int(character, 36)) for character in text))


def _any(_: str) -> bool:
    return True


# --- registers --------------------------------------------------------------------------------------------------------


def _lei(text: str) -> bool:
    """ISO 17442-1: check digits by ISO 7064 MOD 97-10."""
    return _number(text) % 97 == 1


def _kr_brn(text: str) -> bool:
    """Korean 사업자등록번호 (OECD CRS, "Korea TIN"): weights 1 3 7 …, 5; the last product adds its tens."""
    total = _weighted(text[:9], (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(text[8]) * 5 // 10
    return (total + int(text[9])) % 10 == 0


def _kr_corp(text: str) -> bool:
    """Korean 법인등록번호 (등록번호의 부여에 관한 규칙, 오류검색번호): weights 1 2 1 2 …, products added as they are.

    A doubled digit and the one five higher weigh the same, so half of such slips pass.
    """
    return (_weighted(text[:12], (1, 2) * 6) + int(text[12])) % 10 == 0


def _jp_corp(text: str) -> bool:
    """Japanese 法人番号 (平成二十六年財務省令第七十号, article 2): 9 - Σ mod 9; 0 and 9 weigh the same."""
    return 9 - _weighted(text[1:], (2, 1) * 6) % 9 == int(text[0])


def _us_ein(text: str) -> bool:
    """US Employer Identification Number: no checksum; prefixes that the IRS lists in "Valid EIN prefixes"."""
    return text[:2] not in _US_UNASSIGNED


def _de_vat(text: str) -> bool:
    """German USt-IdNr. (VIES construction rules, DE): ISO 7064 MOD 11,10."""
    product = 10
    for digit in text[:8]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(text[8])


def _fr_vat(text: str) -> bool:
    """French TVA (VIES construction rules, FR): a key of two characters, then the SIREN, which has a Luhn digit.

    Numbers of Monaco begin their SIREN with 000, without a Luhn digit.
    """
    key, siren = text[:2], text[2:]
    if not siren.startswith("000") and not _luhn(siren):
        return False
    if key.isdigit():
        return int(siren + "12") % 97 == int(key)
    first, second = (_FR_KEY.index(character) for character in key)
    value = first * 24 + second - 10 if key[0].isdigit() else first * 34 + second - 100
    return (int(siren) + 1 + value // 11) % 11 == value % 11


def _nl_vat(text: str) -> bool:
    """Dutch btw-id: of legal entities by the elfproef of the RSIN (VIES), of sole traders since 2020 by MOD 97-10."""
    eleven = _weighted(text[:9], (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(text[:9]) > 0
    return eleven or _number("NL" + text) % 97 == 1


def _it_vat(text: str) -> bool:
    """Italian partita IVA (VIES construction rules, IT): Luhn; office 001–100, 120, 121, 888 or 999."""
    office = int(text[7:10])
    return _luhn(text) and int(text[:7]) > 0 and (1 <= office <= 100 or office in {120, 121, 888, 999})  # noqa: PLR2004  (tax offices)


def _es_vat(text: str) -> bool:
    """Spanish NIF of legal entities (Orden EHA/451/2008): Luhn, the last as digit or, for some kinds, as letter."""
    needed = next(digit for digit in range(10) if _luhn(f"{text[1:8]}{digit}"))
    if text[8].isdigit():
        return text[0] not in "NPQRSW" and int(text[8]) == needed
    return text[0] not in "JUV" and text[8] == "JABCDEFGHI"[needed]


def _tw_ubn(text: str) -> bool:
    """Taiwanese 統一編號 (Ministry of Finance, rule of April 2023): digits of products with 1 2 1 2 1 2 4 1, by 5.

    A seventh digit 7 gives 28, whose digits add up to 10: it counts as 1 or as 0, either may fit.
    """
    products = (int(digit) * weight for digit, weight in zip(text, (1, 2, 1, 2, 1, 2, 4, 1), strict=True))
    total = sum(product // 10 + product % 10 for product in products)
    return int(text) > 0 and (total % 5 == 0 or (text[6] == "7" and (total + 1) % 5 == 0))


def _au_abn(text: str) -> bool:
    """Australian ABN (Australian Business Register, "Format of the ABN"): first digit less one, weighted, by 89."""
    return (_weighted(text, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def _digits(length: int) -> re.Pattern[str]:
    return re.compile(rf"[0-9]{{{length}}}")


_US_UNASSIGNED: Final = frozenset(re.findall("..", "0007080917181928294969707879899697"))
_FR_KEY: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O
# Companies House, "Uniform resource identifiers": eight characters, England and Wales without letters.
_GB_NUMBER: Final = re.compile(
    r"[0-9]{8}|R[0-9]{7}|(IP|SP|NP|NO|RS)[0-9]{5}[0-9A-Z]|"
    r"(AC|CE|CS|ES|FC|FE|GE|GN|GS|IC|LP|NA|NC|NF|NI|NL|NR|NV|NZ|OC|OE|PC|RC|SA|SC|SE|SF|SG|SI|SL|SO|SR|SZ|ZC)[0-9]{6}"
)

REGISTERS: Final[Mapping[str, Register]] = {
    "lei": Register(
        title="Legal Entity Identifier",
        country=None,
        length=20,
        form=re.compile(r"[0-9A-Z]{18}[0-9]{2}"),
        holds=_lei,
    ),
    "au-abn": Register(
        title="Australian Business Number", country="AU", length=11, form=re.compile(r"[1-9][0-9]{10}"), holds=_au_abn
    ),
    "de-vat": Register(
        title="Umsatzsteuer-Identifikationsnummer",
        country="DE",
        length=9,
        form=re.compile(r"[1-9][0-9]{8}"),
        holds=_de_vat,
        prefix="DE",
    ),
    "es-vat": Register(
        title="NIF de persona jurídica",
        country="ES",
        length=9,
        form=re.compile(r"[ABCDEFGHJNPQRSUVW][0-9]{7}[0-9A-J]"),
        holds=_es_vat,
        prefix="ES",
    ),
    "fr-vat": Register(
        title="Numéro de TVA intracommunautaire",
        country="FR",
        length=11,
        form=re.compile(r"[0-9A-HJ-NP-Z]{2}[0-9]{9}"),
        holds=_fr_vat,
        prefix="FR",
    ),
    "gb-crn": Register(
        title="Company registration number",
        country="GB",
        length=8,
        form=_GB_NUMBER,
        holds=_any,
        pad=True,
    ),
    "it-vat": Register(title="Partita IVA", country="IT", length=11, form=_digits(11), holds=_it_vat, prefix="IT"),
    "jp-cn": Register(title="法人番号", country="JP", length=13, form=re.compile(r"[1-9][0-9]{12}"), holds=_jp_corp),
    "kr-brn": Register(
        title="사업자등록번호",
        country="KR",
        length=10,
        form=re.compile(r"[1-9][0-9]{9}"),
        holds=_kr_brn,
    ),
    "kr-crn": Register(title="법인등록번호", country="KR", length=13, form=_digits(13), holds=_kr_corp),
    "nl-vat": Register(
        title="Btw-identificatienummer",
        country="NL",
        length=12,
        form=re.compile(r"[0-9]{9}B(0[1-9]|[1-9][0-9])"),
        holds=_nl_vat,
        prefix="NL",
    ),
    "tw-ubn": Register(title="統一編號", country="TW", length=8, form=_digits(8), holds=_tw_ubn),
    "us-ein": Register(title="Employer Identification Number", country="US", length=9, form=_digits(9), holds=_us_ein),
}
"""Every register whose numbers are taken."""
