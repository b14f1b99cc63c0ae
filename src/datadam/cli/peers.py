"""Peers: agree with another dam what crosses, see how it stands, end it; and whose cosignatures a client asks for."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from datadam.cli.manners import HERE, Json, Of, Url, open_terminal, operated, print_json, reach, read_text
from datadam.cli.manners import whole_id as whole

app = typer.Typer()
peer_app = typer.Typer(name="peer", no_args_is_help=True, help="Operator: other dams that this one peers with.")
app.add_typer(peer_app)

Address = Annotated[str, typer.Argument(help="Address of the other dam.")]
Which = Annotated[str, typer.Argument(help="The peer: its name, its id, or the id's first digits.")]


@peer_app.command("terms")
def peer_terms(url: Address, dam: Of = HERE) -> None:
    """Print terms to begin with, as TOML with a comment on each; change them, then give them to `peer add`."""
    found = operated(dam, "look-peer", url=url)
    open_terminal().line(_template(found["terms"] or found["draft"]))


@peer_app.command("add")
def peer_add(
    url: Address,
    terms: Annotated[Path | None, typer.Option(help="Your terms (TOML); not needed where the other's wait.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The verifier key of its log, as its operator told you elsewhere.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="You agree to the terms and compared the keys (needs --key).")
    ] = False,
    dam: Of = HERE,
) -> None:
    """Offer another dam a peering, or sign the one that it offers you. Shown before: the terms, and both keys."""
    from datadam import peers
    from datadam.edges.peer_verbs import read_terms
    from datadam.errors import Invalid

    terminal = open_terminal()
    found = operated(dam, "look-peer", url=url)
    text = read_text(terms) if terms is not None else None
    asks = text is not None and found["state"] in {"new", "peered"}  # terms of one's own, not those that are under way
    shown = read_terms(text) if asks and text is not None else found["terms"]
    if shown is not None:
        _say_terms(shown)
    for side in ("own", "other"):
        told = found[side]
        facts = {"origin": told["origin"], "vkey": told["log"], "print": fingerprint(told["log"])}
        terminal.say(f"ui.peer-key-{side}", **facts)
    if found["state"] == "waiting" or (asks and shown != found["terms"]):
        if yes and key is None:
            raise Invalid("peer.key-needed", origin=found["other"]["origin"])
        if not yes:
            if not sys.stdin.isatty():
                raise Invalid("peer.unconfirmed", origin=found["other"]["origin"])
            typer.confirm(terminal.word("ui.peer-sign"), abort=True)
    digest = peers.digest(peers.read_terms(shown)) if shown is not None else None
    done = operated(dam, "add-peer", url=url, terms=text, key=key or found["other"]["log"], digest=digest)
    terminal.say(f"ui.peer-{done['state']}", origin=done["origin"], index=done["index"])


def fingerprint(vkey: str) -> str:
    """A key as two people read it to one another: 32 hex digits of its SHA-256, by fours."""
    from datadam import seal

    digits = seal.digest(vkey.encode())[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _say_terms(terms: Mapping[str, Any]) -> None:
    """The terms in words."""
    terminal = open_terminal()
    one, two = terms["between"]
    terminal.say("ui.peer-terms-between", one=_side(one), two=_side(two))
    terminal.say("ui.peer-terms-standards", standards=", ".join(terms["standards"]))
    terminal.say("ui.peer-terms-classes", classes=", ".join(terms["classes"]))
    for way in terms["directions"]:
        terminal.say("ui.peer-terms-way", source=way["from"], target=way["to"])
    terminal.say("ui.peer-terms-stay")
    for way in terms["corridors"]:
        terminal.say("ui.peer-terms-corridor", source=way["from"], target=way["to"], basis=way["basis"])
    terminal.say("ui.peer-terms-guests" if terms["guests"] else "ui.peer-terms-no-guests")
    terminal.say("ui.peer-terms-contact", seconds=terms["contact_seconds"])


def _side(one: dict[str, str]) -> str:
    return f"{one['origin']} ({one['jurisdiction']})"


@peer_app.command("list")
def peer_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every peer: how it stands, when it was last heard, and its faults."""
    done = operated(dam, "peers")
    if as_json:
        print_json(done)
        return
    terminal = open_terminal()
    rows = [
        (
            one["origin"],
            one["jurisdiction"],
            terminal.word(f"ui.peer-is-{one['state']}"),
            one["contact"],
            one["followed"],
            ", ".join(fault["fault"] for fault in one["faults"]),
        )
        for one in done["items"]
    ]
    terminal.table(("ui.peer", "ui.jurisdiction", "ui.state", "ui.peer-heard", "ui.size", "ui.fault"), rows)
    for one in done["offers"]:
        terminal.say("ui.peer-concluding" if one["concluding"] else "ui.peer-offered", origin=one["origin"], index=None)


