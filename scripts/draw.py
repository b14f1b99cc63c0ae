"""Draw docs/picture.svg and docs/picture.ko.svg: how data flows through a dam. Readable on light and on dark.

`--check` writes nothing and fails where a picture would change.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 960, 430

# Each word once: English, Korean
WORDS: Final = {
    "title": ("How data flows through a dam", "데이터가 댐을 흐르는 길"),
    "firm_a": ("Firm in country A", "A국 기업"),
    "firm_b": ("Firm in country B", "B국 기업"),
    "firm_c": ("Agency in country C", "C국 기관"),
    "own": ("its own file, its own layout", "저마다의 파일과 서식"),
    "signed": ("signed manifest", "서명된 명세"),
    "dam": ("The dam", "데이터 댐"),
    "map": ("map columns to the standard", "열을 표준에 맞춤"),
    "judge": ("judge every row by every rule", "모든 행을 모든 규칙으로 검사"),
    "protect": ("protect: drop, mask, pseudonym", "보호: 삭제, 가림, 가명"),
    "seal": ("seal, then make visible", "봉인한 뒤 공개"),
    "decide": ("decide, record, release", "판단하고 기록하고 제공"),
    "consumer": ("Consumer", "이용자"),
    "load": ("one line of Python, or any", "파이썬 한 줄, 또는"),
    "load2": ("Delta Sharing client", "Delta Sharing 도구"),
    "model": ("a model from more than", "자기 자료만이 아닌"),
    "model2": ("one firm's rows", "자료로 배운 모형"),
    "back": ("receipt, rejects, reasons", "영수증, 거부된 행, 이유"),
    "log": ("Public log: salted ids, signed roots", "공개 로그: 무작위 값이 더해진 식별자, 서명된 뿌리"),
    "auditor": ("Anybody checks with tools of their own", "누구나 자기 도구로 검증"),
    "terms": ("under terms", "약속에 따라"),
}

STYLE: Final = """
  text { font-family: system-ui, 'Noto Sans KR', sans-serif; font-size: 14px; fill: #1f2933 }
  .head { font-weight: 600; font-size: 15px }
  .small { font-size: 12px; fill: #52606d }
  .box { fill: #f5f7fa; stroke: #9aa5b1; stroke-width: 1.2 }
  .dam { fill: #e3f1fb; stroke: #2b6cb0; stroke-width: 1.6 }
  .log { fill: #eef7ee; stroke: #2f855a; stroke-width: 1.4 }
  .flow { stroke: #2b6cb0; stroke-width: 2; fill: none; marker-end: url(#tip) }
  .back { stroke: #9aa5b1; stroke-width: 1.4; fill: none; stroke-dasharray: 5 4; marker-end: url(#dim) }
  .tip { fill: #2b6cb0 } .dim { fill: #9aa5b1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb } .small { fill: #b8c2cc }
    .box { fill: #1f2933; stroke: #7b8794 } .dam { fill: #12304a; stroke: #63b3ed }
    .log { fill: #14321f; stroke: #68d391 } .flow { stroke: #63b3ed } .tip { fill: #63b3ed }
    .back { stroke: #7b8794 } .dim { fill: #7b8794 }
  }
"""


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in one language."""

    place: int  # in each pair of WORDS

    def text(self, x: int, y: int, word: str, kind: str = "", anchor: str = "middle") -> str:
        """One line of text."""
        shown = escape(WORDS[word][self.place])
        return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{shown}</text>'

    def picture(self) -> str:
        """The whole picture."""
        parts = [self._opening(), *self._contributors(), *self._dam(), *self._consumers(), *self._log(), "</svg>\n"]
        return "\n".join(parts)

    def _opening(self) -> str:
        tips = "".join(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0,0 L8,4 L0,8 z" class="{name}"/></marker>'
            for name in ("tip", "dim")
        )
        title = escape(WORDS["title"][self.place])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n<defs>{tips}</defs>"
        )

    def _contributors(self) -> list[str]:
        parts = []
        for row, word in enumerate(("firm_a", "firm_b", "firm_c")):
            y = 30 + row * 92
            parts += [
                box(20, y, 210, 66, "box"),
                self.text(125, y + 28, word, "head"),
                self.text(125, y + 49, "own", "small"),
                f'<path class="flow" d="M230,{y + 26} C300,{y + 26} 290,{130 + row * 18} 352,{130 + row * 18}"/>',
            ]
        parts.append(self.text(296, 42, "signed", "small"))
        parts.append('<path class="back" d="M352,262 C300,262 300,246 236,246"/>')
        parts.append(self.text(298, 290, "back", "small"))
        return parts

    def _dam(self) -> list[str]:
        parts = [box(356, 30, 270, 250, "dam"), self.text(491, 60, "dam", "head")]
        for row, word in enumerate(("map", "judge", "protect", "seal", "decide")):
            y = 78 + row * 39
            parts += [box(376, y, 230, 30, "box"), self.text(491, y + 20, word, "small")]
        return parts

    def _consumers(self) -> list[str]:
        return [
            '<path class="flow" d="M626,150 L722,150"/>',
            self.text(674, 140, "terms", "small"),
            box(726, 80, 214, 140, "box"),
            self.text(833, 108, "consumer", "head"),
            self.text(833, 134, "load", "small"),
            self.text(833, 152, "load2", "small"),
            self.text(833, 182, "model", "small"),
            self.text(833, 200, "model2", "small"),
        ]

    def _log(self) -> list[str]:
        return [
            '<path class="flow" d="M491,280 L491,326"/>',
            box(200, 330, 560, 70, "log"),
            self.text(480, 360, "log", "head"),
            self.text(480, 383, "auditor", "small"),
        ]


def box(x: int, y: int, width: int, height: int, kind: str) -> str:
    """A box with round corners."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" class="{kind}"/>'


def main() -> None:
    """Write the pictures, or compare with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for place, name in enumerate(("picture.svg", "picture.ko.svg")):
        target, text = ROOT / "docs" / name, Pen(place).picture()
        if not check:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            sys.exit(f"docs/{name} is old: run `make docs`")


if __name__ == "__main__":
    main()
