"""The operator's verbs about who decides: propose, publish what stewards signed, and disputes where they do not."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from datadam import seal
from datadam.dam import dispute, steward
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.governance import About
from datadam.model import Json

MAYBE: Final = "?"


def told_proposal(one: steward.Standing) -> dict[str, Any]:
    """A proposal as it stands, as JSON."""
    return {
        **asdict(one.proposal),
        "state": one.state,
        "signed": list(one.signed),
        "able": list(one.able),
        "stuck": one.stuck,
        "motion": one.motion,
    }


def told_dispute(one: dispute.Standing) -> dict[str, Any]:
    """A dispute as it stands, as JSON: `holds` is the measure that holds now."""
    return {
        **asdict(one.dispute),
        "row": dict(one.dispute.row),
        "holds": one.measure,
        "over": one.over,
        "bench": list(one.bench),
        "quorum": one.quorum,
        "answer_until": one.answer_until,
        "decide_until": one.decide_until,
        "appeal_until": one.appeal_until,
        "motions": list(one.motions),
        "steps": [asdict(step) for step in one.steps],
    }


def about(text: str) -> About:
    """What is proposed, as somebody sent it."""
    if text not in set(About):
        raise Invalid("request.malformed", expected=" | ".join(About))
    return About(text)


WISH: Final = ("event", "measure", "reasons", "outcome", "scope", "deposit", "until")
"""What a ruling says; from the fourth on it may be absent or null."""


def wish(sent: Mapping[str, Any]) -> dispute.Wish:
    """A ruling as somebody sent it; its words are judged by the schema of the statement."""
    known = set(sent) <= set(WISH) and set(WISH[:3]) <= set(sent)
    if not known or not all(
        isinstance(value, str) or (value is None and name in WISH[3:]) for name, value in sent.items()
    ):
        raise Invalid("request.malformed", expected=", ".join(WISH))
    return dispute.Wish(**sent)


def number(text: str | None) -> int | None:
    """A small whole number, as an argument of a command carries it."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):  # noqa: PLR2004  (a year has 366 days)
        raise Invalid("request.malformed", expected="days")
    return int(text)


def _propose(world: World, args: Mapping[str, str | None]) -> Json:
    days, comments = number(args["days"]), str(args["comments"])
    return told_proposal(
        steward.propose(world, None, about(str(args["about"])), str(args["text"]), days=days, comments=comments)
    )


def _publish(world: World, id: str) -> Json:
    found = [one.proposal.id for one in steward.every(world) if id and one.proposal.id.startswith(id)]
    return {"index": steward.enact(world, found[0] if len(found) == 1 else id)}


def _dispute(world: World, args: Mapping[str, str | None]) -> Json:
    names = ("standard", "subject", "deposit", "statement", "reason", "measure")
    row = seal.parse(args["row"] or "{}")
    facts = {**{name: args[name] for name in names}, "row": row}
    return told_dispute(dispute.raise_for(world, str(args["outsider"]), facts))


def _disputes(world: World) -> Json:
    return {"items": [told_dispute(one) for one in dispute.every(world, None)]}


def _step(world: World, id: str, event: str, text: str) -> Json:
    return told_dispute(dispute.step_for(world, id, event, text))


def _rule(world: World, args: Mapping[str, str | None]) -> Json:
    sent = {name: args[name] for name in WISH}
    return told_dispute(dispute.rule(world, None, str(args["id"]), wish(sent)))


def _of_many(does: Callable[[World, Mapping[str, str | None]], Json]) -> Callable[..., Json]:
    """A verb whose arguments come as they are, because they are many."""
    return lambda world, **args: does(world, args)


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "propose": (("about", "text", "comments", f"days{MAYBE}"), _of_many(_propose)),
    "publish-proposal": (("id",), _publish),
    "dispute": (
        (
            "outsider",
            "standard",
            "subject",
            "reason",
            "measure",
            *(f"{name}{MAYBE}" for name in ("deposit", "statement", "row")),
        ),
        _of_many(_dispute),
    ),
    "disputes": ((), _disputes),
    "dispute-step": (("id", "event", "text"), _step),
    "rule-dispute": (("id", *WISH[:3], *(f"{name}{MAYBE}" for name in WISH[3:])), _of_many(_rule)),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
