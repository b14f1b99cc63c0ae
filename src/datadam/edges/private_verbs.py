"""The operator's verbs about private answers, and how an answer is told: what was signed, and what is left."""

from collections.abc import Callable, Mapping
from typing import Final

from datadam import seal
from datadam.dam import ask, asked
from datadam.dam.ask import Answer
from datadam.dam.world import World
from datadam.model import Json
from datadam.privacy import previewing


def told(found: Answer) -> Json:
    """An answer as its asker gets it: the signed body, its receipt, whether it was there already, what is left."""
    return {
        "id": found.statement.id,
        "index": found.index,
        "stored": found.stored,
        "left": {
            "period": f"{found.left.period}",
            "yours": f"{found.left.asker}",
            "life": f"{found.left.life}",
        },
        "answer": dict(found.body),
        "receipt": found.receipt,
    }


def _ask(world: World, question: str) -> Json:
    return told(ask.answer_operator(world, seal.parse(question.encode())))


def _preview(world: World, question: str) -> Json:
    return previewing.told(asked.preview(world, seal.parse(question.encode())))


def _questions(world: World, standard: str) -> Json:
    return asked.told(asked.about(world, standard))


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "ask": (("question",), _ask),
    "preview": (("question",), _preview),
    "questions": (("standard",), _questions),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
