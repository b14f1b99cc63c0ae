"""Hidden shared suppliers: find whether makers depend on one deep supplier, while nobody sees another's edges.

Pure: bytes in, bytes out. docs/match.md says who sends what to whom, who learns what, and what is not covered.
"""

from datadam.overlap.bags import bag, check_bag
from datadam.overlap.codes import Reader, Reading, check_reader, handed, new_reader, reader, readings
from datadam.overlap.dams import Found, Shared, check_mixed, found, mix, shares, tokens
from datadam.overlap.pairs import Asked, Pair, answer, ask, known, overlap_size, pair_commitment
from datadam.overlap.terms import Item, Part, Plan, Round, Secret, commitment, new_secret, part

__all__ = [
    "Asked",
    "Found",
    "Item",
    "Pair",
    "Part",
    "Plan",
    "Reader",
    "Reading",
    "Round",
    "Secret",
    "Shared",
    "answer",
    "ask",
    "bag",
    "check_bag",
    "check_mixed",
    "check_reader",
    "commitment",
    "found",
    "handed",
    "known",
    "mix",
    "new_reader",
    "new_secret",
    "overlap_size",
    "pair_commitment",
    "part",
    "reader",
    "readings",
    "shares",
    "tokens",
]
