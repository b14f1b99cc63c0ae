"""Matching: find hidden shared suppliers over two dams, or compare two lists, while the lists stay at home."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.choosing import Choices, choices
from datadam.cli.manners import (
    DIGITS,
    HERE,
    Force,
    Json,
    KeyFile,
    Of,
    Operated,
    Url,
    free,
    open_terminal,
    operated,
    print_json,
    reach,
    read_text,
)
from datadam.cli.options import spread
from datadam.cli.prepare import at_home, file_told, refusal, told
from datadam.errors import Invalid, NotFound

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal

app = typer.Typer()
match_app = typer.Typer(
    name="match", no_args_is_help=True, help="Hidden shared suppliers: rounds over two dams; lists stay at home."
)
app.add_typer(match_app)

Which = Annotated[str, typer.Argument(help="The round: the first digits of its id, or its period.")]
Listed = Annotated[Path, typer.Argument(help="Your list, as `datadam match list` wrote it.")]
From = Annotated[list[Path] | None, typer.Option("--from", help="A bag that a supplier of yours made; repeat it.")]
To = Annotated[Path, typer.Option("--to", help="The file to write.")]


# --- at home ----------------------------------------------------------------------------------------------------------


@match_app.command("list")
@spread(choices)
def match_list(
    file: Path,
    choices: Choices,
    to: To = Path("suppliers.list"),
    stage: Annotated[
        list[str] | None, typer.Option("--stage", help="Keep only lines of this HS code; repeat it for more.")
    ] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Prepare your list of suppliers from a file in your own layout. Sends nothing of it."""
    from datadam.client import rounds

    free(to, force=force)
    terminal, dam = open_terminal(), reach(url, key)
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        into = Path(folder) / "prepared.csv"
        done, reading = at_home(dam, dam.standard(rounds.SUPPLY), file, choices, (Path(folder), into))
        if done.rejects is not None or done.file is None:
            terminal.report(told(done, file_told(file, reading), terminal.language))
        if done.file is None:
            raise refusal(done)
        items, again = rounds.prepared(into)
    made = rounds.SupplierList.of(one for one in items if stage is None or one.stage in stage)
    made.write(to)
    suppliers = len({one.supplier for one in made.items})
    terminal.say("ui.match-list", path=str(to), suppliers=suppliers, lines=len(made.items), again=again)
    terminal.say("ui.match-digest", digest=made.digest)


@match_app.command("commit")
def match_commit(
    which: Which,
    listed: Listed,
    role: Annotated[str, typer.Option("--as", help="supplier or maker.")] = "supplier",
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="As a maker: do not sign for the result; then no bag is taken.")
    ] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Commit to your list for a round. A maker also signs for the result."""
    from datadam.client.rounds import SupplierList
    from datadam.rounds import IN_ROUNDS, Role

    if role not in set(IN_ROUNDS):
        raise Invalid("match.role-unknown", role=role[:20], known=", ".join(sorted(IN_ROUNDS)))
    dam = reach(url, key)
    done = dam.commit_list(of_round(dam, which), SupplierList.read(listed), Role(role), signs=not unsigned)
    open_terminal().say("ui.match-committed", index=done["index"])


@match_app.command("pass")
def match_pass(
    which: Which,
    listed: Listed,
    bags: From = None,
    to: To = Path("out.bag"),
    tier: Annotated[
        int | None, typer.Option(help="Tier of the bag; default: above those you received, else the deepest.")
    ] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Make a bag for one customer, a new one for each: your suppliers and the bags of theirs. Hand the file over."""
    from datadam.client.rounds import SupplierList, read_bag

    free(to, force=force)
    dam = reach(url, key)
    received = [read_bag(one) for one in bags or ()]
    made = dam.make_bag(of_round(dam, which), SupplierList.read(listed), received, tier=tier)
    to.write_bytes(made)
    open_terminal().say("ui.match-passed", path=str(to), size=len(made))


@match_app.command("hand-in")
def match_hand_in(which: Which, listed: Listed, bags: From = None, url: Url = None, key: KeyFile = None) -> None:
    """Hand your bag as a maker to your dam, once: your suppliers and the bags that they made for you."""
    from datadam.client.rounds import SupplierList, read_bag

    dam = reach(url, key)
    done = dam.hand_in(of_round(dam, which), SupplierList.read(listed), [read_bag(one) for one in bags or ()])
    open_terminal().say("ui.match-handed-in", digest=done["digest"])


