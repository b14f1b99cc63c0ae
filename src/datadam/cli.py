"""`datadam` on the command line: parse, one verb, render. Members' commands speak HTTP, the operator's open the folder.

Exit codes: 0 done, 2 what was sent is wrong, 3 refused, 4 not found, 5 not to be trusted, 6 not available now.
"""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from datadam import __version__
from datadam.errors import DamError, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.model import Fit, Standard

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None)
standard_app = typer.Typer(no_args_is_help=True, help="Standards: check, publish, list, show.")
log_app = typer.Typer(no_args_is_help=True, help="The public log.")
profile_app = typer.Typer(no_args_is_help=True, help="Delta Sharing profiles for other tools.")
member_app = typer.Typer(no_args_is_help=True, help="Operator: members and applications.")
grant_app = typer.Typer(no_args_is_help=True, help="Operator: who may take which reservoir's rows.")
for _name, _group in (
    ("standard", standard_app),
    ("log", log_app),
    ("profile", profile_app),
    ("member", member_app),
    ("grant", grant_app),
):
    app.add_typer(_group, name=_name)

FOLDER_VARIABLE: Final = "DATADAM_FOLDER"
Folder = Annotated[Path, typer.Argument(help="The dam's folder.", envvar=FOLDER_VARIABLE)]
Of = Annotated[Path, typer.Option("--dam", help="The dam's folder.", envvar=FOLDER_VARIABLE)]
Url = Annotated[str | None, typer.Option("--url", help="The dam's address; default: the saved profile.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Your key file; default: the saved profile.")]
HERE: Final = Path()
_OPEN: Final = ExitStack()  # dams that the command speaks to


def main() -> None:
    """Run one command; a refusal becomes its sentence and its exit code."""
    from datadam.edges.terminal import Terminal

    try:
        with _OPEN:
            app()
    except DamError as error:
        sys.exit(Terminal(_language()).refuse(error))
    except OSError as error:  # a path that is wrong, a full disk: nothing of ours can do better
        wrong = Unavailable("file.system", path=str(error.filename or ""), why=error.strerror or str(error))
        sys.exit(Terminal(_language()).refuse(wrong))
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it: 128 and the signal's number


def _language() -> str:
    from datadam import texts

    chosen = os.environ.get("DATADAM_LANG")
    return chosen if chosen in texts.LANGUAGES else texts.spoken(os.environ)


def _terminal() -> "Terminal":
    from datadam.edges.terminal import Terminal

    return Terminal(_language())


def _dam(url: str | None, key: Path | None) -> "Dam":
    """The dam that a command speaks to, its log checked against what was pinned before."""
    from datadam import client

    if url is None:
        profile = client.default_profile()
        dam = _opened(client.connect(profile.url, key=key or profile.key, member=None if key else profile.member))
    else:
        dam = _opened(client.connect(url, key=key))
    if dam.trust()["first"]:
        _terminal().say("ui.pinned", url=dam.url, vkey=dam.vkey)
    return dam


def _opened(dam: "Dam") -> "Dam":
    """The same, to be closed when the command ends."""
    _OPEN.callback(dam.close)
    return dam