@peer_app.command("show")
def peer_show(peer: Which, dam: Of = HERE, as_json: Json = False) -> None:
    """One peer: its terms in words, its keys, contact, and what shows each fault."""
    done = operated(dam, "peer", id=_id(dam, peer))
    if as_json:
        print_json(done)
        return
    terminal = open_terminal()
    terminal.line(f"{done['origin']} · {done['url']} · {terminal.word('ui.peer-is-' + done['state'])}", style="bold")
    facts = {"origin": done["origin"], "vkey": done["log"], "print": fingerprint(done["log"])}
    terminal.say("ui.peer-key-other", **facts)
    _say_terms(done["terms"])
    terminal.say("ui.peer-terms-digest", digest=done["terms"]["digest"])
    rows = [
        (one["index"], one["fault"], name, text) for one in done["faults"] for name, text in one["evidence"].items()
    ]
    if rows:
        terminal.table(("ui.log-entry", "ui.fault", "ui.part", "ui.value"), rows)


@peer_app.command("end")
def peer_end(
    peer: Which, reason: Annotated[str, typer.Option(help="Why; everybody can read it.")], dam: Of = HERE
) -> None:
    """End a peering, or take back an offer: its members are guests no more, and its orders bind no more."""
    done = operated(dam, "end-peer", id=_id(dam, peer), reason=reason)
    if done["index"] is None:
        open_terminal().say("ui.peer-taken-back")
    else:
        open_terminal().say("ui.logged", index=done["index"])


@peer_app.command("pull")
def peer_pull(
    peer: Annotated[str | None, typer.Argument(help="The peer; default: all of them.")] = None, dam: Of = HERE
) -> None:
    """Ask peers for what is new, now; what binds here binds when this ends."""
    done = operated(dam, "pull-peers", id=_id(dam, peer) if peer is not None else None)
    for one in done["items"]:
        open_terminal().say("ui.peer-pulled", **one)


@app.command()
def trust(
    cosigned_by: Annotated[
        list[str] | None, typer.Option(help="Verifier key of a witness, or of another dam; may be repeated.")
    ] = None,
    quorum: Annotated[
        int | None, typer.Option(help="How many of them must have cosigned the log; default: all.", min=1)
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Ask for no cosignatures any more.")] = False,
    url: Url = None,
) -> None:
    """Pin a dam's log key, and from now on believe its log only as far as so many cosigners saw it."""
    dam, terminal = reach(url, None), open_terminal()
    if cosigned_by or nobody:
        keys = [] if nobody else cosigned_by or []
        dam.require(keys, quorum or len(keys))
    told = dam.trust()
    terminal.say("ui.trusted", url=dam.url, vkey=told["vkey"], size=told["size"])
    for one in dam.pinned_quorum:
        terminal.say("ui.trusted-cosigner", vkey=one)


def _id(dam: Path, peer: str) -> str:
    """The id of the peer, or of whom an offer is for, that a person named."""
    done = operated(dam, "peers")
    held = [*done["items"], *done["offers"]]
    named = [one["id"] for one in held if one["origin"] == peer]
    return named[-1] if named else whole(peer, [one["id"] for one in held], "peer.unknown", "peer")


def _template(terms: dict[str, Any]) -> str:
    """Terms as TOML, each part with what it means."""
    import json

    terminal = open_terminal()
    lines: list[str] = []

    def part(name: str, *more: str) -> None:
        lines.extend(["", *(f"# {line}" for line in terminal.word(f"ui.peer-template-{name}").splitlines()), *more])

    lines += [f"# {line}" for line in terminal.word("ui.peer-template").splitlines()]
    for name in ("standards", "classes", "contact_seconds", "guests", "residency"):
        part(name.replace("_", "-"), f"{name} = {json.dumps(terms[name])}")
    for name in ("between", "directions", "corridors"):
        tables = []
        for one in terms[name]:
            tables += [
                f"[[{name}]]",
                *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in one.items()),
            ]
        part(name, *tables)
    return "\n".join(lines)