@match_app.command("result")
def match_result(
    which: Which,
    to: Annotated[Path | None, typer.Option("--to", help="Write a file that shows it to whom you choose.")] = None,
    force: Force = False,
    as_json: Json = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """What came of a round for you, if you signed for it: country, stage and band of what others depend on too."""
    from datadam.client import write_private

    dam = reach(url, key)
    found = dam.round_result(of_round(dam, which))
    if to is not None:
        free(to, force=force)
        write_private(to, found.shown)
    show_readings(found.readings, as_json=as_json)
    if to is not None and not as_json:
        open_terminal().say("ui.match-shown", path=str(to))


@match_app.command("check")
def match_check(
    file: Path,
    vkey: Annotated[str, typer.Option("--vkey", help="The key of the log of the maker's dam.")],
    as_json: Json = False,
) -> None:
    """Check a result that a maker shows you, without asking any dam."""
    from datadam import seal
    from datadam.client.rounds import check_shown

    shown = seal.parse(read_text(file).encode())
    if not isinstance(shown, dict):
        raise Invalid("match.result-malformed")
    body, readings = check_shown(shown, vkey)
    if not as_json:
        open_terminal().say("ui.match-holds", member=body["member"], round=body["round"][:DIGITS])
    show_readings(readings, as_json=as_json)


def show_readings(readings: Any, *, as_json: bool) -> None:  # noqa: ANN401  (of `overlap`)
    """Print what makers read."""
    rows = [(one.country, one.stage, one.essential, one.makers) for one in readings]
    if as_json:
        names = ("country", "stage", "essential", "makers")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    terminal = open_terminal()
    if not rows:
        terminal.say("ui.match-nothing")
        return
    terminal.table(("ui.match-country", "ui.match-stage", "ui.match-essential", "ui.match-makers"), rows)


@match_app.command("status")
def match_status(dam: Operated = None, as_json: Json = False, url: Url = None, key: KeyFile = None) -> None:
    """The rounds of a dam; for its operator also who takes part, what was refused and what came of them."""
    items = reach(url, key).rounds() if dam is None else operated(dam, "rounds")["items"]
    if as_json:
        print_json(items)
        return
    terminal = open_terminal()
    rows = [
        (
            one["round"][:DIGITS],
            one["standard"],
            one["period"],
            one["closes"],
            terminal.word(f"ui.match-{one['state']}"),
        )
        for one in items
    ]
    terminal.table(("ui.match-round", "ui.standard", "ui.period", "ui.match-closes", "ui.state"), rows)
    for one in items:
        if dam is not None:
            _say_inside(terminal, one)


def _say_inside(terminal: "Terminal", one: Mapping[str, Any]) -> None:
    name = one["round"][:DIGITS]
    counts = {"committed": len(one["commitments"]), "bags": len(one["bags"]), "theirs": len(one["theirs"])}
    terminal.say("ui.match-inside", round=name, **counts)
    for refused in one["refusals"]:
        facts = {"member": refused["member"], "why": refused["code"], "count": refused["count"]}
        terminal.say("ui.match-refused", round=name, **facts)
    for shared in (one["found"] or {"shared": []})["shared"]:
        terminal.say("ui.match-found-here", makers=", ".join(shared["makers"]), count=shared["count"])
    if one["reason"]:
        terminal.say("ui.match-ended-because", round=name, reason=one["reason"])


# --- the operator -----------------------------------------------------------------------------------------------------


@match_app.command("open")
def match_open(
    peer: Annotated[str, typer.Argument(help="The peer: its name or id.")],
    plan: Annotated[Path, typer.Argument(help="The plan (JSON): standard, period, caps, decoys, countries, stages.")],
    closes: Annotated[str, typer.Option(help="Until when bags are taken, like 2026-12-01T00:00:00Z.")],
    dam: Of = HERE,
) -> None:
    """Operator: agree to a round with a peer. Once both operators gave the same plan, both logs have it."""
    done = operated(dam, "open-round", peer_id=peer, plan=read_text(plan), closes=closes)
    open_terminal().say(f"ui.match-{done['state']}-now", round=done["round"])


@match_app.command("run")
def match_run(which: Which, dam: Of = HERE) -> None:
    """Operator: take no more bags and mix; both operators say it once, a served dam goes on by itself."""
    done = operated(dam, "run-round", id=_found(operated(dam, "rounds")["items"], which))
    terminal = open_terminal()
    terminal.say("ui.match-state", round=done["round"][:DIGITS], state=terminal.word(f"ui.match-{done['state']}"))


@match_app.command("close")
def match_close(
    which: Which, reason: Annotated[str, typer.Option(help="Why; both logs say it.")], dam: Of = HERE
) -> None:
    """Operator: end a round that is not over, or forget what is kept of one that is. Its keys are destroyed."""
    done = operated(dam, "close-round", id=_found(operated(dam, "rounds")["items"], which), reason=reason)
    terminal = open_terminal()
    terminal.say("ui.match-state", round=done["round"][:DIGITS], state=terminal.word(f"ui.match-{done['state']}"))


# --- two members ------------------------------------------------------------------------------------------------------


Holder = Annotated[str, typer.Argument(help="The other member's id.")]
Values = Annotated[Path, typer.Argument(help="A list of yours, or a file with one value a line.")]
About = Annotated[str, typer.Option(help="What it is about: a standard, or any word that you both use.")]
Period = Annotated[str, typer.Option(help="Of one period there is one run.")]
Asks = Annotated[int, typer.Option(help="Most values of yours; so many rows are sent.")]
Holds = Annotated[int, typer.Option(help="Most values of the other; so many rows come back.")]


@match_app.command("overlap")
def match_overlap(
    holder: Holder,
    values: Values,
    about: About,
    period: Period,
    asks: Asks = 1000,
    holds: Holds = 1000,
    to: To = Path("ask.json"),
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Ask another member how large the overlap of your lists is; it learns nothing. Hand the file over."""
    _asks((holder, about, period, "size", asks, holds), values, to, force=force, dam=reach(url, key))


@match_app.command("known")
def match_known(
    holder: Holder,
    values: Values,
    about: About,
    period: Period,
    asks: Asks = 10,
    holds: Holds = 1000,
    to: To = Path("ask.json"),
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Ask another member which of your suppliers or indicators it knows; it learns nothing. Hand the file over."""
    _asks((holder, about, period, "members", asks, holds), values, to, force=force, dam=reach(url, key))


def _asks(run: tuple[str, str, str, str, int, int], values: Path, to: Path, *, force: bool, dam: "Dam") -> None:
    from datadam.client.pairs import read_values
    from datadam.overlap import Pair

    free(to, force=force)
    holder, about, period, what, asks, holds = run
    pair = Pair(asker=str(dam.member), holder=holder, about=about, period=period, what=what, asks=asks, holds=holds)
    to.write_bytes(dam.ask_overlap(pair, read_values(values)))
    open_terminal().say("ui.match-asked", path=str(to), rows=asks)


@match_app.command("answer")
def match_answer(
    file: Annotated[Path, typer.Argument(help="What another member asks.")],
    values: Values,
    to: To = Path("answer.json"),
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Answer what another member asks of a list of yours, once; you learn nothing of its list."""
    from datadam.client.pairs import read_values
    from datadam.client.rounds import read_bag

    free(to, force=force)
    to.write_bytes(reach(url, key).answer_overlap(read_bag(file), read_values(values)))
    open_terminal().say("ui.match-answered", path=str(to))


@match_app.command("learn")
def match_learn(
    file: Annotated[Path, typer.Argument(help="What the other member answered.")],
    as_json: Json = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Read what another member answered: how large the overlap is, or which of your values it knows."""
    from datadam.client.rounds import read_bag

    found = reach(url, key).learn_overlap(read_bag(file))
    if as_json:
        print_json(found if isinstance(found, int) else list(found))
        return
    terminal = open_terminal()
    if isinstance(found, int):
        terminal.say("ui.match-overlap", count=found)
        return
    terminal.say("ui.match-known", count=len(found))
    for one in found:
        terminal.line(one)


def of_round(dam: "Dam", which: str) -> str:
    """The id of the round that is meant."""
    return _found(dam.rounds(), which)


def _found(items: list[Any], which: str) -> str:
    """The one round that is meant."""
    named = [str(one["round"]) for one in items if which and (one["period"] == which or one["round"].startswith(which))]
    if len(named) != 1:
        raise NotFound("round.unknown", round=which[:64])
    return named[0]
