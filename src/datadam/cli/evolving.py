"""Standards that live: compare with the last version, align two, deprecate one, and hear what changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import HERE, Json, KeyFile, Of, Url, open_terminal, operated, print_json, reach, read_text
from datadam.errors import NotFound

if TYPE_CHECKING:
    from datadam.alignment import Alignment, Finding
    from datadam.edges.terminal import Terminal
    from datadam.model import Standard

app = typer.Typer()


@app.command("align")
def standard_align(
    left: Annotated[str, typer.Argument(help="A file, or the id of a standard: the dam's own, else the packaged one.")],
    right: Annotated[str, typer.Argument(help="The same.")],
    as_json: Json = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Which columns and terms of two standards agree, convert (and how) or conflict, from the first to the second."""
    from datadam import alignment
    from datadam.formats import codelists

    ours, theirs = named(left, url, key), named(right, url, key)
    found = alignment.align(ours, theirs, codelists.packaged())
    if as_json:
        print_json(_as_json(ours, theirs, found))
    else:
        _show(open_terminal(), ours, theirs, found)


def named(text: str, url: str | None, key: Path | None) -> "Standard":
    """The standard in a file, of the dam, or of the package: the dam's own version is the one that binds there."""
    from datadam.formats import codelists, odcs

    if Path(text).is_file():
        return odcs.read(read_text(Path(text)))
    try:
        return reach(url, key).standard(text)
    except NotFound as error:  # no such standard there, or no dam at all
        if error.code not in {"standard.unknown", "profile.none"} or text not in codelists.packaged_standards():
            raise
    return odcs.read(codelists.packaged_standard(text))


def _show(terminal: "Terminal", left: "Standard", right: "Standard", found: "Alignment") -> None:
    counts = Counter(str(pair.verdict) for pair in found.pairs)
    verdicts = {name: counts.get(name, 0) for name in ("agree", "convert", "conflict")}
    terminal.say("ui.align-counts", left=f"{left.id} {left.version}", right=f"{right.id} {right.version}", **verdicts)
    rows = [
        (
            pair.left,
            pair.right,
            terminal.word(f"align.{pair.by}"),
            terminal.word(f"align.{pair.verdict}"),
            _said(terminal, pair.findings),
        )
        for pair in found.pairs
    ]
    terms = [one for one in found.terms if one.code != "align.same"]
    rows += [
        ("", "", terminal.word("align.contract"), terminal.word(f"align.{one.verdict}"), _said(terminal, [one]))
        for one in terms
    ]
    terminal.table(("ui.first", "ui.second", "ui.matched-by", "ui.verdict", "ui.what"), rows)
    for standard, columns in ((left, found.only_left), (right, found.only_right)):
        if columns:
            terminal.say("ui.align-only", standard=standard.id, columns=", ".join(columns))
    for column, columns in found.unsure:
        terminal.say("ui.align-unsure", column=column, columns=", ".join(columns))
    for one, other, how in found.alike:
        terminal.say("ui.align-alike", left=one, right=other, **how)


def _said(terminal: "Terminal", findings: Iterable["Finding"]) -> str:
    from datadam import texts

    told = [one for one in findings if one.code != "align.same"]
    return "; ".join(texts.say(one.code, terminal.language, **one.facts) for one in told)


def _as_json(left: "Standard", right: "Standard", found: "Alignment") -> dict[str, Any]:
    return {
        "left": {"id": left.id, "version": left.version},
        "right": {"id": right.id, "version": right.version},
        "columns": [
            {
                "left": pair.left,
                "right": pair.right,
                "by": pair.by,
                "verdict": pair.verdict,
                "findings": [_finding(one) for one in pair.findings],
            }
            for pair in found.pairs
        ],
        "only_left": list(found.only_left),
        "only_right": list(found.only_right),
        "unsure": [{"left": column, "right": list(columns)} for column, columns in found.unsure],
        "alike": [{"left": one, "right": other, **how} for one, other, how in found.alike],
        "terms": [_finding(one) for one in found.terms],
    }


