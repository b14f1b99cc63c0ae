"""What happened, for whoever has two minutes: told while it happens, and written beside the evidence."""

import html
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from demo.shell import WIDTH, bold

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:17px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}}
h1{{font-size:1.7rem}}h2{{font-size:1.15rem;margin-top:2rem}}li{{margin:.2rem 0}}</style>
{body}
</html>
"""


@dataclass
class Story:
    """Chapters of short paragraphs; every number in it was measured in this run."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)  # kind: h2, p or li; text

    def chapter(self, text: str, *paragraphs: str) -> None:
        """A new heading, and what it is about."""
        number = sum(kind == "h2" for kind, _ in self.lines) + 1
        print(f"\n{bold(f'{number}  {text}')}")
        self.lines.append(("h2", f"{number}. {text}"))
        for one in paragraphs:
            self.says(one)
        print(flush=True)

    def says(self, text: str) -> None:
        """A paragraph."""
        self.lines.append(("p", text))
        _print(text, "    ")

    def fact(self, text: str) -> None:
        """Something that this run measured."""
        self.lines.append(("li", text))
        print()
        _print(text, "    → ")

    def markdown(self) -> str:
        """The story as Markdown."""
        marks = {"h2": "## ", "p": "", "li": "- "}
        parts = [f"# {self.title}"]
        for (kind, text), (before, _) in zip(self.lines, [("", ""), *self.lines], strict=False):
            gap = "\n" if kind == before == "li" else "\n\n"
            parts.append(f"{gap}{marks[kind]}{text}")
        return "".join(parts) + "\n"

    def page(self) -> str:
        """The same as a page that needs nothing else."""
        parts = [f"<h1>{html.escape(self.title)}</h1>"]
        for (kind, text), (before, _) in zip(self.lines, [("", ""), *self.lines], strict=False):
            if (kind == "li") != (before == "li"):
                parts.append("<ul>" if kind == "li" else "</ul>")
            parts.append(f"<{kind}>{html.escape(text)}</{kind}>")
        if self.lines and self.lines[-1][0] == "li":
            parts.append("</ul>")
        return _PAGE.format(title=html.escape(self.title), body="\n".join(parts))

    def write(self, folder: Path) -> None:
        """`story.md` and `story.html`."""
        (folder / "story.md").write_text(self.markdown(), encoding="utf-8")
        (folder / "story.html").write_text(self.page(), encoding="utf-8")


def _print(text: str, first: str) -> None:
    for part in textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first)):
        print(part, flush=True)
