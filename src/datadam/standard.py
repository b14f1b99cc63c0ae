"""A Standard: check itself, name what is enforced. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from datadam import coarsening
from datadam.digits import MAX_PRECISION, MAX_SCALE, MAX_WHOLE_DIGITS, bound, sendable_digits
from datadam.errors import DamError, Invalid
from datadam.legal_roles import BASES, GENERAL, NONE, PARTIES, ROLES, Space
from datadam.model import (
    Attribution,
    CodeList,
    Column,
    LegalRoles,
    PrivacyClass,
    Protection,
    Reason,
    Repeat,
    Standard,
    Tier,
    Type,
    fold,
    is_column_name,
    standard_id,
    version_of,
)
from datadam.patterns import pattern_faults
from datadam.privacy import declaring, looking

LANGUAGES: Final = ("en", "ko")  # every title and description is there in these
MAX_COLUMNS: Final = 200  # wider tables are several standards
MAX_RULES: Final = 62  # a row's failed rules are one signed 64-bit mask, with room for the sign
MAX_SYNONYMS: Final = 100
MAX_MASK_KEEP: Final = 4  # characters of a masked value that may stay readable
MAX_QUORUM: Final = 7  # stewards' signatures that one statement carries, beside the dam's own
MAX_NOTICE_DAYS: Final = 365
PERIODS: Final = ("day", "week", "month", "quarter", "year")

_MARKING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:+._-]{0,39}")
_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_MEMBER: Final = re.compile(r"m-[0-9a-f]{20}")
_OPERATORS: Final = frozenset({"<", "<=", ">", ">=", "=", "!="})
_EQUALITIES: Final = frozenset({"=", "!="})
_NO_TYPE: Final = ("type", Type.TEXT)


# --- check ------------------------------------------------------------------------------------------------------------


def check(standard: Standard, codes: Mapping[str, CodeList]) -> tuple[DamError, ...]:
    """Find every fault of a draft at once, in the order of its text; an empty answer means it may be published."""
    return (
        *_head_faults(standard),
        *_column_list_faults(standard),
        *(fault for column in standard.columns for fault in _column_faults(column, standard, codes)),
        *_key_faults(standard),
        *_rule_faults(standard),
        *_term_faults(standard),
        *declaring.faults(standard, codes),
    )


def rule_ids(standard: Standard) -> tuple[str, ...]:
    """The most rules that a plan of this standard can have, by id: bit b of a row's mask is rule b."""
    found: list[str] = []
    for column in standard.columns:
        kinds = {
            "required": column.required,
            "type": True,
            "range": column.minimum is not None or column.maximum is not None,
            "length": column.type is Type.TEXT,  # where the standard sets no limit the dam does
            "pattern": column.pattern is not None,
            "codes": column.codes is not None or bool(column.values) or column.reference is not None,
            "unit": bool(column.units),
        }
        # text is text whatever it holds: it has no type to fail
        found += [f"{column.name}.{kind}" for kind, there in kinds.items() if there and (kind, column.type) != _NO_TYPE]
    if standard.key and standard.repeat is not Repeat.KEEP:
        found.append("key.unique")
        found += ["key.repeat"] if standard.repeat is Repeat.REFUSE else []
    looked_at = (f"{column.name}.identifier" for column in standard.columns if looking.refuses(column))
    return (*found, *(rule.id for rule in standard.rules), *looked_at)


def _head_faults(standard: Standard) -> Iterator[DamError]:
    for read, text in ((standard_id, standard.id), (version_of, standard.version)):
        try:
            read(text)
        except Invalid as error:
            yield error
    yield from _language_faults("standard", standard.titles, standard.descriptions)


def _language_faults(where: str, titles: Mapping[str, str], descriptions: Mapping[str, str]) -> Iterator[DamError]:
    for part, texts in (("title", titles), ("description", descriptions)):
        for language in LANGUAGES:
            if not texts.get(language, "").strip():
                yield Invalid("standard.language-missing", where=where, part=part, language=language)


def _column_list_faults(standard: Standard) -> Iterator[DamError]:
    if not 1 <= len(standard.columns) <= MAX_COLUMNS:
        yield Invalid("standard.column-count", count=len(standard.columns), limit=MAX_COLUMNS)
    counts = Counter(column.name for column in standard.columns)
    for name, count in counts.items():
        if not is_column_name(name):
            yield Invalid("standard.column-name", column=name[:80])
        if count > 1:
            yield Invalid("standard.column-repeated", column=name)
    owners: dict[str, list[str]] = {}
    for column in standard.columns:
        for key in {plain(text) for text in known_as(column)} - {""}:
            owners.setdefault(key, []).append(column.name)
    for key, names in sorted(owners.items()):
        if len(set(names)) > 1:
            yield Invalid("standard.synonym-shared", name=key, columns=", ".join(sorted(set(names))))
    ids = rule_ids(standard)
    if len(ids) > MAX_RULES:
        yield Invalid("standard.rules-too-many", count=len(ids), limit=MAX_RULES)


