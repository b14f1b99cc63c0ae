"""What may be asked of a reservoir of private answers, and what an answer would be like: no row is looked at for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from datadam.dam import cap, charge, publish, twin
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Deposit, Member, Standard, Tier, Withdrawal
from datadam.privacy import periods, previewing, question
from datadam.privacy.budget import Left
from datadam.privacy.previewing import Preview
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import said


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A reservoir as somebody sees it who wants to ask: all of it is public but what is left, which is coarse."""

    standard: Standard
    recipe: Recipe
    open: tuple[str, ...]  # periods that are over, and that enough contributors stand behind
    closed: tuple[str, ...]  # periods that something was handed in, and that cannot be asked about, or not yet
    left: Left


def about(world: World, id: str, *, member: str | None = None) -> About:
    """What may be asked of a reservoir; `member` is whose share of the budget is told."""
    standard = answering_standard(world, id)
    there = _contributors(world, standard)
    gates = standard.gates
    least = gates.contributors if gates is not None and gates.contributors is not None else 1
    now = world.clock()
    opened = tuple(one for one in sorted(there) if periods.over(one, now) and there[one] >= least)
    return About(
        standard=standard,
        recipe=twin.recipe_of(standard),
        open=opened,
        closed=tuple(one for one in sorted(there) if one not in opened),
        left=charge.left(world, standard, opened[-1:], member=member or ""),  # of nobody: a stranger has a whole share
    )


def preview(world: World, sent: object) -> Preview:
    """What an answer to a question would be like, whoever asks and whatever lies here; it may name no period."""
    id = sent.get("standard") if isinstance(sent, dict) else None
    if not isinstance(id, str):
        raise Invalid("private.not-a-text", field="standard")
    standard = answering_standard(world, id)
    recipe = twin.recipe_of(standard)
    running = periods.of(world.clock(), str(standard.bounds.period))  # which one makes no difference
    some = {"periods": [running], **sent} if isinstance(sent, dict) else sent
    return previewing.preview(question.read(some, standard, recipe), standard, recipe)


def answering_standard(world: World, id: str) -> Standard:
    """A standard in force whose reservoir gives private answers; another one's is `Invalid`."""
    standard = publish.current(world, id)
    if standard.tier is not Tier.ANSWERS:
        raise Invalid("private.no-answers", standard=standard.id)
    return standard


def _contributors(world: World, standard: Standard) -> dict[str, int]:
    """How many members in good standing handed something in, by period: presence is public."""
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=str(standard.id))}
        held = [one for one in rows.find(Deposit, standard=str(standard.id)) if one.id not in gone]
        good = {one: _in_good_standing(rows.get(Member, one)) for one in {deposit.contributor for deposit in held}}
    found: dict[str, set[str]] = {}
    for one in held:
        members = found.setdefault(cap.period_of(world, standard, one), set())
        members |= {one.contributor} if good[one.contributor] else set()
    return {period: len(members) for period, members in found.items()}


def _in_good_standing(member: Member | None) -> bool:
    return member is not None and not member.suspended


def told(found: About) -> dict[str, object]:
    """What may be asked, as JSON."""
    standard, recipe = found.standard, found.recipe
    return {
        "standard": str(standard.id),
        "version": standard.version,
        "unit": standard.bounds.unit,
        "rows": recipe.rows,
        "period": standard.bounds.period,
        "keys": {name: len(keys) for name, keys in recipe.keys.items()},
        "open_keys": list(recipe.open),
        "sums": {name: _ends(one.lowest, one.highest) for name, one in recipe.sums.items()},
        "usual_rho": said(previewing.usual(charge.budget_of(standard))),
        "open": list(found.open),
        "closed": list(found.closed),
        "left": {"period": f"{found.left.period}", "yours": f"{found.left.asker}", "life": f"{found.left.life}"},
    }


def _ends(*ends: object) -> Sequence[str]:
    return [f"{end:f}" for end in ends]
