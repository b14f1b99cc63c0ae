"""Pages that a browser shows: made on the server, without a script, with every text of others escaped.

A page holds its own style and asks for nothing else, so that it can be saved and opened anywhere; its policy forbids
the rest. A value that a spreadsheet would take for a formula gets an apostrophe before it, because tables are copied.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Final

from datadam import texts
from datadam.model import Json, Reason, Standard
from datadam.prepare import Found

MEDIA: Final = "text/html; charset=utf-8"
NOTHING_TAKEN: Final = frozenset({"refused", "unprepared"})  # stages in which no row counts, a faultless one neither
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.,eE+-]*%?")
_FORMULA: Final = ("=", "+", "-", "@")
_SHOWN_ROWS: Final = 20  # of one warning
_GROUPED: Final = 10_000
_BAR_WIDTH, _BAR_HEIGHT = 168, 36  # of a distribution, in pixels
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2733;--soft:#5b6b7b;--line:#d7dee6;--back:#fff;--card:#f5f8fa;--good:#18794e;
--bad:#b42318;--warn:#8a5a00;--bar:#2f7fb8}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9fb0c0;--line:#33414e;--back:#11181f;--card:#18222b;
--good:#4cc38a;--bad:#ff8f85;--warn:#e6b450;--bar:#58a6dc}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 4rem;color:var(--ink);background:var(--back);
font:16px/1.5 system-ui,"Noto Sans KR","Noto Sans CJK KR",sans-serif;word-break:keep-all;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .5rem}p{margin:.25rem 0}
.soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}
.verdict{font-weight:600;font-size:1.1rem;margin-top:1rem}
.counts{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0;padding:0;list-style:none}
.counts li{flex:1 1 8rem;background:var(--card);border-radius:.5rem;padding:.6rem .9rem}
.counts b{display:block;font-size:1.4rem;font-variant-numeric:tabular-nums}
.warning{border-left:4px solid var(--warn);background:var(--card);border-radius:.25rem;padding:.6rem .9rem;
margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.94rem}
th{text-align:left;color:var(--soft);font-weight:600;border-bottom:2px solid var(--line);padding:.35rem .6rem .35rem 0}
td{border-bottom:1px solid var(--line);padding:.4rem .6rem .4rem 0;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:1.25rem}
th{overflow-wrap:normal}
code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}
svg{display:block;max-width:100%}rect{fill:var(--bar)}
ul.plain{list-style:none;margin:0;padding:0}
@media(max-width:40rem){table,tbody,tr,td{display:block}thead{position:absolute;clip-path:inset(50%);height:1px;
width:1px;overflow:hidden}tr{border-bottom:2px solid var(--line);padding:.5rem 0}td,td.n{border:0;padding:.15rem 0;
text-align:left;white-space:normal}td[data-label]::before{content:attr(data-label);display:block;color:var(--soft);font-size:.8rem}
td:empty{display:none}}
@media print{body{max-width:none}}
"""
POLICY: Final = (
    "default-src 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of every page here: its one style and nothing more."""


# --- in words ---------------------------------------------------------------------------------------------------------


def said_fault(found: Found, language: str) -> Json:
    """A fault of a row in words: where, what was sent, what is wrong and what to do."""
    told = texts.explain(found.reason, language)
    return {
        "row": found.row,
        "column": found.column,
        "source": found.source,
        "rule": found.rule,
        "value": found.value,
        "what": told.what,
        "remedy": told.remedy,
    }


def said_warnings(survey: Json, language: str) -> list[Json]:
    """What a survey found, in words: `{code, what, remedy, rows, count}`, rows from 0 in the file as sent."""
    found: list[Json] = []
    for one in survey["findings"]:
        told = texts.explain(Reason(one["code"], one["facts"]), language)
        found.append(
            {"code": told.code, "what": told.what, "remedy": told.remedy, "rows": one["rows"], "count": one["count"]}
        )
    return found


def said_columns(survey: Json, standard: Standard, language: str) -> list[Json]:
    """Every column: its title, what became of its values, and how those that were admitted are distributed."""
    found: list[Json] = []
    for column in standard.columns:
        done = [texts.say(c["code"], language, **c["facts"]) for c in survey["changes"].get(column.name, ())]
        title = column.titles.get(language) or column.titles.get(texts.LANGUAGES[0]) or column.name
        facts = survey["columns"].get(column.name, {})
        found.append({"name": column.name, "title": title, "unit": column.unit, "changes": done, **facts})
    return found


# --- markup -----------------------------------------------------------------------------------------------------------


class Html(str):
    """A piece of markup that is safe as it is."""

    __slots__ = ()


def tag(name: str, *inside: str, **attributes: object) -> Html:
    """An element; what is no markup of ours is escaped, in attributes too. `class_` is `class`, `data_x` `data-x`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_safe(str(value))}"' for key, value in attributes.items() if value
    )
    return Html(f"<{name}{given}>{''.join(_safe(part) for part in inside)}</{name}>")


def _safe(part: str) -> str:
    """Escaped, without control characters and direction marks, which can make a text read as another."""
    if isinstance(part, Html):
        return part
    return escape("".join(letter for letter in part if unicodedata.category(letter)[0] != "C"))


def sent(value: object) -> str:
    """A value that somebody sent, cleaned and short; what would be a formula in a spreadsheet is none any more."""
    text = texts.clean(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def table(headings: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> Html:
    """A table, whose rows stand one cell below the other where the window is narrow; headings are (text, class)."""
    head = tag("thead", tag("tr", *(tag("th", text, class_=kind, scope="col") for text, kind in headings)))
    body = [
        tag(
            "tr",
            *(tag("td", cell, class_=kind, data_label=text) for (text, kind), cell in zip(headings, row, strict=True)),
        )
        for row in rows
    ]
    return tag("table", head, tag("tbody", *body))


def page(title: str, language: str, *inside: str) -> str:
    """A whole page."""
    head = tag(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'),
        tag("title", title),
        Html(f"<style>{_STYLE}</style>"),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *inside), lang=language)}\n"


# --- a deposit's report -----------------------------------------------------------------------------------------------


def report(job: Json, language: str) -> str:
    """The page of one deposit, from what the API tells of it: counts, warnings, faults, each column's statistics."""
    title = texts.say("ui.report-title", language, standard=job["standard"])
    parts = [
        tag("h1", title),
        tag("p", f"{sent(job['file']['name'])} · {job['standard']} {job['version']}", class_="soft"),
        tag("p", tag("code", job["id"]), class_="soft") if job.get("id") else Html(),
        _verdict(job, language),
        _counts(job, language),
        _prepared(job.get("prepared"), language),
        _warnings(job.get("warnings", ()), language),
        _faults(job, language),
        _columns(job.get("columns", ()), language),
    ]
    return page(title, language, tag("main", *parts))


def _verdict(job: Json, language: str) -> Html:
    kinds = {"committed": ("ui.deposit-admitted", "good"), "refused": ("ui.deposit-refused", "bad")}
    code, kind = kinds.get(job["stage"], (f"ui.stage-{job['stage']}", ""))
    said = [tag("p", texts.say(code, language, standard=job["standard"]), class_=f"verdict {kind}")]
    fault = job.get("fault") or {}
    for one in (fault, *fault.get("faults", ())):
        said += [tag("p", f"{one['what']} {one['remedy']}")] if one.get("what") else []
    return Html("".join(said))


def _counts(job: Json, language: str) -> Html:
    tally = job.get("tally")
    if not tally:
        return Html()
    admitted = 0 if job["stage"] in NOTHING_TAKEN else tally["admitted"]
    told = [("ui.rows", tally["rows"]), ("ui.admitted", admitted), ("ui.rejected", tally["rejected"])]
    return tag("ul", *(tag("li", texts.say(code, language), tag("b", f"{n:,}")) for code, n in told), class_="counts")


def _prepared(prepared: Json | None, language: str) -> Html:
    """What of a file that was prepared at home travels raw or coarse, what stays, and what nobody else can judge."""
    if prepared is None:
        return Html()
    lines = [
        tag("li", texts.say(f"ui.prepared-{name}", language, columns=", ".join(prepared[name])))
        for name in ("raw", "stays", "coarse")
        if prepared[name]
    ]
    if prepared["unjudged"]:
        lines.append(tag("li", texts.say("ui.prepared-unjudged", language, rules=", ".join(prepared["unjudged"]))))
    return tag("section", tag("h2", texts.say("ui.prepared-travels", language)), tag("ul", *lines)) if lines else Html()


def _warnings(warnings: Sequence[Json], language: str) -> Html:
    if not warnings:
        return Html()
    shown = [
        tag("h2", texts.say("ui.warnings", language)),
        tag("p", texts.say("ui.warnings-mean", language), class_="soft"),
    ]
    for one in warnings:
        rows = [tag("p", said_rows(one, language), class_="soft")] if one["rows"] else []
        shown.append(tag("div", tag("p", one["what"]), tag("p", one["remedy"], class_="soft"), *rows, class_="warning"))
    return tag("section", *shown)


def said_rows(warning: Json, language: str) -> str:
    """Which rows a warning is about, counted from 1 as people do."""
    rows = ", ".join(str(row + 1) for row in warning["rows"][:_SHOWN_ROWS])
    more = warning["count"] - min(len(warning["rows"]), _SHOWN_ROWS)
    return texts.say("ui.warning-rows-more" if more > 0 else "ui.warning-rows", language, rows=rows, more=more)


def _faults(job: Json, language: str) -> Html:
    tally, shown = job.get("tally") or {}, job.get("shown", ())
    if not tally.get("faults") and not shown:
        return Html()

    def heading(code: str, kind: str = "") -> tuple[str, str]:
        return texts.say(code, language), kind

    broken = sorted(tally.get("faults", {}).items(), key=lambda item: -item[1])
    parts = [
        tag("h2", texts.say("ui.faults-by-rule", language)),
        table(
            [heading("ui.rule"), heading("ui.rows", "n")], [(tag("code", rule), f"{n:,}") for rule, n in broken if n]
        ),
    ]
    if shown:
        headings = [heading("ui.row", "n"), heading("ui.column"), heading("ui.value"), heading("ui.fault")]
        parts += [tag("h2", texts.say("ui.faults-first", language)), table(headings, [_fault(one) for one in shown])]
        if job.get("id"):
            code = "ui.rejects-see" if job["stage"] in NOTHING_TAKEN else "ui.rejects-fetch"
            parts.append(tag("p", texts.say(code, language, deposit=job["id"][:12])))
    return tag("section", *parts)


def _fault(one: Json) -> tuple[str, str, Html, str]:
    where = sent(one["source"] or one["column"] or "")
    value = tag("code", sent(one["value"])) if one["value"] else Html()
    return f"{one['row'] + 1:,}", where, value, f"{one['what']} {one['remedy']}"


def _columns(columns: Sequence[Json], language: str) -> Html:
    if not columns:
        return Html()
    codes = ("ui.column", "ui.what-was-done", "ui.missing", "ui.distribution")
    headings = [(texts.say(code, language), "n" if code == "ui.missing" else "") for code in codes]
    rows = [(_named(one), _done(one), _missing(one), _distribution(one, language)) for one in columns]
    return tag("section", tag("h2", texts.say("ui.columns", language)), table(headings, rows))


def _named(one: Json) -> Html:
    unit = f" ({one['unit']})" if one.get("unit") else ""
    return Html(tag("span", f"{one['title']}{unit}") + tag("p", tag("code", one["name"]), class_="soft"))


def _done(one: Json) -> Html:
    return (
        tag("ul", *(tag("li", sent(change)) for change in one["changes"]), class_="plain") if one["changes"] else Html()
    )


def _missing(one: Json) -> str:
    if "missing" not in one:
        return ""
    share = f" ({one['missing'] / one['rows']:.1%})" if one["missing"] and one["rows"] else ""
    return f"{one['missing']:,}{share}"


def _distribution(one: Json, language: str) -> Html:
    some = texts.say("ui.of-a-sample", language, rows=f"{one['sample']:,}") if "sample" in one else ""
    return Html(_spread(one, language) + (tag("p", some, class_="soft") if some else ""))


def _spread(one: Json, language: str) -> Html:
    if one.get("values"):
        lines = [tag("li", tag("code", sent(v["value"])), f" {v['rows']:,}") for v in one["values"]]
        if one["others"]:
            lines.append(tag("li", texts.say("ui.other-values", language, rows=one["others"]), class_="soft"))
        return tag("ul", *lines, class_="plain")
    if one.get("minimum") is None:
        return Html()
    ends = f"{_told(one['minimum'])} – {_told(one['maximum'])}"
    mean = texts.say("ui.mean", language, mean=_told(one["mean"])) if one.get("mean") is not None else ""
    return Html(_histogram(one["bins"], ends) + tag("p", ends) + (tag("p", mean, class_="soft") if mean else ""))


def _told(value: object) -> str:
    """A number without idle zeros, in groups of three where it is too long to be a year; anything else as it is."""
    text = str(value)
    if not _NUMBER.fullmatch(text):
        return texts.clean(text)
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    return f"{number.normalize():,f}" if abs(number) >= _GROUPED else f"{number.normalize():f}"


def _histogram(bins: Sequence[Mapping[str, object]], label: str) -> Html:
    """Bars of equal width, the highest as high as the picture; a bin with a single row still shows."""
    counts = [int(str(one["rows"])) for one in bins]
    if not any(counts):
        return Html()
    width = _BAR_WIDTH // len(counts)
    heights = [max(1, round(count / max(counts) * _BAR_HEIGHT)) if count else 0 for count in counts]
    bars = [
        tag(
            "rect",
            tag("title", f"{_told(one['from'])} – {_told(one['to'])}: {count:,}"),
            x=str(place * width),
            y=str(_BAR_HEIGHT - height),
            width=str(width - 1),
            height=str(height),
        )
        for place, (one, count, height) in enumerate(zip(bins, counts, heights, strict=True))
        if count
    ]
    return tag("svg", *bars, role="img", aria_label=label, width=str(_BAR_WIDTH), height=str(_BAR_HEIGHT))