def known_as(column: Column) -> tuple[str, ...]:
    """Every text by which a header may mean this column."""
    return (column.name, *column.titles.values(), *column.synonyms)


def plain(text: str) -> str:
    """A header as it is compared: folded, letters and digits only, so that `cveID` is `CVE id` is `cve_id`."""
    return "".join(character for character in fold(text) if character.isalnum())


def bears(column: Column, key: str) -> bool:
    """Whether a header, as it is compared, is one of the column's names."""
    return key in _keys(known_as(column))


@lru_cache(2048)
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(plain, names))


def resolve(codes: CodeList, value: str) -> str | None:
    """The code that a value means: the code itself, or the one that a name of it stands for."""
    return value if value in codes.codes else codes.aliases.get(fold(value))


def _column_faults(column: Column, standard: Standard, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    yield from _language_faults(column.name, column.titles, column.descriptions)
    if len(column.synonyms) > MAX_SYNONYMS or any(not plain(text) for text in column.synonyms):
        yield Invalid("standard.synonyms-wrong", column=column.name, limit=MAX_SYNONYMS)
    yield from _type_faults(column)
    yield from _range_faults(column)
    yield from _text_faults(column, codes)
    yield from _unit_faults(column)
    yield from _protection_faults(column, standard)
    yield from _marking_faults(column, standard, codes)
    yield from coarsening.faults(column, codes)
    yield from looking.faults(column, standard)


def _type_faults(column: Column) -> Iterator[DamError]:
    if column.type is Type.DECIMAL:
        if not (1 <= column.precision <= MAX_PRECISION and 0 <= column.scale <= column.precision):
            yield Invalid("standard.decimal-digits", column=column.name, limit=MAX_PRECISION)
        elif column.scale > MAX_SCALE:
            whole = MAX_WHOLE_DIGITS
            yield Invalid("standard.decimal-too-fine", column=column.name, limit=MAX_SCALE, whole=whole)
    elif column.scale:
        yield Invalid("standard.scale-without-decimal", column=column.name, type=str(column.type))


def _range_faults(column: Column) -> Iterator[DamError]:
    bounds = [("minimum", column.minimum), ("maximum", column.maximum)]
    values = [bound(column.type, value) for _, value in bounds if value is not None]
    wrong = [name for name, value in bounds if value is not None and bound(column.type, value) is None]
    for name in wrong:
        yield Invalid("standard.range-type", column=column.name, bound=name, type=str(column.type))
    if not wrong and len(values) == len(bounds) and values[0] > values[1]:  # type: ignore[operator]  # one type each
        yield Invalid("standard.range-order", column=column.name)
    if column.type is Type.DECIMAL and not wrong:
        for name, value in bounds:
            if isinstance(value, Decimal) and not _fits(value, column):
                yield Invalid("standard.range-digits", column=column.name, bound=name)


def _fits(value: Decimal, column: Column) -> bool:
    digits = -int(value.normalize().as_tuple().exponent)
    return digits <= column.scale and abs(value) < Decimal(10) ** (column.precision - column.scale)


def _text_faults(column: Column, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    texts = {
        "minLength": column.min_length is not None,
        "maxLength": column.max_length is not None,
        "pattern": column.pattern is not None,
        "codes": column.codes is not None,
        "enum": bool(column.values),
    }
    if column.type is not Type.TEXT:
        for term in [term for term, there in texts.items() if there]:
            yield Invalid("standard.text-only", column=column.name, term=term, type=str(column.type))
    least, most = column.min_length or 0, column.max_length
    if least < 0 or (most is not None and most < max(1, least)):
        yield Invalid("standard.length-order", column=column.name)
    if column.pattern is not None:
        yield from pattern_faults(column.name, column.pattern)
    if column.codes is not None and column.codes not in codes:
        known = ", ".join(sorted(codes))
        yield Invalid("standard.codes-unknown", column=column.name, codes=column.codes, known=known)
    if column.reference is not None and (column.type is not Type.TEXT or column.codes is not None or column.values):
        yield Invalid("standard.reference-unfit", column=column.name)
    if column.codes is not None and column.values:
        yield Invalid("standard.codes-and-values", column=column.name)
    if len(set(column.values)) != len(column.values) or any(
        value != value.strip() or not value for value in column.values
    ):
        yield Invalid("standard.values-wrong", column=column.name)


def _unit_faults(column: Column) -> Iterator[DamError]:
    if (column.unit or column.units) and column.type not in {Type.INTEGER, Type.DECIMAL}:
        yield Invalid("standard.unit-type", column=column.name, type=str(column.type))
    if column.units and not any(unit.symbol == column.unit for unit in column.units):
        yield Invalid("standard.unit-own-missing", column=column.name, unit=column.unit or "")
    # a symbol counts to the letter (MW is not mW), a synonym folded; so a synonym may look like no other unit's symbol
    symbols = Counter(unit.symbol for unit in column.units)
    names = Counter(name for unit in column.units for name in {fold(text) for text in unit.synonyms})
    theirs = Counter(
        fold(u.symbol) for u in column.units for v in column.units if u is not v and u.symbol in v.synonyms
    )
    wrong = [name for name, count in (*symbols.items(), *names.items()) if count > 1 or not name.strip()]
    for name in dict.fromkeys((*wrong, *theirs)):
        yield Invalid("standard.unit-name-shared", column=column.name, unit=name)
    for unit in column.units:
        own = unit.symbol == column.unit
        positive = unit.numerator > 0 and unit.denominator > 0
        if not positive or (own and unit.numerator != unit.denominator):
            yield Invalid("standard.unit-factor", column=column.name, unit=unit.symbol)
        elif column.type is Type.INTEGER and unit.numerator % unit.denominator:
            yield Invalid("standard.unit-factor-broken", column=column.name, unit=unit.symbol)
        elif column.scale <= MAX_SCALE and not sendable_digits(
            column.scale, [Fraction(unit.numerator, unit.denominator)]
        ):
            yield Invalid("standard.unit-too-fine", column=column.name, unit=unit.symbol, scale=column.scale)


def _protection_faults(column: Column, standard: Standard) -> Iterator[DamError]:
    protection = column.protection
    if protection in {Protection.UNIT_ID, Protection.MASK} and column.type is not Type.TEXT:
        yield Invalid("standard.protection-type", column=column.name, protection=str(protection))
    if protection is Protection.UNIT_ID and not _WORD.fullmatch(column.domain or ""):
        yield Invalid("standard.domain-missing", column=column.name)
    if protection is not Protection.UNIT_ID and column.domain is not None:
        yield Invalid("standard.domain-unused", column=column.name)
    if not 0 <= column.mask_keep <= (MAX_MASK_KEEP if protection is Protection.MASK else 0):
        yield Invalid("standard.mask-keep", column=column.name, limit=MAX_MASK_KEEP)
    yield from _privacy_faults(column, standard.tier)


def _marking_faults(column: Column, standard: Standard, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    """Markings are some of the words that the column can hold, from the least strict to the strictest."""
    if not column.markings:
        return
    known = codes[column.codes].codes if column.codes and column.codes in codes else frozenset(column.values)
    if column.protection is not Protection.KEEP or set(column.markings) != known:
        yield Invalid("standard.markings-other", column=column.name, known=", ".join(sorted(known)))
    if len(set(column.markings)) != len(column.markings) or not all(map(_MARKING.fullmatch, column.markings)):
        yield Invalid("standard.markings-wrong", column=column.name)
    if standard.marking is not None and column.name != standard.marking.name:
        yield Invalid("standard.markings-twice", column=column.name, other=standard.marking.name)


def _privacy_faults(column: Column, tier: Tier) -> Iterator[DamError]:
    kept = column.protection is Protection.KEEP
    # Personal data never stands in the clear: what must be told apart is a unit id, what must not is dropped or masked.
    if column.privacy_class is PrivacyClass.PERSONAL and kept:
        yield Invalid("standard.personal-kept", column=column.name)
    if column.privacy_class is PrivacyClass.CONFIDENTIAL and kept and tier is Tier.OPEN:
        yield Invalid("standard.confidential-open", column=column.name)
    sensitive = column.privacy_class in {PrivacyClass.PERSONAL, PrivacyClass.CONFIDENTIAL}
    if column.safe_statistics and (not kept or sensitive):
        yield Invalid("standard.statistics-unsafe", column=column.name)


def _key_faults(standard: Standard) -> Iterator[DamError]:
    if not standard.key:
        if standard.repeat is not Repeat.KEEP:
            yield Invalid("standard.key-missing", repeat=str(standard.repeat))
        return
    for name in [name for name, count in Counter(standard.key).items() if count > 1]:
        yield Invalid("standard.key-repeated", column=name)
    columns = {column.name: column for column in standard.columns}
    for name in dict.fromkeys(standard.key):
        column = columns.get(name)
        if column is None:
            yield Invalid("standard.key-unknown", column=name)
            continue
        if not column.required:
            yield Invalid("standard.key-optional", column=name)
        if column.protection in {Protection.DROP, Protection.MASK}:
            yield Invalid("standard.key-not-kept", column=name, protection=str(column.protection))
        if column.type is Type.NUMBER:  # 0.1 + 0.2 is not 0.3: doubles do not identify
            yield Invalid("standard.key-number", column=name)


def _rule_faults(standard: Standard) -> Iterator[DamError]:
    columns = {column.name: column for column in standard.columns}
    for name, count in Counter(rule.id for rule in standard.rules).items():
        if count > 1 or not _WORD.fullmatch(name):
            yield Invalid("standard.rule-id", rule=name[:80])
    for rule in standard.rules:
        sides = [columns[name] for name in (rule.left, rule.right) if name in columns]
        for name in (rule.left, rule.right):
            if name not in columns:
                yield Invalid("standard.rule-column", rule=rule.id, column=name)
        if rule.op not in _OPERATORS or rule.left == rule.right:
            yield Invalid("standard.rule-operator", rule=rule.id, op=rule.op)
        if len(sides) == 2 and sides[0].type is not sides[1].type:  # noqa: PLR2004  (both sides are known)
            yield Invalid("standard.rule-types", rule=rule.id, left=str(sides[0].type), right=str(sides[1].type))
        # texts and booleans have no order that two engines share
        if rule.op not in _EQUALITIES and any(side.type in {Type.TEXT, Type.BOOLEAN} for side in sides):
            yield Invalid("standard.rule-order", rule=rule.id, op=rule.op)


def _term_faults(standard: Standard) -> Iterator[DamError]:
    if standard.tier in {Tier.TABLES, Tier.ANSWERS} and standard.attribution is not Attribution.NONE:
        yield Invalid("standard.attribution-tier", tier=str(standard.tier), attribution=str(standard.attribution))
    if standard.tier is not Tier.OPEN and not standard.purposes:
        yield Invalid("standard.purposes-missing", tier=str(standard.tier))
    for name, words in (("purposes", standard.purposes), ("terms", standard.terms), ("stewards", standard.stewards)):
        if len(set(words)) != len(words) or any(not word.strip() for word in words):
            yield Invalid("standard.term-repeated", term=name)
    for purpose in standard.purposes:
        if not _WORD.fullmatch(purpose):
            yield Invalid("standard.purpose-malformed", purpose=purpose[:80])
    for steward in standard.stewards:
        if not _MEMBER.fullmatch(steward):
            yield Invalid("standard.steward-malformed", steward=steward[:80])
    yield from _quorum_faults(standard)
    yield from _legal_faults(standard)
    yield from _combining_faults(standard)
    if not (standard.reject_limit.is_finite() and 0 <= standard.reject_limit < 1):
        yield Invalid("standard.reject-limit", limit=str(standard.reject_limit))
    yield from _bounds_faults(standard)


def _legal_faults(standard: Standard) -> Iterator[DamError]:
    """What is wrong with the declared roles and grounds; personal data without them is refused."""
    said = Counter((one.data_class, one.space) for one in standard.legal_roles)
    for (data_class, space), count in said.items():
        if count > 1:
            yield Invalid("standard.roles-repeated", data_class=str(data_class), space=space)
    for one in standard.legal_roles:
        yield from _legal_word_faults(one)
    if any(column.privacy_class is PrivacyClass.PERSONAL for column in standard.columns):
        for space in Space:
            if (PrivacyClass.PERSONAL, space) not in said:
                yield Invalid("standard.roles-missing", data_class=str(PrivacyClass.PERSONAL), space=str(space))


def _legal_word_faults(one: LegalRoles) -> Iterator[DamError]:
    facts = {"data_class": str(one.data_class), "space": one.space}
    if one.space not in list(Space):
        yield Invalid("standard.space-unknown", **facts, known=", ".join(Space))
        return
    space = Space(one.space)
    for name in (*PARTIES, "basis"):
        word, known = str(getattr(one, name)), (BASES if name == "basis" else ROLES)[space]
        if word not in known:
            yield Invalid("standard.role-unknown", **facts, party=name, word=word[:60], known=", ".join(known))
        elif word == NONE and one.data_class is PrivacyClass.PERSONAL and space in GENERAL:
            yield Invalid("standard.role-none", **facts, party=name)


def _combining_faults(standard: Standard) -> Iterator[DamError]:
    """Named institutions are members, and there is something about persons that they could join."""
    for one in standard.combining:
        if not _MEMBER.fullmatch(one):
            yield Invalid("standard.combining-malformed", member=one[:80])
    if len(set(standard.combining)) != len(standard.combining):
        yield Invalid("standard.term-repeated", term="combining")
    if standard.combining and not any(personal_unit(column) for column in standard.columns):
        yield Invalid("standard.combining-needless")


def personal_unit(column: Column) -> bool:
    """Whether a column tells natural persons apart, by pseudonyms."""
    return column.privacy_class is PrivacyClass.PERSONAL and column.protection is Protection.UNIT_ID


def _quorum_faults(standard: Standard) -> Iterator[DamError]:
    """How many stewards must sign: no more than there are, and no more than one statement carries."""
    quorum, named = standard.quorum, len(standard.stewards)
    if quorum is not None and not 1 <= quorum <= min(named, MAX_QUORUM):
        yield Invalid("standard.quorum-wrong", quorum=quorum, stewards=named, most=MAX_QUORUM)
    if quorum is None and standard.notice_days:
        yield Invalid("standard.notice-nobody", days=standard.notice_days)
    if not 0 <= standard.notice_days <= MAX_NOTICE_DAYS:
        yield Invalid("standard.notice-wrong", days=standard.notice_days, most=MAX_NOTICE_DAYS)


def _bounds_faults(standard: Standard) -> Iterator[DamError]:
    bounds, names = standard.bounds, {column.name for column in standard.columns}
    if bounds.unit != "contributor" and bounds.unit not in names:
        yield Invalid("standard.bounds-unit", unit=bounds.unit)
    if (bounds.rows is not None and bounds.rows < 1) or (bounds.period is not None and bounds.period not in PERIODS):
        yield Invalid("standard.bounds-wrong", periods=", ".join(PERIODS))
    if standard.tier is Tier.ANSWERS and bounds.rows is None:
        yield Invalid("standard.bounds-missing")


# --- what is enforced -------------------------------------------------------------------------------------------------


def _declared(one: LegalRoles) -> dict[str, str]:
    """A row of legal roles, each word with where it is from; nobody but the stewards answers for it."""
    space = Space(one.space)
    told = {name: f"{(word := str(getattr(one, name)))} ({ROLES[space][word].law})" for name in PARTIES}
    basis = f"{one.basis} ({BASES[space][one.basis].law})"
    return {"data_class": str(one.data_class), "space": one.space, **told, "basis": basis}


def notices(standard: Standard) -> tuple[Reason, ...]:
    """Name each term as `notice.enforced` or `notice.not-enforced`: nobody signs what only looks like a promise."""
    protected = [
        f"{c.name}: {c.protection} {coarsening.shown(c)}".rstrip()
        for c in standard.columns
        if c.protection is not Protection.KEEP
    ]
    enforced = {
        "tier": str(standard.tier),
        "attribution": str(standard.attribution),
        "repeat": str(standard.repeat),
        "rejectLimit": str(standard.reject_limit),
        "protection": ", ".join(protected),
        "stewards": f"{standard.quorum} / {len(standard.stewards)}" if standard.quorum else "",
        "noticeDays": str(standard.notice_days) if standard.quorum else "",
        "purposes": ", ".join(standard.purposes),  # no offer may name another, and no decision goes beyond its offer
    }
    bounds = standard.bounds
    told = " ".join(str(part) for part in (bounds.unit, bounds.rows, bounds.period) if part is not None)
    enforced["combining"] = ", ".join(standard.combining)
    enforced |= declaring.shown(standard)
    counted = declaring.counts_units(standard)
    enforced["bounds"] = told if counted else ""
    later = {
        "bounds": told if not counted and (bounds.rows is not None or bounds.unit != "contributor") else "",
        "stewards": "" if standard.quorum else ", ".join(standard.stewards),
    }
    found = [Reason("notice.enforced", {"term": term, "value": value}) for term, value in enforced.items() if value]
    found += [Reason("notice.not-enforced", {"term": term, "value": value}) for term, value in later.items() if value]
    found += [Reason("notice.not-enforced", {"term": "terms", "value": text}) for text in standard.terms]
    found += [Reason("notice.declared", told) for told in map(_declared, standard.legal_roles)]
    if bounds.unit != "contributor":  # one protected unit a row: the other party must hear that it is not
        others = [c.name for c in standard.columns if c.protection is Protection.UNIT_ID and c.name != bounds.unit]
        found += [Reason("notice.unit-unprotected", {"unit": bounds.unit, "column": name}) for name in others]
    return tuple(found)
