"""Offers and agreements to Cedar; decide, with every reason. Pure: facts in, one Decision out."""

from datadam.policy.cedar import PERMIT, SCHEMA, Rule
from datadam.policy.compiling import MAX_TERMS, MAX_TEXT, MAX_VALUES, Policy, compile_offer
from datadam.policy.deciding import COLLAPSED, OTHERS, UNDECIDABLE, Decided, Decider, decide_on, for_asker, request
from datadam.policy.facts import OPERATOR, Facts, read_facts, write_facts
from datadam.policy.grants import decide

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
    "Decided",
    "Decider",
    "Facts",
    "Policy",
    "Rule",
    "compile_offer",
    "decide",
    "decide_on",
    "for_asker",
    "read_facts",
    "request",
    "write_facts",
]
