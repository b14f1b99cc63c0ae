"""YAML that can mean only one thing: no tags, no aliases, no repeated keys, no guessed dates or booleans.

Plain scalars follow the JSON subset of YAML 1.2 (`no` and `2026-01-01` are texts), numbers with a point are exact
decimals, and a file is bounded in bytes, depth and digits. PyYAML only parses; values are made here.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import yaml

from datadam.errors import Invalid

MAX_BYTES: Final = 1024 * 1024  # the largest packaged standard is about 20 kB
MAX_DEPTH: Final = 24  # an ODCS contract needs about ten
MAX_DIGITS: Final = 50  # of a number, and of its exponent's reach: decimals of the dam have 38

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,4})?")
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Writer(yaml.SafeDumper):
    """Writes what `read` reads back, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002  (the base class says so)
        return True


def read(text: str) -> Any:  # noqa: ANN401  (YAML may be any value)
    """Read one document: dicts, lists, text, int, Decimal, bool, None. Anything else is `Invalid` with its line."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise Invalid("yaml.too-large", size=size, limit=MAX_BYTES)
    try:
        _refuse_early(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise Invalid("yaml.malformed", line=line, why=str(getattr(error, "problem", None) or error)[:200]) from error
    return None if root is None else _value(root)


def write(value: object) -> str:
    """Write plain values so that `read` gives them back; keys keep their order."""
    return yaml.dump(value, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=118)


def _refuse_early(text: str) -> None:
    """Judge the event stream before anything is built of it: this is where alias bombs end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise Invalid("yaml.alias", line=line)
        if getattr(event, "tag", None) is not None:
            raise Invalid("yaml.tag", line=line, tag=str(getattr(event, "tag", ""))[:40])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Invalid("yaml.too-deep", line=line, limit=MAX_DEPTH)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: yaml.Node) -> Any:  # noqa: ANN401  (YAML may be any value)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if getattr(node, "style", None) is not None:  # quoted or block: always a text
        return node.value
    return _plain(node.value, _line(node))


def _line(part: yaml.Event | yaml.Node) -> int:
    return int(part.start_mark.line) + 1 if part.start_mark is not None else 1


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise Invalid("yaml.key-not-text", line=line)
        if key.value in found:
            raise Invalid("yaml.key-repeated", line=line, key=key.value[:80])
        found[key.value] = _value(item)
    return found


def _plain(text: str, line: int) -> str | int | bool | Decimal | None:
    if text in _WORDS:
        return _WORDS[text]
    if not _DECIMAL.fullmatch(text):
        return text
    number = Decimal(text)
    if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise Invalid("yaml.number-too-long", line=line, limit=MAX_DIGITS)
    return int(text) if _INTEGER.fullmatch(text) else number


def _represent_text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    """Quote whatever a plain scalar would turn into something else here, or in a YAML 1.1 reader."""
    style = None
    if text in _WORDS or _DECIMAL.fullmatch(text):
        style = "'"
    if not text.isprintable():  # line ends of every kind would be folded, others not be YAML
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_decimal(writer: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    """Decimals as plain digits; one that is whole as an integer."""
    text = format(number, "f")
    tag = "tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int"
    return writer.represent_scalar(tag, text)


_Writer.add_representer(str, _represent_text)
_Writer.add_representer(Decimal, _represent_decimal)
