"""Presidio over free text, beside our own forms: numbers of more countries. Extra `text`; no model, no network.

Presidio is made for one language at a time and for models that read it. Here every recogniser is told to be of one
language, so that each looks at any text; there is no model (`NoOpNlpEngine`), so nothing is downloaded and no name is
found. Left out on purpose: the recogniser of e-mail addresses, which fetches the public suffix list when it first runs
(ours need none); American driving licences, which any short word with digits passes for; and numbers of other countries
that are digits alone, of which a tenth of all order numbers passes the check. What scores lower than `LEAST` has failed
its check, or has none.
"""

from collections.abc import Sequence
from typing import Final

from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as known
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from datadam.privacy.identifiers import Hit, folded

LEAST: Final = 0.6  # of 1, which is what a check digit that holds gives
_LANGUAGE: Final = "en"  # nothing is read in it; Presidio asks for one
_RECOGNISERS: Final[tuple[type[PatternRecognizer], ...]] = (
    known.KrRrnRecognizer,  # the Korean ones are switched off in Presidio's own list
    known.KrFrnRecognizer,
    known.KrBrnRecognizer,
    known.KrPassportRecognizer,
    known.KrDriverLicenseRecognizer,
    known.CreditCardRecognizer,  # not of Korean there, either
    known.IbanRecognizer,
    known.CryptoRecognizer,
    known.EsNieRecognizer,
    known.EsNifRecognizer,
    known.FiPersonalIdentityCodeRecognizer,
    known.ItFiscalCodeRecognizer,
    known.SgFinRecognizer,
    known.UsMbiRecognizer,
)


class PresidioText:
    """A `Finder` (`polars_identifiers`) for columns of free text."""

    def __init__(self) -> None:
        """Make the recognisers; that takes no file and no network."""
        registry = RecognizerRegistry(recognizers=[one(supported_language=_LANGUAGE) for one in _RECOGNISERS])
        registry.supported_languages = [_LANGUAGE]
        engine = NoOpNlpEngine(models=[{"lang_code": _LANGUAGE, "model_name": "none"}])
        engine.load()
        self._analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[_LANGUAGE])

    def hits(self, texts: Sequence[str]) -> Sequence[Sequence[Hit]]:
        """Of each text what scores at least `LEAST`, by Presidio's own names in lower case."""
        return [self._hits(text) for text in texts]

    def _hits(self, text: str) -> list[Hit]:
        found = self._analyzer.analyze(folded(text), language=_LANGUAGE, score_threshold=LEAST)
        return [Hit(one.entity_type.lower().replace("_", "-"), one.start, one.end) for one in found]
