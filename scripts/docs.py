"""Write docs/reference/ and docs/obligations.md from the code: commands, settings, errors, HTTP routes, standards.

`--check` writes nothing and fails where a file would change.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import typer.main
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Route

from datadam import cli, settings, texts
from datadam.formats import odcs
from datadam.model import Column, Standard
from datadam.obligations import table as obligations
from datadam.obligations.table import Row

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
MADE: Final = "<!-- Made by scripts/docs.py from the code; `make docs` writes it anew. -->\n"
Command: TypeAlias = Any  # Typer carries a Click of its own, without public types
Parameter: TypeAlias = Any
# and the prefix that edges/app.py gives each
EDGES: Final = {"api": "", "private": "", "governing": "", "upload": "", "delta_sharing": "/sharing", "operator": ""}


def cell(text: object) -> str:
    """A text as a cell of a Markdown table."""
    return " ".join(str(text).replace("|", "\\|").split())


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join([*lines, *("| " + " | ".join(cell(value) for value in row) + " |" for row in rows)]) + "\n"


# --- commands ---------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options, as `--help` tells them."""
    root = typer.main.get_command(cli.app)
    parts = [MADE, "# Commands\n", (root.help or "").strip() + "\n"]
    parts += [_command(name, command) for name, command in leaves(root, "datadam")]
    return "\n".join(parts)


def leaves(command: Command, name: str) -> Iterator[tuple[str, Command]]:
    """Every command below `command` that does something, with its full name, sorted."""
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
        return
    for part in sorted(inner):
        if not inner[part].hidden:
            yield from leaves(inner[part], f"{name} {part}")


def _command(name: str, command: Command) -> str:
    places = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not getattr(p, "hidden", False)]
    usage = " ".join([name, *(_place(parameter) for parameter in places), *(["[OPTIONS]"] if options else [])])
    parts = [f"## {name}\n", f"```\n{usage}\n```\n", _prose(command.help or "")]
    rows = [(f"`{_place(p)}`", getattr(p, "help", "") or "") for p in places]
    rows += [
        (f"`{', '.join([*option.opts, *option.secondary_opts])}`", getattr(option, "help", "") or "")
        for option in options
        if option.name != "help"
    ]
    if rows:
        parts.append(table(("argument or option", "is"), rows))
    return "\n".join(parts)


def _place(parameter: Parameter) -> str:
    name = (parameter.metavar or parameter.name or "").strip("[]").upper()
    return name if parameter.required else f"[{name}]"


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n")) + "\n"


# --- settings ---------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting: name in the TOML file, variable, default, meaning."""
    rows = [
        (f"`{f.name}`", f"`{settings.variable(f.name)}`", _default(f), _kind(f), f.metadata["meaning"])
        for f in fields(settings.Settings)
    ]
    opening = (
        "What the command line gives is stronger than a `DATADAM_*` variable, which is stronger than the settings file "
        "`settings.toml` in the dam's folder, which is stronger than the default. All faults are told at once.\n"
    )
    head = ("setting", "variable", "default", "allowed", "meaning")
    return "\n".join([MADE, "# Settings\n", opening, table(head, rows)])


def _default(field: Field[Any]) -> str:
    value = field.default
    if value is MISSING:
        return "must be set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{part}`" for part in value)
    return "" if value in (None, "") else f"`{value}`"


def _kind(field: Field[Any]) -> str:
    least, most = field.metadata.get("least", 0), field.metadata.get("most", 0)
    if field.type is int:
        return f"{least} to {most}" if most else f"{least} or more"
    return "true, false" if field.type is bool else ""


# --- errors -----------------------------------------------------------------------------------------------------------


def errors_page() -> str:
    """Every code with its sentences, by area."""
    opening = (
        "A refusal carries a stable code; over HTTP it is problem+json (RFC 9457) with `code`, `facts` and all "
        "`faults`. What stands in braces is filled in. Every code has its sentences in English and in Korean.\n"
    )
    parts = [MADE, "# Errors\n", opening]
    areas: dict[str, list[str]] = {}
    for code in texts.codes():
        areas.setdefault(code.split(".")[0], []).append(code)
    for area, found in sorted(areas.items()):
        if area == "ui":
            continue
        rows = [(f"`{code}`", *(_sentences(code, lang) for lang in texts.LANGUAGES)) for code in found]
        parts += [f"## {area}\n", table(("code", "English", "한국어"), rows)]
    return "\n".join(parts)


def _sentences(code: str, lang: str) -> str:
    return " ".join(texts.template(code, lang).values())


# --- HTTP -------------------------------------------------------------------------------------------------------------


def http_page() -> str:
    """Every route of every edge."""
    opening = (
        "All answers are JSON unless a line says otherwise; refusals are problem+json. A member sends the token of its "
        "login as `Authorization: Bearer …`. A running dam describes itself at `/api/openapi.json`; "
        "its log lies under `/log/` as static files (C2SP tlog-tiles). The operator's verbs are reached over the "
        "folder's own Unix socket only.\n"
    )
    parts = [MADE, "# HTTP\n", opening]
    for name, prefix in EDGES.items():
        module = importlib.import_module(f"datadam.edges.{name}")
        routers = [value for value in vars(module).values() if isinstance(value, APIRouter)]
        rows = [row for router in routers for row in _routes(router, prefix)]
        if rows:
            purpose = (module.__doc__ or "").strip().splitlines()[0]
            parts += [f"## {name.replace('_', ' ')}\n", purpose + "\n", table(("method", "path", "gives"), rows)]
    return "\n".join(parts)


