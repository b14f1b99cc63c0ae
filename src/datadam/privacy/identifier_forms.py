r"""How identifiers are written: every form that is looked for, in what Python's `re` and RE2 share. Pure.

What has no check digits, or so few that a tenth of all numbers would pass, counts only where it is separated as people
separate it, or where a word before it says what it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from datadam.privacy import identifier_checks as checks
from datadam.privacy.identifier_checks import IBAN_LENGTHS

Check: TypeAlias = Callable[[str, str], bool]
"""Whether an identifier as it was found is one; it is also given the few characters before it."""


class Kind(StrEnum):
    """What can be found."""

    RRN = "rrn"  # Korean resident registration number, 주민등록번호
    FRN = "frn"  # Korean foreigner registration number, 외국인등록번호
    BRN = "brn"  # Korean business registration number, 사업자등록번호
    CORPORATE = "corporate"  # Korean corporate registration number, 법인등록번호
    PASSPORT_KR = "passport-kr"
    LICENCE_KR = "licence-kr"  # Korean driver's licence number
    PHONE = "phone"
    CARD = "card"  # payment card number
    IBAN = "iban"
    EMAIL = "email"
    IP = "ip"
    SSN = "ssn"  # US social security number
    MY_NUMBER = "my-number"  # Japanese individual number, 個人番号


NAMES: Final = {
    **{kind: str(kind) for kind in Kind},
    Kind.RRN: "rrn (주민등록번호)",
    Kind.FRN: "frn (외국인등록번호)",
    Kind.BRN: "brn (사업자등록번호)",
    Kind.CORPORATE: "corporate (법인등록번호)",
    Kind.PASSPORT_KR: "passport-kr (여권번호)",
    Kind.LICENCE_KR: "licence-kr (운전면허번호)",
    Kind.MY_NUMBER: "my-number (個人番号)",
}
"""Each kind as a person is told of it, in any language."""


BEGINS: Final = "(?:^|[^0-9A-Za-z])"
ENDS: Final = "(?:[^0-9A-Za-z]|$)"
"""What may stand before and behind, as far as RE2 can say it."""


class Gate(StrEnum):
    """What a text must hold at least to hold any of several forms: quick to see, and mostly not there."""

    DIGITS = rf"{BEGINS}[+(]{{0,2}}[0-9](?:[ ./_()-]{{0,4}}[0-9]){{6}}"
    LETTERED = rf"{BEGINS}[A-Za-z]{{1,2}}[0-9]{{3}}[0-9A-Za-z][0-9]{{3,4}}{ENDS}"
    ACCOUNT = rf"{BEGINS}[A-Za-z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]){{11}}"
    AT = r"@|골뱅이|[\[({<] ?(?i:at|앳) ?[\])}>]| dot "
    QUAD = r"[0-9][.\[(]{1,2}[\])]?[0-9]{1,3}[.\[(]{1,2}[\])]?[0-9]{1,3}[.\[(]{1,2}[\])]?[0-9]"
    COLONS = r"[0-9A-Fa-f]::|(?:[0-9A-Fa-f]{1,4}:){7}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way of writing one kind; `before` is a word that must stand shortly before, `body` the identifier itself."""

    kind: Kind
    body: str
    holds: Check  # of the body as it was found, and the few characters before it
    before: str = ""
    gate: Gate = Gate.DIGITS
    alone: bool = False  # its groups of digits, between blanks, may not be part of a longer row of such

    @property
    def pattern(self) -> str:
        """All that must be there, and what may not stand beside the identifier."""
        return f"{self.before + GAP if self.before else BEGINS}(?:{self.body}){ENDS}"


GAP: Final = r"[^0-9]{0,12}"
"""Between a word that says what follows, and what follows."""
_DAY: Final = "[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LOCAL: Final = "[0-9A-Za-z_%+'][0-9A-Za-z._%+'-]{0,63}"
_LABEL: Final = "[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_SEP: Final = "(?: ?[-./_] ?| )"  # what stands between groups
_RRN: Final = rf"{_DAY}{_SEP}?[1-4][0-9]{{6}}"
_FRN: Final = rf"{_DAY}{_SEP}?[5-8][0-9]{{6}}"
_AREA: Final = "0(?:2|[3-6][1-5]|70|50[2-8])"  # of Korea
_TOP: Final = "[A-Za-z]{2,24}"


def _ibans() -> str:
    ways = (
        f"(?:{'|'.join(countries)})[0-9]{{2}}(?:[ -]?[0-9A-Z]){{{length - 4}}}"
        for length, countries in IBAN_LENGTHS.items()
    )
    return f"(?i:{'|'.join(ways)})"