def _json(value: object) -> None:
    """Print JSON for a person or a program: the same value, with nothing in it that moves a terminal's cursor."""
    import unicodedata

    text = json.dumps(value, ensure_ascii=False, indent=1)  # escapes only the controls below U+0020
    odd = {letter for letter in text if letter != "\n" and unicodedata.category(letter)[0] == "C"}
    typer.echo(text.translate({ord(letter): json.dumps(letter)[1:-1].replace("\x7f", "\\u007f") for letter in odd}))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A data dam: pool standardised data across firms and countries, under terms that everybody can check."""


# --- operate ----------------------------------------------------------------------------------------------------------


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    name: Annotated[str, typer.Option(help="Origin of the log, like dam.example/log; never changes.")],
    jurisdiction: Annotated[str, typer.Option(help="Country whose law the dam is under, ISO 3166-1 alpha-2.")],
    title: Annotated[str | None, typer.Option(help="What people read at the top.")] = None,
) -> None:
    """Make a dam: one folder with its keys, settings, state, log and reservoirs."""
    from datadam import wiring

    settings = wiring.init(folder, name=name, jurisdiction=jurisdiction, title=title)
    _terminal().say("ui.initialised", folder=str(settings.folder), name=settings.name)


@app.command()
def serve(
    folder: Folder = HERE,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front does TLS.")] = False,
) -> None:
    """Serve the dam until interrupted."""
    import logging

    from datadam import wiring
    from datadam.edges import server

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    terminal = _terminal()
    given = {"host": host, "port": port, "behind_proxy": behind_proxy or None}
    with server.listening(wiring.read_settings(folder, **given)) as listener:
        given["port"] = listener.getsockname()[1]
        with wiring.world(folder, given) as world:
            parts = wiring.places(folder)
            places = server.Places(log=parts.log, socket=parts.socket)
            told = {"url": world.settings.public_url, "title": world.settings.title}
            server.serve(world, listener, places, wiring.checker(world), lambda: terminal.say("ui.serving", **told))


@app.command()
def status(folder: Folder = HERE, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """What the dam holds: members, applications, reservoirs, log."""
    done = _operated(folder, "status")
    if as_json:
        _json(done)
        return
    terminal = _terminal()
    terminal.line(f"{done['title']} · {done['name']} · {done['url']}", style="bold")
    terminal.say("ui.log-key", vkey=done["vkey"])
    counted = {name: done[name] for name in ("entries", "countries", "members", "applications")}
    terminal.say("ui.status-counts", **counted)
    rows = [(one["id"], one["version"], one["deposits"], f"{one['rows']:,}") for one in done["reservoirs"]]
    terminal.table(("ui.reservoir", "ui.version", "ui.deposits", "ui.rows"), rows)


@app.command()
def check(
    folder: Folder = HERE,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First rebuild every table from the log.")] = False,
) -> None:
    """Verify the whole folder: log, bodies, signatures, tables, files. Exit code 5 if anything is wrong."""
    from datadam.errors import Faults, revived

    done = _operated(folder, "check", rebuild="yes" if rebuild else None)
    terminal = _terminal()
    if done["rebuilt"] is not None:
        terminal.say("ui.rebuilt", entries=done["rebuilt"])
    counted = {name: done[name] for name in ("entries", "bodies", "files", "erased")}
    terminal.say("ui.checked", **counted)
    if done["faults"]:
        terminal.refuse(Faults("check.faults", [revived(fault) for fault in done["faults"]]))
        raise typer.Exit(5)
    terminal.line(terminal.word("ui.all-well"), style="bold green")


def _operated(folder: Path, verb: str, **args: str | None) -> dict[str, Any]:
    """Do an operator's verb: here when the folder is free, else by the server that holds it."""
    from datadam import wiring
    from datadam.edges import operator

    try:
        with wiring.world(folder, rolled=verb != "check") as world:
            return dict(operator.perform(world, verb, args, check=wiring.checker(world)))
    except Unavailable as error:
        if error.code != "folder.locked":
            raise
        try:
            return dict(operator.over_socket(wiring.places(folder).socket, verb, args))
        except ConnectionError:
            raise error from None