def _routes(router: APIRouter, prefix: str) -> Iterator[tuple[str, str, str]]:
    for route in router.routes:
        if not isinstance(route, Route | APIRoute):
            continue
        gives = (route.endpoint.__doc__ or "").strip().split("\n\n")[0]
        methods = (route.methods or set()) - {"HEAD"} or {"HEAD"}
        yield ", ".join(sorted(methods)), f"`{prefix}{route.path}`", gives


# --- standards --------------------------------------------------------------------------------------------------------


def standards_page() -> str:
    """Every packaged standard: what it is for and what its columns hold."""
    parts = [
        MADE,
        "# Packaged standards\n",
        "How to write one of your own: [write a standard](../write-a-standard.md).\n",
    ]
    packaged = resources.files("datadam") / "standards"
    files = sorted((one for one in packaged.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    return "\n".join(parts + [_standard(odcs.read(one.read_text(encoding="utf-8"))) for one in files])


def _standard(standard: Standard) -> str:
    facts = [
        f"version {standard.version}",
        f"tier **{standard.tier}**",
        f"attribution **{standard.attribution}**",
        f"key {', '.join(f'`{name}`' for name in standard.key)}",
        f"a repeated fact: {standard.repeat}",
        f"at most {standard.reject_limit * 100:f} % rejects",
    ]
    rows = [(f"`{c.name}`", _holds(c), c.titles.get("en", ""), c.titles.get("ko", "")) for c in standard.columns]
    title = f"## {standard.id}\n\n{standard.titles.get('en', '')} · {standard.titles.get('ko', '')}\n"
    words = "\n\n".join(text for text in (standard.descriptions.get(lang) for lang in texts.LANGUAGES) if text)
    return "\n".join(
        [title, words + "\n", "; ".join(facts) + ".\n", table(("column", "holds", "English", "한국어"), rows)]
    )


def _holds(column: Column) -> str:
    parts = [str(column.type), *(["required"] if column.required else [])]
    parts += [f"in {column.unit}"] if column.unit else []
    parts += [f"codes {column.codes}"] if column.codes else []
    parts += [f"one of {', '.join(column.values)}"] if column.values else []
    parts += [] if column.protection == "keep" else [f"protected: {column.protection}"]
    return ", ".join(parts)


# --- obligations ------------------------------------------------------------------------------------------------------


def obligations_page() -> str:
    """Every obligation: where it is from, what is checked, what no check sees."""
    rows = obligations.rows()
    executable = sum(one.executable for one in rows)
    opening = f"""\
`datadam audit` checks what law and agreements ask of a dam over its whole log: **{executable} of {len(rows)} rows are
executable**, {len(rows) - executable} can only be declared. The count is made from the table, as this page is.

**Nothing here is legal advice, and no row says that anybody complies.** A row that passes says: *nothing in the log
breaks this*. Every law is named with how certain that is: *read* in a public text, *secondary* in what others say of
it, *memory*: not checked again. Verify an article before you quote it.

```console
$ datadam audit https://dam.example --key auditor.key   # as a member with the role auditor
$ datadam audit /srv/dam --vkey "$VKEY"                 # offline, over a folder with the dam's `log` and `bodies`
$ datadam audit https://dam.example --row 10 --json     # one row, for a program
```

The files of the log are hashed against the signed checkpoint first; a log that does not hold together is refused.
Then each row looks at the statements that it is about and names every entry that breaks it: index, id, who, when, why.
Exit code 5 if any row failed.

| status | means |
|---|---|
| passed | nothing in the log breaks this |
| failed | the entries that are named do |
| declared | no program can judge it: a named person answers for it (`datadam declare`), or nobody does yet |
| not applicable yet | nothing in the log is about it, or the dam is in another country |

`--json` has `counts` (`rows`, `executable`, `declared`, `passed`, `failed`, `not_applicable_yet`), how many entries
were read and believed and how many were not shown (`log`), and each row. Who is no auditor sees less and is told how
much. An auditor is shown every body over HTTP but the manifests and outcomes of deposits in reservoirs of private
answers, whose digests and counts are for their contributors alone; in the folder it sees them too.
An audit believes the statements, not the dam's tables; that tables and files are what the log says,
`datadam check` looks at on the dam's own disk. What is declared of a row is shown beside its check.
"""
    return "\n".join([MADE, "# Obligations\n", opening, *map(_obligation, rows)])


def _obligation(one: Row) -> str:
    words, (lang, *_) = one.words, texts.LANGUAGES
    sources = [f"{each.law}{f' {each.article}' if each.article else ''} [{each.certainty}]" for each in words.sources]
    told = [
        ("from", "; ".join(sources)),
        ("software must", words.must[lang]),
        ("an auditor checks" if one.executable else "a person declares", words.checked[lang]),
    ]
    told += [("no check sees", words.rest[lang])] if words.rest else []
    told += [("asked of dams in", ", ".join(sorted(words.where)))] if words.where else []
    told += [("also verified by", words.foreign)] if words.foreign else []
    kind = "executable" if one.executable else "declared"
    return f"## {one.number}. {words.title[lang]} ({kind})\n\n{table(('', ''), told)}"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "http.md": http_page,
    "standards.md": standards_page,
    "../obligations.md": obligations_page,
}


def main() -> None:
    """Write the pages, or compare with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    old = []
    for name, page in PAGES.items():
        target, text = (REFERENCE / name).resolve(), page()
        if not check:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            old.append(str(target.relative_to(ROOT)))
    if old:
        sys.exit(f"old: {', '.join(old)}; run `make docs`")


if __name__ == "__main__":
    main()
