"""What statements about private answers say, as tables: twins, charges, answers, caps; none beyond the budget.

A budget is that of the lineage: whatever version is in force, all that was ever charged to a period or to the units'
life counts. A charge that a budget does not hold cannot enter the log, and an answer follows its own charge.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from datadam import seal
from datadam.dam import governed
from datadam.errors import Untrusted
from datadam.model import Json, Kind, Member, PublishedStandard, Tier
from datadam.ports import Rows
from datadam.privacy import accounts
from datadam.privacy.accounts import Cap, Charge, Twin

RECORDS: Final = (Twin, Charge, Cap)
"""The tables."""


def _fold_twin(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of a period's twins each has the next number; none comes twice."""
    standard, period, name = body["standard"], body["period"], body["name"]
    number = len(rows.find(Twin, standard=standard, period=period)) + 1
    if rows.get(PublishedStandard, standard, body["version"]) is None or name != f"{period}.{number}":
        raise Untrusted("private.twin-wrong", standard=standard, twin=name, statement=id)
    facts = {field: body[field] for field in ("version", "recipe", "deposits", "commitment")}
    rows.put(Twin(standard=standard, name=name, period=period, statement=id, index=index, **facts))


def read(index: int, id: str, body: Json) -> Charge:
    """A charge as its statement says it."""
    return Charge(
        id=id,
        standard=body["standard"],
        member=body["member"],
        periods=tuple(body["periods"]),
        twins=tuple(body["twins"]),
        question=body["question"],
        rho=body["rho"],
        issued=body["issued"],
        index=index,
    )


def _fold_charge(rows: Rows, index: int, id: str, body: Json) -> None:
    """To a member or the operator, for one twin of each period, within what the standard in force allows."""
    standard, periods, twins = body["standard"], tuple(body["periods"]), tuple(body["twins"])
    held = [rows.get(Twin, standard, one) for one in twins]
    named = tuple(one.period for one in held if one is not None)
    member = rows.get(Member, body["member"]) if body["member"] is not None else None
    stranger = body["member"] is not None and (member is None or member.until is not None)
    if named != periods or list(periods) != sorted(set(periods)) or stranger or rows.get(Charge, id) is not None:
        raise Untrusted("private.charge-wrong", standard=standard, statement=id)
    new = read(index, id, body)
    published = governed.last_standard(rows, standard)
    said = governed.contract(published.text) if published is not None else None
    if said is None or said.tier is not Tier.ANSWERS or said.budget is None:
        raise Untrusted("private.charge-wrong", standard=standard, statement=id)
    if accounts.refusal(said.budget, rows.find(Charge, standard=standard), new) is not None:
        raise Untrusted("private.over-budget", standard=standard, statement=id)
    rows.put(new)


def _fold_answer(rows: Rows, _index: int, id: str, body: Json) -> None:
    """After its charge, once, about the same twins, at the same cost."""
    charge = rows.get(Charge, body["charge"])
    if charge is None or charge.answer is not None:
        raise Untrusted("private.answer-uncharged", charge=body["charge"], statement=id)
    asked = seal.digest(seal.canonical(body["question"]))
    told = (body["standard"], asked, tuple(one["twin"] for one in body["twins"]), body["rho"])
    commitments = [
        twin.commitment for one in charge.twins if (twin := rows.get(Twin, charge.standard, one)) is not None
    ]
    if told != (charge.standard, charge.question, charge.twins, charge.rho) or commitments != [
        one["commitment"] for one in body["twins"]
    ]:
        raise Untrusted("private.answer-other", charge=charge.id, statement=id)
    rows.put(replace(charge, answer=id))


def _fold_cap(rows: Rows, index: int, id: str, body: Json) -> None:
    """By a member, of its own rows."""
    member, standard = rows.get(Member, body["member"]), body["standard"]
    known = member is not None and member.until is None and rows.find(PublishedStandard, id=standard)
    if not known or rows.get(Cap, id) is not None:
        raise Untrusted("private.cap-wrong", member=body["member"], standard=standard, statement=id)
    rows.put(Cap(id=id, member=body["member"], standard=standard, rho=body["rho"], issued=body["issued"], index=index))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.TWIN: _fold_twin,
    Kind.CHARGE: _fold_charge,
    Kind.ANSWER: _fold_answer,
    Kind.CAP: _fold_cap,
}
"""How a statement about private answers changes the tables."""
