"""Look for identifiers in columns of text: a few quick regular expressions over all, checks over what is left of them.

Nearly every value passes the gates of `identifier_forms`, which cost a twentieth of a microsecond. What does not is
taken once a distinct text through the forms of the gate that it stopped at, still within Polars; only texts that have a
form are looked at in Python, and what is said of them in the end is what `identifiers.find` says.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import polars as pl

from datadam.plan import Cell
from datadam.privacy.identifier_forms import FORMS, Gate, Kind
from datadam.privacy.identifiers import FOLDABLE, Hit, confirmed, find, folded, redacted

_PADDED: Final = r"\A\z|\A\s|\s\z"  # `\s` is Unicode's White_Space, as `plan.BLANKS`


class Finder(Protocol):
    """Finds further things of persons in running text: what no form or check digit tells."""

    def hits(self, texts: Sequence[str]) -> Sequence[Sequence[Hit]]:
        """Of each text what stands in it."""
        ...


def holds_none(text: pl.Expr, cell: Cell, finder: Finder | None, *, bare: bool = False) -> pl.Expr:
    """Whether nothing that is sought stands in a text; of no text anything may be said.

    With `bare` also whether it is not empty and has no blanks around it: one look at each text instead of two.
    """

    def judged(columns: Sequence[pl.Series]) -> pl.Series:
        texts, suspects = columns
        looked = texts.filter(suspects).unique() if suspects.any() else texts.clear()
        found: set[str] = set()
        if bare and len(looked):  # most suspects are empty texts: what is found by that is not looked at further
            padded = looked.str.contains(_PADDED)
            looked, found = looked.filter(~padded), set(looked.filter(padded))
        found |= identified(looked, cell.sought)
        found |= {text for text, hits in _hits(texts, cell, finder) if hits}
        return ~texts.is_in(sorted(found)) if found else texts.is_not_null()

    suspected = suspect(text, cell.sought, *((_PADDED,) if bare else ()))
    return pl.map_batches([text, suspected], judged, return_dtype=pl.Boolean, is_elementwise=True)


def without(text: pl.Expr, cell: Cell, finder: Finder | None) -> pl.Expr:
    """The text with the name of its kind in place of whatever was found."""

    def judged(columns: Sequence[pl.Series]) -> pl.Series:
        texts, suspects = columns
        found = identified(texts.filter(suspects).unique(), cell.sought)
        changed = {one: redacted(one, find(one, cell.sought)) for one in found}
        for one, hits in _hits(texts, cell, finder):
            if hits:
                changed[one] = redacted(one, (*find(one, cell.sought), *hits))
        return texts.replace(list(changed), list(changed.values()))

    return pl.map_batches([text, suspect(text, cell.sought)], judged, return_dtype=pl.String, is_elementwise=True)


def _hits(texts: pl.Series, cell: Cell, finder: Finder | None) -> Iterable[tuple[str, Sequence[Hit]]]:
    """Each distinct free text with what `finder` finds in it."""
    if finder is None or cell.free_text is None:
        return ()
    distinct = texts.drop_nulls().unique().to_list()
    return zip(distinct, finder.hits(distinct), strict=True)


def suspect(text: pl.Expr, kinds: Sequence[str], *others: str) -> pl.Expr:
    """Whether a text may hold an identifier of these kinds at all, or one of `others`; false where there is no text."""
    gates = dict.fromkeys(form.gate for form in FORMS if form.kind in kinds)
    # one expression over all: six times quicker than one after the other
    return text.str.contains("|".join(f"(?:{gate})" for gate in (*gates, FOLDABLE, *others))).fill_null(value=False)


def identified(texts: pl.Series, kinds: Sequence[str]) -> set[str]:
    """Those of some distinct texts in which identifiers of these kinds stand."""
    if texts.is_empty():
        return set()
    wide = texts.str.contains(FOLDABLE)
    plain = pl.concat([texts.filter(~wide), texts.filter(wide).map_elements(folded, return_dtype=pl.String)])
    both = pl.DataFrame({"sent": pl.concat([texts.filter(~wide), texts.filter(wide)]), "plain": plain})
    found: set[str] = set()
    for gate in Gate:
        forms = [form for form in FORMS if form.gate is gate and form.kind in kinds]
        stopped = both.filter(pl.col("plain").str.contains(gate)) if forms else both.clear()
        for form in forms if len(stopped) else ():
            looks = stopped.filter(pl.col("plain").str.contains(form.pattern))
            found |= {sent for sent, text in looks.iter_rows() if sent not in found and confirmed(form, text)}
    return found if set(kinds) == set(Kind) else {text for text in found if find(text, kinds)}
