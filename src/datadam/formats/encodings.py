"""Which encoding a text is in: proven by strict decoding of all of it, or asked; never guessed, never repaired.

UTF-8 and UTF-16 prove themselves. Bytes of Korean (CP949), Japanese (CP932) and Western (CP1252) Windows often decode
under more than one of them, to different words. One is taken only if its text is *clean*, as people write in that
language, and no other one's is: Hangul of KS X 1001 for Korean; kana or everyday kanji for Japanese, no half-width
katakana where no word begins so, no private letters; for Western text accented letters beside plain ones, no runs of
them. Else the contributor is asked, and shown what each would say.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from datadam.errors import Invalid
from datadam.formats.packing import Opener

ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "cp949", "cp932", "cp1252")
_ALIASES: Final = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "euc-kr": "cp949",
    "uhc": "cp949",
    "ms949": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift-jis": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
}
_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
BLOCK: Final = 1024 * 1024  # bytes decoded at once
_SHOWN: Final = 24  # letters of a sample

MOST_HANJA: Final = 4  # Hangul for each: EUC-CN and EUC-JP have the same bytes, and give a mixture of both
_HANGUL: Final = re.compile("[가-힣]")
_HANJA: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_KOREAN_ODD: Final = re.compile("[\ue000-\uf8ffㄱ-ㆎ]")  # private letters; single ones, as which EUC-JP's kana appear
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_KANA: Final = re.compile("[ぁ-ゖァ-ヺ\uff66-\uff9f]")
_HALF_ODD: Final = re.compile(  # half-width katakana as nobody writes it
    "(?<![\uff61-\uff9f])[\uff61\uff63-\uff65\uff67-\uff70\uff9e\uff9f]"  # no word begins with a small or voicing sign
    "|[A-Za-z][\uff61-\uff9f]|[\uff61-\uff9f][A-Za-z]"
    "|[^\uff73\uff76-\uff84\uff8a-\uff8e]\uff9e|[^\uff8a-\uff8e]\uff9f"  # nor is just any sound voiced
)
_LETTERS: Final = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿŒœŠšŽžŸÐÞ"
_SIGNS: Final = "€£¥§©®°±²³µ·¹º¼½¾ª«»¡¿¢‘’“”„‚–—…•™×÷\u00a0"
_WESTERN_ODD: Final = re.compile(
    f"[^\\x00-\\x7f{_LETTERS}{_SIGNS}]"
    "|[^\\x00-\\x7f]{3}"
    f"|(?<![A-Za-z{_LETTERS}])[{_LETTERS}]{{2}}(?![A-Za-z{_LETTERS}])"
    f"|[A-Za-z{_LETTERS}][¡¿¢£¥§©«»±¼½¾×÷•…][A-Za-z{_LETTERS}]"
    "|[°±²³µ¹º¼½¾ª¡¿¢£¥§©®×÷][°±²³µ¹º¼½¾ª¡¿¢£¥§©®×÷]"
    f"|[°±²³µ¹º¼½¾ª¢£¥§©®×÷][{_LETTERS}]|[{_LETTERS}][±µ¼½¾¢£¥§©®×÷]"
)


def encoding_named(text: str) -> str:
    """The encoding that a person means, by its own name or another one's."""
    name = text.strip().casefold().replace(" ", "-")
    found = _ALIASES.get(name, name)
    if found not in ENCODINGS:
        raise Invalid("file.encoding-unknown", encoding=text[:40], known=", ".join(ENCODINGS))
    return found


