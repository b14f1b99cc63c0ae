"""How a file is read, as the command line says it and shows it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from datadam.formats.dialects import Declared

if TYPE_CHECKING:
    from datadam.edges.terminal import Terminal
    from datadam.model import Layout

FOUND: Final = Declared()
_NAMED: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_NO_QUOTE: Final = "none"
_SHOWN: Final = (
    "compression", "encoding", "separator", "quote", "sheet", "header_row", "first_row", "last_row",
)  # fmt: skip


def declared(
    encoding: Annotated[str | None, typer.Option(help="The file's encoding, where its bytes do not prove it.")] = None,
    separator: Annotated[str | None, typer.Option(help="What separates the columns of a CSV: , ; | or tab.")] = None,
    quote: Annotated[str | None, typer.Option(help="The quotation mark of a CSV: \" or ' or none.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    header_row: Annotated[
        int | None, typer.Option(min=1, help="The row that names the columns, counted from 1.")
    ] = None,
    first_row: Annotated[
        int | None, typer.Option(min=1, help="The first row of data, if not the one below the header.")
    ] = None,
    last_row: Annotated[
        int | None, typer.Option(min=1, help="The last row of data; what stands below is left out.")
    ] = None,
) -> Declared:
    """How a file is read, as far as it is said."""
    from datadam.errors import Invalid
    from datadam.formats.dialects import QUOTES, SEPARATORS
    from datadam.formats.encodings import encoding_named

    sign = _NAMED.get(separator, separator) if separator else None
    mark = "" if quote == _NO_QUOTE else quote
    if (sign and sign not in SEPARATORS) or (mark and mark not in QUOTES):
        raise Invalid("file.reading-odd", what=f"{separator or ''} {quote or ''}".strip())
    if first_row is not None and first_row <= (header_row or 1):
        raise Invalid("file.reading-odd", what=f"--first-row {first_row}")
    return Declared(
        encoding=encoding_named(encoding) if encoding else None,
        separator=sign,
        quote=mark,
        sheet=sheet,
        header_row=header_row,
        first_row=first_row,
        last_row=last_row,
    )


def show_reading(terminal: "Terminal", layout: "Layout") -> None:
    """Tell how a file is read, wherever that is not plain: nothing is converted unseen."""
    from datadam import texts
    from datadam.formats.opening import reading_to_json

    if layout.reading is None:
        return
    told = reading_to_json(layout.reading)
    parts = [layout.reading.format] + [
        texts.say(f"ui.read-{name.replace('_', '-')}", terminal.language, value=_value(told[name]))
        for name in _SHOWN
        if name in told
    ]
    if told or layout.reading.format not in {"csv", "parquet"}:
        terminal.say("ui.read-as", what=", ".join(parts))


def _value(value: object) -> str:
    return {"\t": "tab", "": _NO_QUOTE}.get(str(value), str(value))