def _finding(one: "Finding") -> dict[str, Any]:
    return {
        "aspect": one.aspect,
        "verdict": one.verdict,
        "code": one.code,
        "facts": dict(one.facts),
        "how": dict(one.how),
    }


def show_changes(found: "Standard", against: str, url: str | None, key: Path | None) -> None:
    """What a draft changes of a version, for whom; `Faults` if it may not follow it."""
    from datadam import evolution, migration
    from datadam.errors import Faults
    from datadam.formats import codelists

    terminal, old = open_terminal(), named(against, url, key)
    changes = evolution.compare(old, found)
    told = [
        {"code": one.code, "facts": one.facts, "effect": one.effect.name.lower(), "breaks": one.breaks}
        for one in changes
    ]
    terminal.line()
    if told:
        change_table(terminal, told)
    needed = evolution.next_version(old.version, changes)
    terminal.say("ui.next-version", old=old.version, needed=needed, new=found.version)
    if faults := evolution.successor_faults(old, found):
        raise Faults("standard.breaking", faults, standard=found.id, last=old.version)
    versions = {"old": old.version, "new": found.version}
    unread = migration.step(old, found, codelists.packaged()).faults
    terminal.say("ui.rows-need-migration" if unread else "ui.rows-readable", **versions)
    for fault in unread:
        terminal.line(f"  • {_sentence(terminal, fault.code, fault.facts)}")


def change_table(terminal: "Terminal", changes: Iterable[Mapping[str, Any]]) -> None:
    """Changes as a table: what, its effect, and whom it may break."""
    rows = [
        (
            _sentence(terminal, str(one["code"]), one["facts"]),
            terminal.word(f"effect.{one['effect']}"),
            ", ".join(terminal.word(f"breaks.{who}") for who in one["breaks"]),
        )
        for one in changes
    ]
    terminal.table(("ui.change", "ui.effect", "ui.breaks"), rows)


def _sentence(terminal: "Terminal", code: str, facts: Mapping[str, object]) -> str:
    from datadam import texts

    told = texts.told({"code": code, "facts": facts}, terminal.language)
    return f"{told['what']} {told['remedy']}".rstrip()


def news(terminal: "Terminal", id: str, signed: Mapping[str, Any] | None, *, whole: bool = False) -> None:
    """Tell a contributor what came after the version that it signed; nothing where it is up to date."""
    if signed is None or (signed["version"] == signed["last"] and signed["until"] is None):
        return
    if signed["version"] != signed["last"]:
        terminal.say("ui.version-out", standard=id, last=signed["last"], version=signed["version"])
    if not signed["accepted"]:
        terminal.say("ui.version-closed", version=signed["version"])
    elif signed["until"]:
        terminal.say("ui.version-until", version=signed["version"], until=signed["until"])
    else:
        terminal.say("ui.version-open", version=signed["version"])
    if whole and signed["changes"]:
        change_table(terminal, signed["changes"])


@app.command("deprecate")
def standard_deprecate(
    id: str,
    version: str,
    until: Annotated[str, typer.Option(help="The last day on which deposits are taken, like 2027-06-30.")],
    dam: Of = HERE,
) -> None:
    """Operator: declare until when deposits under a version are taken; may be put off, never brought forward."""
    index = operated(dam, "deprecate", standard=id, version=version, until=until)["index"]
    open_terminal().say("ui.deprecated", standard=id, version=version, until=until, index=index)


@app.command("versions")
def standard_versions(id: str, url: Url = None, key: KeyFile = None) -> None:
    """Every version of a published standard, and until when deposits under it are taken."""
    rows = [(one["version"], one["index"], one["until"] or "") for one in reach(url, key).versions(id)]
    open_terminal().table(("ui.version", "ui.log-entry", "ui.until"), rows)
