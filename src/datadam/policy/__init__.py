"""Offers and agreements to Cedar; decide, with every reason. Pure: facts in, one Decision out."""

from datadam.policy.cedar import PERMIT, SCHEMA, Rule
from datadam.policy.compiling import MAX_TERMS, MAX_TEXT, MAX_VALUES, Policy, compile_offer, confined, silenced
from datadam.policy.deciding import COLLAPSED, OTHERS, UNDECIDABLE, decide_on, for_asker, request
from datadam.policy.facts import OPERATOR, Facts, read_facts, write_facts

__all__ = [
    "COLLAPSED",
    "MAX_TERMS",
    "MAX_TEXT",
    "MAX_VALUES",
    "OPERATOR",
    "OTHERS",
    "PERMIT",
    "SCHEMA",
    "UNDECIDABLE",
    "Facts",
    "Policy",
    "Rule",
    "compile_offer",
    "confined",
    "decide_on",
    "for_asker",
    "read_facts",
    "request",
    "silenced",
    "write_facts",
]
