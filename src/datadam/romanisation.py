"""How Japanese kana and Korean hangul are written in Latin letters: all ways of it that headers are found in. Pure."""

import unicodedata
from typing import Final

_ROWS: Final = {
    "ア": "a", "イ": "i", "ウ": "u", "エ": "e", "オ": "o", "カ": "ka", "キ": "ki", "ク": "ku", "ケ": "ke", "コ": "ko",
    "サ": "sa", "シ": "shi", "ス": "su", "セ": "se", "ソ": "so", "タ": "ta", "チ": "chi", "ツ": "tsu", "テ": "te",
    "ト": "to", "ナ": "na", "ニ": "ni", "ヌ": "nu", "ネ": "ne", "ノ": "no", "ハ": "ha", "ヒ": "hi", "フ": "fu",
    "ヘ": "he", "ホ": "ho", "マ": "ma", "ミ": "mi", "ム": "mu", "メ": "me", "モ": "mo", "ヤ": "ya", "ユ": "yu",
    "ヨ": "yo", "ラ": "ra", "リ": "ri", "ル": "ru", "レ": "re", "ロ": "ro", "ワ": "wa", "ヲ": "o", "ン": "n",
    "ガ": "ga", "ギ": "gi", "グ": "gu", "ゲ": "ge", "ゴ": "go", "ザ": "za", "ジ": "ji", "ズ": "zu", "ゼ": "ze",
    "ゾ": "zo", "ダ": "da", "ヂ": "ji", "ヅ": "zu", "デ": "de", "ド": "do", "バ": "ba", "ビ": "bi", "ブ": "bu",
    "ベ": "be", "ボ": "bo", "パ": "pa", "ピ": "pi", "プ": "pu", "ペ": "pe", "ポ": "po",
}  # fmt: skip
_SMALL: Final = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
_LONG: Final = (("ou", "o"), ("oo", "o"), ("uu", "u"))
_KUNREI: Final = (("sha", "sya"), ("shu", "syu"), ("sho", "syo"), ("shi", "si"), ("cha", "tya"), ("chu", "tyu"),
                  ("cho", "tyo"), ("chi", "ti"), ("tsu", "tu"), ("fu", "hu"), ("ja", "zya"), ("ju", "zyu"),
                  ("jo", "zyo"), ("ji", "zi"))  # fmt: skip
_FIRST: Final = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")
_MIDDLE: Final = (
    *("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae"),
    *("oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"),
)
_LAST: Final = (
    *("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l"),
    *("p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"),
)
_HANGUL: Final = 0xAC00
_LETTERS: Final = {1: "g", 7: "d", 17: "b"}  # ㄱ, ㄷ and ㅂ at a syllable's end, as many type them
_VOICED: Final = {"k": "g", "t": "d", "p": "b"}


def romaji(kana: str) -> frozenset[str]:
    """A reading in katakana as it is typed: `コウテイ` is koutei and kotei, in Hepburn's letters and in Kunrei's."""
    text, doubled = "", False
    for sign in kana:
        if sign in _SMALL:
            text = text[:-1] + (_SMALL[sign][1:] if text[-2:] in {"hi", "ji"} else _SMALL[sign])
        elif sign == "ッ":
            doubled = True
        elif sign == "ー":
            continue
        else:
            spelt = _ROWS[sign]
            text += (spelt[0] if doubled else "") + spelt
            doubled = False
    short = text
    for long, brief in _LONG:
        short = short.replace(long, brief)
    found = {text, short}
    for written in (text, short):
        other = written
        for hepburn, kunrei in _KUNREI:
            other = other.replace(hepburn, kunrei)
        found.add(other)
    return frozenset(found)


def romaja(hangul: str) -> frozenset[str]:
    """A Korean word letter by letter (Revised Romanization), and as it is spoken where a vowel follows a stop.

    Stops at a syllable's end are found both ways, so that `국가` is gukga and gugga.
    """
    strict, voiced, typed = "", "", ""
    for sign in unicodedata.normalize("NFC", hangul):
        number = ord(sign) - _HANGUL
        first, middle, last = _FIRST[number // 588], _MIDDLE[number % 588 // 28], number % 28
        if not first and voiced[-1:] in _VOICED:
            voiced = voiced[:-1] + _VOICED[voiced[-1]]
        strict += first + middle + _LAST[last]
        voiced += first + middle + _LAST[last]
        typed += first + middle + _LETTERS.get(last, _LAST[last])
    return frozenset({strict, voiced, typed})