FORMS: Final = (
    # with a word before them that says what they are
    Form(
        kind=Kind.RRN,
        before=r"(?:주민 ?(?:등록)? ?번호|(?i:rrn|resident registration))",
        body=_RRN,
        holds=checks.is_born,
    ),
    Form(
        kind=Kind.FRN,
        before=r"(?:외국인 ?(?:등록)? ?번호|거소 ?(?:신고)? ?번호|(?i:frn|arc|(?:alien|foreigner) registration))",
        body=_FRN,
        holds=checks.is_born,
    ),
    Form(
        kind=Kind.CORPORATE,
        before=r"(?:법인|등기 ?번호|(?i:corp\.? ?reg|corporate (?:registration|no)|crn))",
        body=rf"[0-9]{{6}}{_SEP}?[0-9]{{7}}",
        holds=checks.is_corporate,
    ),
    Form(
        kind=Kind.BRN,
        before=r"(?:사업자|(?i:brn|business registration))",
        body=rf"[1-9][0-9]{{2}}{_SEP}?[0-9]{{2}}{_SEP}?[0-9]{{5}}",
        holds=checks.is_business,
    ),
    Form(
        kind=Kind.LICENCE_KR,
        before=r"(?:면허|(?i:driver'?s? licen[cs]e|driving licen[cs]e))",
        body=rf"(?:1[1-9]|2[0-8]){_SEP}?[0-9]{{2}}{_SEP}?[0-9]{{6}}{_SEP}?[0-9]{{2}}",
        holds=checks.always,
    ),
    Form(
        kind=Kind.PASSPORT_KR,
        before=r"(?:여권 ?(?:번호)?|(?i:passport))",
        body=r"[A-Za-z]{1,2}[0-9]{7,8}|[MSRODGmsrodg][0-9]{3}[A-Za-z][0-9]{4}",
        holds=checks.always,
        gate=Gate.LETTERED,
    ),
    Form(
        kind=Kind.SSN,
        before=r"(?i:ssn|soc(?:ial)?\.? ?sec|social)",
        body=rf"[0-9]{{3}}{_SEP}?[0-9]{{2}}{_SEP}?[0-9]{{4}}",
        holds=checks.is_social,
    ),
    Form(
        kind=Kind.MY_NUMBER,
        before=r"(?:マイナンバー|個人番号|마이넘버|(?i:my ?number|individual number))",
        body=rf"[0-9]{{4}}{_SEP}?[0-9]{{4}}{_SEP}?[0-9]{{4}}",
        holds=checks.is_my_number,
    ),
    Form(
        kind=Kind.PHONE,
        before=r"(?:전화|연락처|휴대폰|핸드폰|휴대전화|팩스|電話|携帯|(?i:phone|mobile|cell|tel|fax))",
        body=r"[+(]?[0-9](?:[ .()-]{0,2}[0-9]){7,14}",
        holds=checks.is_phone,
    ),
    # by themselves
    Form(kind=Kind.RRN, body=_RRN, holds=checks.is_resident),
    Form(kind=Kind.FRN, body=_FRN, holds=checks.is_checked_foreigner),
    Form(kind=Kind.CORPORATE, body=rf"[0-9]{{6}}{_SEP}[0-9]{{7}}", holds=checks.is_corporate),
    Form(  # joined up: only of the registries and the kinds of companies there are
        kind=Kind.CORPORATE,
        body=r"(?:1[1-9]|2[0-8])[0-9]{2}(?:1[1-5]|2[12])[0-9]{7}",
        holds=checks.is_corporate,
    ),
    Form(kind=Kind.FRN, body=rf"{_DAY} ?- ?[5-8][0-9]{{6}}", holds=checks.is_new_foreigner),
    Form(
        kind=Kind.BRN,
        body=rf"[1-9][0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}[0-9]{{5}}",
        holds=checks.is_business,
        alone=True,
    ),
    Form(
        kind=Kind.LICENCE_KR,
        body=rf"(?:1[1-9]|2[0-8]){_SEP}[0-9]{{2}}{_SEP}[0-9]{{6}}{_SEP}[0-9]{{2}}"
        r"|(?:서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산)"
        r" ?[0-9]{2}-[0-9]{6}-[0-9]{2}",
        holds=checks.always,
        alone=True,
    ),
    Form(
        kind=Kind.PASSPORT_KR,
        body=r"[MSRODG](?:[0-9]{8}|[0-9]{3}[A-Z][0-9]{4})",
        holds=checks.always,
        gate=Gate.LETTERED,
    ),
    Form(kind=Kind.IBAN, body=_ibans(), holds=checks.is_iban, gate=Gate.ACCOUNT),
    Form(
        kind=Kind.CARD,
        body=rf"[2-69][0-9]{{3}}(?:{_SEP}[0-9]{{4}}){{3}}(?:{_SEP}[0-9]{{3}})?"
        r"|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}|[2-6][0-9]{14,15}",
        holds=checks.is_card,
    ),
    Form(
        kind=Kind.MY_NUMBER, body=rf"[0-9]{{4}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}", holds=checks.is_my_number, alone=True
    ),
    Form(kind=Kind.SSN, body=rf"[0-8][0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}[0-9]{{4}}", holds=checks.is_social, alone=True),
    Form(kind=Kind.PHONE, body=r"(?:\+|00 ?)[1-9](?:[ .()-]{0,2}[0-9]){7,14}", holds=checks.is_international),
    Form(  # Korea: mobile, then by area
        kind=Kind.PHONE,
        body=r"010[0-9]{8}|(?:\(01[016789]\)|01[016789]\)?)(?: ?[-_] ?|[ .)]{1,2})[0-9]{3,4}(?: ?[-_] ?|[ .]|)[0-9]{4}"
        rf"|(?:\({_AREA}\)|{_AREA}\)?)(?: ?- ?|[ .]?)[0-9]{{3,4}}(?: ?- ?|[ .])[0-9]{{4}}",
        holds=checks.is_phone,
    ),
    Form(  # Korea: numbers of firms for the whole country
        kind=Kind.PHONE,
        body=r"(?:15(?:22|33|44|66|77|88|99)|16(?:00|44|61|66|70|88)|18(?:00|11|33|55|77|99))-[0-9]{4}",
        holds=checks.is_phone,
    ),
    Form(  # North America
        kind=Kind.PHONE,
        body=r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-]|[2-9][0-9]{2}-[2-9][0-9]{2}-"
        r"|[2-9][0-9]{2}\.[2-9][0-9]{2}\.)[0-9]{4}",
        holds=checks.is_north_american,
    ),
    Form(  # Japan and the United Kingdom
        kind=Kind.PHONE,
        body=r"0[5789]0-[0-9]{4}-[0-9]{4}|0[1-9]-[0-9]{4}-[0-9]{4}|07[0-9]{3} ?[0-9]{3} ?[0-9]{3}"
        r"|\(?02[0-9]\)? ?[0-9]{4} [0-9]{4}|\(?01[0-9]{3}\)? [0-9]{6}|\(?0[138][0-9]{2}\)? [0-9]{3} [0-9]{4}",
        holds=checks.is_phone,
    ),
    Form(
        kind=Kind.EMAIL,
        body=rf"(?:{_LOCAL}|[가-힣]{{2,20}})@(?:{_LABEL}\.){{1,8}}{_TOP}",
        holds=checks.is_email,
        gate=Gate.AT,
    ),
    Form(  # as people write it who do not want it found
        kind=Kind.EMAIL,
        body=rf"{_LOCAL} ?(?:[\[({{<] ?(?i:at|@|골뱅이|앳) ?[\])}}>]|골뱅이) ?{_LABEL}"
        rf"(?:(?:\.| ?[\[({{<] ?(?i:dot|\.|점|닷) ?[\])}}>] ?){_LABEL}){{0,6}}"
        rf"(?:\.| ?[\[({{<] ?(?i:dot|\.|점|닷) ?[\])}}>] ?){_TOP}"
        rf"|{_LOCAL} @ ?(?:{_LABEL}\.){{1,6}}{_TOP}"
        rf"|{_LOCAL} ?골뱅이 ?{_LABEL}(?: ?(?:점|닷) ?{_LABEL}){{1,6}}"
        rf"|{_LOCAL} at {_LABEL}(?: dot {_LABEL}){{0,4}} dot {_TOP}",
        holds=checks.always,
        gate=Gate.AT,
    ),
    Form(kind=Kind.IP, body=rf"(?:{_OCTET}(?:\.|\[\.\]|\(\.\))){{3}}{_OCTET}", holds=checks.is_quad, gate=Gate.QUAD),
    Form(
        kind=Kind.IP,
        body=r"(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
        r"|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?",
        holds=checks.is_colons,
        gate=Gate.COLONS,
    ),
)
"""All that is looked for; of two that lie over one another the earlier form counts."""