def decoded(file: BinaryIO, encoding: str, name: str) -> Iterator[tuple[int, str]]:
    """The text of `file` in pieces, each with the byte that it begins at; a bad byte is `Invalid` with its place.

    A byte order mark is no part of the text.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line, first = 0, 1, True
    while True:
        block = file.read(BLOCK)
        kept = decoder.getstate()[0]  # bytes of a letter that the last block cut in two
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            good = (kept + block)[: error.start].decode(encoding, errors="ignore")
            at, on = offset - len(kept) + error.start, line + good.count("\n")
            code = "file.encoding" if encoding == "utf-8" else "file.encoding-other"
            raise Invalid(code, name=name, encoding=encoding, offset=at, line=on) from error
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield offset - len(kept), text
        if not block:
            return
        offset += len(block)
        line += text.count("\n")


def find_encoding(opener: Opener, name: str) -> str:
    """The one encoding that a text can be in; `Invalid` with the question where that is not proven."""
    with opener() as file:
        start = file.read(4)
    if start in {codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE}:
        raise Invalid("file.encoding", name=name, encoding="utf-8", offset=0, line=1)
    known = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
    with opener() as file:
        try:
            for offset, text in decoded(file, known or "utf-8", name):
                if "\0" in text:
                    at = offset + len(text[: text.index("\0")].encode(known or "utf-8"))
                    raise Invalid("file.nul", name=name, offset=at)
        except Invalid as error:
            if error.code != "file.encoding":
                raise
            broken = error.with_traceback(None)  # else it and this frame hold one another, and all above
        else:
            return known or "utf-8"
    if _mostly_utf8(opener):
        raise broken
    judged = [_Judged("cp949"), _Judged("cp932"), _Judged("cp1252")]
    with opener() as file:
        _judge(file, judged)
    clean = [one.encoding for one in judged if one.clean]
    if len(clean) == 1:
        return clean[0]
    # nearly any bytes are some Western text: that alone makes it no possibility
    possible = [one for one in judged if one.strict and (one.clean or one.encoding != "cp1252")]
    if not possible:
        raise broken
    shown = ", ".join(f"{one.encoding} ({one.sample!r})" for one in possible)
    raise Invalid("file.encoding-unclear", name=name, choices=shown, first=possible[0].encoding)


@dataclass(slots=True)
class _Judged:
    """What became of reading a text under one code page."""

    encoding: str
    strict: bool = True  # all of it can be read
    odd: bool = False  # something is not as people write
    typical: bool = False  # something only its language has
    sample: str = ""
    decoder: codecs.IncrementalDecoder | None = None
    seen: set[str] = field(default_factory=set)
    hangul: int = 0  # how many different letters
    hanja: int = 0

    @property
    def clean(self) -> bool:
        return self.strict and self.typical and not self.odd

    def take(self, block: bytes, *, final: bool) -> None:
        if not self.strict:
            return
        self.decoder = self.decoder or codecs.getincrementaldecoder(self.encoding)()
        try:
            text = self.decoder.decode(block, final)
        except UnicodeDecodeError:
            self.strict = False
            return
        self.strict = "\0" not in text
        if text.isascii():
            return
        self.sample = self.sample or next(line.strip()[:_SHOWN] for line in text.splitlines() if not line.isascii())
        new = "".join(sorted(set(text) - self.seen))
        self.seen.update(new)
        letters = "".join(letter for letter in new if not letter.isascii())
        match self.encoding:
            case "cp949":
                # KS X 1001 alone takes two bytes a letter; Python's `euc_kr` spells every other one out in eight
                self.odd |= bool(_KOREAN_ODD.search(letters)) or not _two_bytes_each(letters)
                self.hangul += len(_HANGUL.findall(letters))
                self.hanja += len(_HANJA.findall(letters))
                self.typical = self.hangul > MOST_HANJA * self.hanja
            case "cp932":
                self.odd |= bool(_PRIVATE.search(letters) or _HALF_ODD.search(text))
                self.typical |= bool(_KANA.search(letters)) or any(map(_everyday, letters))
            case _:
                self.odd |= bool(_WESTERN_ODD.search(text))
                self.typical = True


def _two_bytes_each(letters: str) -> bool:
    try:
        return len(letters.encode("euc_kr")) == 2 * len(letters)
    except UnicodeEncodeError:
        return False


def _everyday(letter: str) -> bool:
    """Whether a letter is a kanji of the first level of JIS X 0208."""
    return b"\x88\x9f" <= letter.encode("cp932") <= b"\x98\x72"


def _judge(file: BinaryIO, judged: list[_Judged]) -> None:
    """Show every line to each, in blocks that end where a line does, so that no word is cut in two."""
    rest = b""
    while block := file.read(BLOCK):
        rest += block
        end = rest.rfind(b"\n") + 1
        if not end and len(rest) < 4 * BLOCK:
            continue
        end = end or len(rest)
        for one in judged:
            one.take(rest[:end], final=False)
        rest = rest[end:]
    for one in judged:
        one.take(rest, final=True)


def _mostly_utf8(opener: Opener) -> bool:
    """Whether a text that is not UTF-8 throughout was meant to be: then it is damaged, and nothing else."""
    with opener() as file:
        start = file.read(BLOCK)
    good = start.decode("utf-8", errors="ignore")
    right = sum(len(letter.encode()) for letter in good if not letter.isascii())
    high = sum(byte > 0x7F for byte in start)  # noqa: PLR2004  (the end of ASCII)
    return high > 0 and 2 * right > high