@member_app.command("applications")
def member_applications(dam: Of = HERE, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Who waits to join."""
    items = _operated(dam, "applications")["items"]
    if as_json:
        _json(items)
        return
    rows = [
        (one["id"][:16], one["profile"].get("legal_name"), one["member_kind"], one["jurisdiction"], one["roles"])
        for one in items
    ]
    _terminal().table(("ui.application", "ui.name", "ui.kind", "ui.jurisdiction", "ui.roles"), rows)


@member_app.command("approve")
def member_approve(application: str, dam: Of = HERE) -> None:
    """Countersign and log an application (its id, or the first digits of it)."""
    done = _operated(dam, "approve", id=_whole(dam, application))
    _terminal().say("ui.approved", member=done["member"], index=done["index"])


@member_app.command("decline")
def member_decline(application: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Decline an application with a reason; the applicant can read it."""
    done = _operated(dam, "decline", id=_whole(dam, application), reason=reason)
    _terminal().say("ui.declined", index=done["index"])


def _whole(dam: Path, start: str) -> str:
    found = [one["id"] for one in _operated(dam, "applications")["items"] if one["id"].startswith(start)]
    if len(found) != 1:
        raise NotFound("application.unknown", id=start[:64])
    return str(found[0])


@member_app.command("list")
def member_list(dam: Of = HERE, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Every member, with its name where that was not erased."""
    items = _operated(dam, "members")["items"]
    if as_json:
        _json(items)
        return
    rows = [
        (
            one["id"],
            one["authority"] or one["profile"].get("legal_name"),
            one["kind"],
            one["jurisdiction"],
            one["roles"],
            "" if one["until"] is None else one["until"],
        )
        for one in items
    ]
    _terminal().table(("ui.member", "ui.name", "ui.kind", "ui.jurisdiction", "ui.roles", "ui.left-at"), rows)


@member_app.command("expel")
def member_expel(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """End a membership; its keys and logins end with it."""
    _terminal().say("ui.logged", index=_operated(dam, "expel", member=member, reason=reason)["index"])


@member_app.command("forget")
def member_forget(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Erase a member's name and contacts for good; its entries in the log stay."""
    _terminal().say("ui.logged", index=_operated(dam, "forget", member=member, reason=reason)["index"])


@grant_app.command("add")
def grant_add(
    member: str,
    standard: str,
    expires: Annotated[str | None, typer.Option(help="ISO 8601 instant.")] = None,
    dam: Of = HERE,
) -> None:
    """Let a member take a standard's rows."""
    _terminal().say(
        "ui.granted", grant=_operated(dam, "grant", member=member, standard=standard, expires=expires)["grant"]
    )


@grant_app.command("revoke")
def grant_revoke(grant: str, dam: Of = HERE) -> None:
    """End a grant; it binds from its log index on."""
    _terminal().say("ui.logged", index=_operated(dam, "revoke", grant_id=grant)["index"])


@grant_app.command("list")
def grant_list(member: Annotated[str | None, typer.Argument()] = None, dam: Of = HERE) -> None:
    """Grants of one member, or of all."""
    items = _operated(dam, "grants", member=member)["items"]
    rows = [(one["id"], one["member"], one["standard"], one["expires"], one["until"]) for one in items]
    _terminal().table(("ui.grant", "ui.member", "ui.reservoir", "ui.expires", "ui.ended-at"), rows)


# --- standards --------------------------------------------------------------------------------------------------------


@standard_app.command("check")
def standard_check(file: Path) -> None:
    """Explain every fault of a standard at once, and name the terms that nothing enforces yet."""
    from datadam import standard as rules
    from datadam import texts
    from datadam.errors import Faults
    from datadam.formats import codelists, odcs

    found = odcs.read(_text(file))
    faults = rules.check(found, codelists.packaged())
    if faults:
        raise Faults("standard.faulty", faults, standard=found.id)
    terminal = _terminal()
    terminal.line(f"{found.id} {found.version}", style="bold green")
    for notice in rules.notices(found):
        terminal.line(f"  • {texts.say(notice.code, terminal.language, **notice.facts)}")


@standard_app.command("publish")
def standard_publish(
    file: Annotated[str, typer.Argument(help="An ODCS YAML file, or the id of a packaged standard.")], dam: Of = HERE
) -> None:
    """Sign and log a standard; its reservoir is made with it."""
    from datadam.formats import codelists

    text = codelists.packaged_standards().get(file) or _text(Path(file))
    done = _operated(dam, "publish", text=text)
    _terminal().say("ui.published", standard=done["standard"], version=done["version"], index=done["index"])


@standard_app.command("packaged")
def standard_packaged() -> None:
    """The standards that come with data dam."""
    from datadam.formats import codelists, odcs

    terminal = _terminal()
    found = [odcs.read(text) for text in codelists.packaged_standards().values()]
    rows = [(one.id, one.version, one.tier, one.titles.get(terminal.language, "")) for one in found]
    terminal.table(("ui.reservoir", "ui.version", "ui.tier", "ui.title"), rows)


@standard_app.command("show")
def standard_show(id: str, url: Url = None, key: KeyFile = None) -> None:
    """A published standard as it was signed."""
    _terminal().line(_dam(url, key).standard_text(id).rstrip("\n"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise Invalid("file.unreadable", path=str(file), why=str(error)[:200]) from error


# --- join -------------------------------------------------------------------------------------------------------------


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")] = Path("datadam.key"),
) -> None:
    """Make your key. Keep it: it is who you are, and nobody can make it again."""
    from datadam import client, seal

    key = client.new_key(file)
    _terminal().say("ui.key-made", path=str(file), member=seal.member_id(key))


@app.command()
def connect(
    url: str,
    key: Annotated[Path | None, typer.Option("--key")] = None,
    member: Annotated[str | None, typer.Option(help="Your id, if this is not your first key.")] = None,
) -> None:
    """Make a dam your default one and pin its log's key."""
    from datadam import client

    absolute = key.absolute() if key else None
    dam = _opened(client.connect(url, key=absolute, member=member))
    pinned = dam.trust()
    client.save_profile(client.Profile(url=dam.url, key=absolute, member=dam.member))
    _terminal().say("ui.connected", url=dam.url, vkey=pinned["vkey"], size=pinned["size"])


@app.command()
def accession(
    language: Annotated[str | None, typer.Option(help="en or ko; default: your terminal's.")] = None, url: Url = None
) -> None:
    """Read what joining means, before signing it."""
    _terminal().line(_dam(url, None).accession(language or _language())["text"])


@app.command()
def join(
    name: Annotated[str, typer.Option(help="Legal name of the firm or body; for a country, of the authority.")],
    jurisdiction: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2.")],
    role: Annotated[
        list[str] | None, typer.Option(help="contributor, consumer, auditor; several are possible.")
    ] = None,
    number: Annotated[list[str] | None, typer.Option(help="register:number, like lei:… or kr-brn:….")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to write to; erasable.")] = None,
    country: Annotated[bool, typer.Option("--country", help="Accede as a country.")] = False,
    effective: Annotated[str | None, typer.Option(help="Countries: ISO date from which it holds.")] = None,
    reservation: Annotated[list[str] | None, typer.Option(help="Countries: a term that binds firms under it.")] = None,
    language: Annotated[str | None, typer.Option(help="In which you read the accession text.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read the accession text and sign it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Sign the accession and apply for membership."""
    from datadam import registers

    dam, terminal = _dam(url, key), _terminal()
    chosen = language or terminal.language
    if not yes:
        terminal.line(dam.accession(chosen)["text"])
        typer.confirm(terminal.word("ui.sign-accession"), abort=True)
    numbers = {}
    for one in number or ():
        register, _, digits = one.partition(":")
        numbers[register] = registers.check(register, digits)
    profile = {"legal_name": name, "numbers": numbers, **({"contact": contact} if contact else {})}
    facts: dict[str, object] = {"jurisdiction": jurisdiction, "roles": role or []}
    if country:
        reservations = reservation or []
        facts |= {"member_kind": "country", "authority": name, "effective": effective, "reservations": reservations}
    applied = dam.join(profile, facts, language=chosen)
    terminal.say("ui.applied", application=applied["id"], member=applied["member"])


@app.command()
def application(id: str, url: Url = None) -> None:
    """How an application stands."""
    told = _dam(url, None).standing(id)
    _terminal().say(f"ui.application-{told['status']}", member=told["member"], reason=told["reason"] or "")


@app.command()
def me(url: Url = None, key: KeyFile = None) -> None:
    """You, as the log has it: roles, keys, what you may take."""
    _json(_dam(url, key).me())


@app.command()
def rotate(
    new: Annotated[Path, typer.Argument(help="Where to write the new key; must not exist.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Change to a new key. The old one counts no more from then on."""
    from datadam import client

    dam = _dam(url, key)
    done = dam.rotate(client.new_key(new))
    if url is None:
        client.save_profile(client.Profile(url=dam.url, key=new.absolute(), member=dam.member))
    _terminal().say("ui.rotated", path=str(new), index=done["index"])


@app.command()
def leave(reason: Annotated[str, typer.Option()], url: Url = None, key: KeyFile = None) -> None:
    """Leave the dam, by a statement that you sign."""
    _terminal().say("ui.logged", index=_dam(url, key).leave(reason)["index"])


# --- deposit ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says of a mapping."""

    mapping: Path | None
    given: tuple[str, ...]
    drop: tuple[str, ...]
    yes: bool


@app.command()
def deposit(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id.")],
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, as `datadam map` writes it.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="column=Header, or column:=one value for all.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column of the file to leave out.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: take the mapping if all of it is certain.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Hand in a file as it is: see every fault, get a receipt. Exit code 3 if nothing of it was admitted."""
    dam, terminal = _dam(url, key), _terminal()
    chosen = Choices(mapping=mapping, given=tuple(given or ()), drop=tuple(drop or ()), yes=yes)
    fit = _fit(dam, dam.standard(standard), file, chosen)
    with terminal.progress() as watched:
        job = dam.deposit(file, fit, progress=watched)
    terminal.report(job)
    if job["stage"] == "refused":
        raise typer.Exit(3)
    terminal.say("ui.receipt-fetch", outcome=job["outcome"])


@app.command("map")
def map_(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id.")],
    into: Annotated[Path, typer.Option(help="Where to write the mapping.")] = Path("mapping.yaml"),
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Write the suggested mapping of a file's columns, to be looked over and edited."""
    from datadam import client, mapping
    from datadam.formats import codelists, fits

    terminal, found = _terminal(), _dam(url, key).standard(standard)
    suggestion = mapping.suggest(found, client.look(file), codelists.packaged())
    into.write_text(fits.draft(suggestion), encoding="utf-8")
    terminal.say("ui.mapping-written", path=str(into), open=len(suggestion.asked) + len(suggestion.missing))


def _fit(dam: "Dam", standard: "Standard", file: Path, chosen: "Choices") -> "Fit":
    """The confirmed mapping: the file given, else one confirmed before for this layout, else asked for now."""
    from datadam import client, mapping
    from datadam.edges import confirm
    from datadam.formats import codelists

    terminal, layout = _terminal(), client.look(file)
    if chosen.mapping is not None:
        return confirm.read(_text(chosen.mapping), standard, layout)
    if not chosen.given and not chosen.drop:
        for held in dam.fits(standard.id):
            fit = mapping.fit_from_json(held)
            if not any(mapping.fit_faults(fit, standard, layout)):
                terminal.say("ui.mapping-remembered")
                return fit
    suggestion = mapping.suggest(standard, layout, codelists.packaged())
    if chosen.yes:
        answers = [confirm.given(one) for one in chosen.given]
        return mapping.confirm(suggestion, standard, layout, answers=answers, dropped=chosen.drop)
    confirm.show(terminal, suggestion)
    if not sys.stdin.isatty():
        raise Invalid("mapping.unconfirmed")
    return confirm.ask(terminal, suggestion, standard, layout)


@app.command()
def deposits(url: Url = None, key: KeyFile = None) -> None:
    """Your deposits, newest first."""
    rows = []
    for one in _dam(url, key).deposits():
        tally = one.get("tally") or {"admitted": "", "rejected": ""}
        rows.append(
            (one["id"][:12], one["standard"], one["stage"], one["file"]["name"], tally["admitted"], tally["rejected"])
        )
    _terminal().table(("ui.deposit", "ui.reservoir", "ui.stage", "ui.file", "ui.admitted", "ui.rejected"), rows)


@app.command()
def report(
    deposit: str, url: Url = None, key: KeyFile = None, as_json: Annotated[bool, typer.Option("--json")] = False
) -> None:
    """What became of a deposit, row by row."""
    dam = _dam(url, key)
    job = dam.wait(_deposit_id(dam, deposit))
    if as_json:
        _json(job)
    else:
        _terminal().report(job)


@app.command()
def rejects(deposit: str, into: Path = Path("rejects.csv"), url: Url = None, key: KeyFile = None) -> None:
    """Fetch the rows that were refused, in your own layout, with their reasons."""
    dam = _dam(url, key)
    dam.rejects(_deposit_id(dam, deposit), into)
    _terminal().say("ui.rejects-written", path=str(into))


def _deposit_id(dam: "Dam", start: str) -> str:
    found = [one["id"] for one in dam.deposits() if one["id"].startswith(start)]
    if len(found) != 1:
        raise NotFound("deposit.unknown", deposit=start[:64])
    return str(found[0])


# --- take out ---------------------------------------------------------------------------------------------------------


@app.command("ls")
def ls(url: Url = None, key: KeyFile = None) -> None:
    """The reservoirs, and which are open to you."""
    terminal = _terminal()
    rows = []
    for one in _dam(url, key).reservoirs():
        opened = terminal.word("ui.yes" if one["open_to_you"] else "ui.no")
        title = one["titles"].get(terminal.language) or one["titles"].get("en", "")
        rows.append((one["id"], one["version"], one["tier"], opened, title))
    terminal.table(("ui.reservoir", "ui.version", "ui.tier", "ui.open-to-you", "ui.title"), rows)


@app.command()
def show(id: str, url: Url = None, key: KeyFile = None) -> None:
    """One reservoir: its columns, units, tier, and what stands between you and its rows."""
    from datadam import texts

    terminal = _terminal()
    one = _dam(url, key).open(id).info
    terminal.line(f"{one['id']} {one['version']} · {one['titles'].get(terminal.language, '')}", style="bold")
    terminal.line(one["descriptions"].get(terminal.language, ""))
    terminal.say("ui.reservoir-terms", tier=one["tier"], attribution=one["attribution"])
    for reason in one["reasons"]:
        told = texts.told(reason, terminal.language)
        terminal.line(f"  • {told['what']} {told['remedy']}".rstrip())
    rows = [
        (column["name"], column["type"], column["unit"], column["titles"].get(terminal.language, ""))
        for column in one["columns"]
    ]
    terminal.table(("ui.column", "ui.type", "ui.unit", "ui.title"), rows)


@app.command()
def get(
    id: str, into: Annotated[Path, typer.Argument(help="A folder.")] = HERE, url: Url = None, key: KeyFile = None
) -> None:
    """Fetch a reservoir's rows as Parquet files."""
    paths = _dam(url, key).open(id).download(into)
    if not paths:
        raise NotFound("reservoir.empty", id=id)
    _terminal().say("ui.fetched", count=len(paths), path=str(into))


@profile_app.command("new")
def profile_new(standard: str, into: Path = Path("profile.share"), url: Url = None, key: KeyFile = None) -> None:
    """Write a Delta Sharing profile for one reservoir. Whoever has the file can read what you may read."""
    from datadam import client

    client.write_private(into, _dam(url, key).share_profile(standard))
    _terminal().say("ui.profile-written", path=str(into))


@profile_app.command("list")
def profile_list(url: Url = None, key: KeyFile = None) -> None:
    """Your share profiles; their tokens are not kept anywhere but in the files."""
    rows = [
        (one["profile"], one["standard"], one["expires"], one["revoked"]) for one in _dam(url, key).share_profiles()
    ]
    _terminal().table(("ui.profile", "ui.reservoir", "ui.expires", "ui.revoked"), rows)


@profile_app.command("revoke")
def profile_revoke(profile: str, url: Url = None, key: KeyFile = None) -> None:
    """End a share profile."""
    _dam(url, key).revoke_profile(profile)
    _terminal().say("ui.profile-revoked", profile=profile)


# --- prove ------------------------------------------------------------------------------------------------------------


@app.command()
def receipt(
    statement: str,
    into: Annotated[Path | None, typer.Option(help="Where to write it; default: <id>.receipt.json.")] = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Fetch the receipt of a statement that concerns you, checked on arrival."""
    found = _dam(url, key).receipt(statement)
    path = into or Path(f"{statement[:16]}.receipt.json")
    path.write_text(json.dumps(found), encoding="utf-8")
    _terminal().say("ui.receipt-written", path=str(path))


@app.command()
def verify(
    file: Path,
    vkey: Annotated[str | None, typer.Option(help="The log's key; default: any that you pinned.")] = None,
) -> None:
    """Check a receipt offline: signatures, inclusion, and the log's own signature under the key you trust."""
    from datadam import client, ledger

    data = _text(file)
    known = [vkey] if vkey else client.pinned_keys()
    found = ledger.verify_receipt(data, vkey=client.choose_key(data, known))
    _terminal().say(
        "ui.verified",
        kind=str(found.statement.kind),
        index=found.index,
        origin=found.checkpoint.origin,
        signers=sorted(set(found.signers.values())),
        issued=found.statement.body["issued"],
    )


@log_app.command("verify")
def log_verify(
    where: Annotated[str, typer.Argument(help="A dam's address, or a folder of its log's files.")],
    vkey: Annotated[
        str | None, typer.Option(help="The log's key; default: the one you pinned, or what the dam says.")
    ] = None,
    key: KeyFile = None,
) -> None:
    """Audit a whole log: every tile and entry against the signed checkpoint, and its growth since you last looked."""
    from datadam import client
    from datadam.audit import audit

    terminal = _terminal()
    if "://" in where:
        dam = _opened(client.connect(where, key=key))
        trusted = vkey or dam.vkey
        pinned = client.pinned_checkpoint(dam.url, trusted)
        audited = audit(dam.read_log, vkey=trusted, bodies=dam.bodies(), pinned=pinned)
    elif vkey is None:
        raise Invalid("log.key-needed", path=where)
    else:
        audited = audit(client.folder_reader(Path(where)), vkey=vkey, bodies=None)
    terminal.say("ui.log-verified", entries=audited.entries, bodies=audited.bodies, origin=audited.checkpoint.origin)


if __name__ == "__main__":
    main()
