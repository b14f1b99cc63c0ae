"""Options that several commands share, said once: a command asks for what they come to, and gets them all."""

import inspect
from collections.abc import Callable
from functools import wraps
from inspect import Parameter
from typing import Any, Final, TypeVar

_Made = TypeVar("_Made")
_PLACED: Final = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}


def spread(collect: Callable[..., object]) -> Callable[[Callable[..., _Made]], Callable[..., _Made]]:
    """Gives a command the options of `collect` in place of its parameter of that name, which gets what it returns.

    So `@spread(choices)` over `def deposit(file: Path, choices: Choices)` takes every option of `choices`.
    """
    name = collect.__name__
    added = list(inspect.signature(collect, eval_str=True).parameters.values())

    def spread_out(command: Callable[..., _Made]) -> Callable[..., _Made]:
        own = inspect.signature(command, eval_str=True)
        shown: list[Parameter] = []
        for one in own.parameters.values():
            shown += added if one.name == name else [one]

        @wraps(command)
        def run(**given: Any) -> _Made:
            made = collect(**{one.name: given.pop(one.name) for one in added})
            return command(**given, **{name: made})

        # by keyword all of them, so that one with a default may stand before one without
        keyed = [one.replace(kind=Parameter.KEYWORD_ONLY) if one.kind in _PLACED else one for one in shown]
        run.__signature__ = own.replace(parameters=keyed)  # type: ignore[attr-defined]  # `inspect` looks there
        run.__annotations__ = {one.name: one.annotation for one in keyed}
        return run

    return spread_out
