"""Terms: the words that offers are made of, and offers before they are published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.manners import Json, chosen_language, open_terminal, print_json, read_text

if TYPE_CHECKING:
    from datadam.model import Standard
    from datadam.terms import Offer

app = typer.Typer()
terms_app = typer.Typer(name="terms", no_args_is_help=True, help="The words of offers, and what makes each hold.")
offer_app = typer.Typer(name="offer", no_args_is_help=True, help="Offers: what a standard's stewards allow.")
app.add_typer(terms_app)
app.add_typer(offer_app)

OfferFile = Annotated[
    str, typer.Argument(help="An offer: ODRL in JSON, or the same in YAML (.yaml, .yml); or the id of a packaged one.")
]
About = Annotated[
    str | None, typer.Option("--standard", help="The standard that it is about: a file, or the id of a packaged one.")
]

Language = Annotated[str | None, typer.Option("--language", help="en or ko; default: yours.")]


def read_offer(file: str) -> "Offer":
    """An offer that a person named: a file, ODRL in JSON or the same in YAML, or the standard of a packaged one."""
    from datadam.formats import odrl

    if file in odrl.packaged():
        return odrl.read(odrl.packaged()[file])
    text = read_text(Path(file))
    return odrl.from_yaml(text) if file.lower().endswith((".yaml", ".yml")) else odrl.read(text)


def standard_of(offer: "Offer", named: str | None) -> "Standard":
    """The standard that an offer is about: the one named, else the packaged one of that id."""
    from datadam.formats import codelists, odcs

    if named is not None and named not in codelists.packaged_standards():
        return odcs.read(read_text(Path(named)))
    return odcs.read(codelists.packaged_standard(named or offer.standard))


@terms_app.command("count")
def terms_count(as_json: Json = False) -> None:
    """How many terms this dam enforces, how many a person attests, and how many only the contract holds."""
    from datadam.formats import odrl_words

    totals = odrl_words.totals()
    if as_json:
        print_json({str(force): count for force, count in totals.items()} | {"terms": sum(totals.values())})
        return
    open_terminal().say("ui.terms-counted", terms=sum(totals.values()), **{str(f): n for f, n in totals.items()})


@terms_app.command("words")
def terms_words(language: Language = None) -> None:
    """Every term that there is, what makes it hold, and why."""
    from datadam.formats import odrl_words, offer_text
    from datadam.terms import CLAUSES, FORCE, PURPOSES

    chosen = language or chosen_language()
    rows = [
        (str(term), offer_text.name(term, chosen), offer_text.label(force, chosen), offer_text.why(term, chosen))
        for term, force in FORCE.items()
    ]
    terminal = open_terminal()
    terminal.table(("ui.term", "ui.term-name", "ui.force", "ui.term-why"), rows)
    terminal.line()
    named = [(word, offer_text.purpose(word, chosen), odrl_words.DPV.get(word, "–")) for word in PURPOSES]
    terminal.table(("ui.purpose", "ui.term-name", "ui.dpv"), named)
    terminal.line()
    variants = [(name, offer_text.name(name, chosen), ", ".join(odrl_words.VARIANTS[name])) for name in CLAUSES]
    terminal.table(("ui.clause", "ui.term-name", "ui.variants"), variants)


@offer_app.command("check")
def offer_check(file: OfferFile, standard: About = None) -> None:
    """Explain every fault of an offer at once: of its form, and with the standard that it is about."""
    from datetime import UTC, datetime

    from datadam.errors import Faults
    from datadam.formats import odrl
    from datadam.model import instant

    offer = read_offer(file)
    faults = odrl.check(offer, standard_of(offer, standard), now=instant(datetime.now(UTC)))
    if faults:
        raise Faults("offer.faulty", faults)
    terminal = open_terminal()
    terminal.line(f"{offer.standard} {offer.number}", style="bold green")
    terminal.say("ui.offer-whole")


@offer_app.command("text")
def offer_shown(file: OfferFile, language: Language = None, standard: About = None) -> None:
    """An offer as its parties read and sign it, each term with what makes it hold."""
    from datadam.formats import offer_text

    offer = read_offer(file)
    written = offer_text.text(offer, standard_of(offer, standard), language or chosen_language())
    open_terminal().line(written.rstrip("\n"))
