"""Every code has its sentences in every language, and no fact can speak for us."""

import ast
import re
import unicodedata
import warnings
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import texts
from datadam.errors import DamError, Faults, Invalid, Refused
from datadam.model import Reason

SOURCE = Path(texts.__file__).parents[1]
RAISED = {"DamError", "Invalid", "Refused", "NotFound", "Untrusted", "Unavailable", "Faults", "Reason"}
SPOKEN = {"say", "remedy", "word"}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of ours, parsed."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def name_of(call: ast.Call) -> str:
    """The last name of what is called."""
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def raise_sites() -> Iterator[tuple[str, str, set[str] | None]]:
    """Every literal code that is raised: code, where, and the names of its facts (None: known only at run time)."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name_of(node) not in RAISED | SPOKEN or not node.args:
                continue
            first = node.args[0]
            literals = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            for literal in literals:
                if isinstance(literal, ast.Constant) and isinstance(literal.value, str) and "." in literal.value:
                    yield literal.value, f"{path.relative_to(SOURCE)}:{node.lineno}", facts_of(node)


def facts_of(call: ast.Call) -> set[str] | None:
    """The names of the facts that a call gives; None if they are computed."""
    name = name_of(call)
    if name == "Reason":
        given = call.args[1] if len(call.args) > 1 else None
        if given is None:
            return set()
        if isinstance(given, ast.Dict) and all(isinstance(key, ast.Constant) for key in given.keys):
            return {str(key.value) for key in given.keys if isinstance(key, ast.Constant)}
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    named = {str(keyword.arg) for keyword in call.keywords} - ({"lang"} if name in SPOKEN else set())
    return named | ({"count"} if name == "Faults" else set())


def mentioned() -> tuple[set[str], set[str]]:
    """Every text in our source that may be a code, and the beginnings of those that are put together."""
    whole, begun = set(), set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
    return whole, {beginning for beginning in begun if "." in beginning}


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_every_code_that_is_raised_has_a_sentence(lang: str) -> None:
    """A person never meets a bare code."""
    known = set(texts.codes(lang))
    missing = {code: where for code, where, _ in raise_sites() if code not in known}
    assert not missing


def test_there_is_no_sentence_that_nobody_says() -> None:
    """A sentence whose code is gone goes too."""
    whole, begun = mentioned()
    orphans = {c for c in texts.codes() if c not in whole and not any(c.startswith(b) for b in begun)}
    assert not orphans


def test_all_languages_say_the_same() -> None:
    """The same codes, in each the same sentences, in each the same facts."""
    first, *others = texts.LANGUAGES
    for other in others:
        assert texts.codes(other) == texts.codes(first)
        for code in texts.codes(first):
            here, there = texts.template(code, first), texts.template(code, other)
            assert set(here) == set(there), code
            for part in here:
                assert texts.placeholders(here[part]) == texts.placeholders(there[part]), (code, part)


def test_one_thing_has_one_korean_name() -> None:
    """제출 a deposit, 대응표 a mapping, 버전 a version (판 is an edition), 로그 the log, 이용 약정 an agreement."""
    others = ("기탁", "매핑", "합의", "판 번호", "새 판", "{last}판", "기록부", "데이터댐")
    found = {
        code: other
        for code in texts.codes("ko")
        for sentence in texts.template(code, "ko").values()
        for other in others
        if other in sentence and not code.startswith(("yaml.", "odcs."))
    }
    assert not found


def test_a_sentence_asks_only_for_facts_that_are_given() -> None:
    """No sentence has a hole: each place raising a code gives every fact that its sentences name."""
    holes: list[str] = []
    for code, where, facts in raise_sites():
        if facts is None or code not in texts.codes():
            continue
        wanted = frozenset().union(*(texts.placeholders(sentence) for sentence in texts.template(code).values()))
        if wanted - facts:
            holes.append(f"{where} {code} lacks {sorted(wanted - facts)}")
    assert not holes


def test_sentences_are_shaped_as_agreed() -> None:
    """Each has `say`, each error also `do`; Korean is written in Hangul and politely; braces are places."""
    for lang in texts.LANGUAGES:
        for code in texts.codes(lang):
            found = texts.template(code, lang)
            assert set(found) <= {"say", "do"}, code
            assert "say" in found, code
            for sentence in found.values():
                assert sentence.strip() == sentence, code
                assert sentence, code
                bare = texts._PLACE.sub("", sentence)
                assert "{" not in bare, code
                assert "}" not in bare, code
                hangul = any("가" <= letter <= "힣" for letter in bare)
                assert hangul or lang != "ko" or not any(letter.isalpha() for letter in bare), code
                assert not hangul or lang == "ko", code


def test_codes_are_named_by_area_and_fault() -> None:
    """`area.what-is-wrong`, in lower case, so that they sort and read alike."""
    for code, where, _ in raise_sites():
        area, _, fault = code.partition(".")
        assert area, where
        assert fault, where
        assert code == code.lower(), where
        assert " " not in code, where


def test_an_unknown_code_is_shown_not_raised() -> None:
    """A person sees the code; a test sees a warning, which is an error here."""
    with pytest.warns(UserWarning, match=r"no\.such-code"):
        assert texts.say("no.such-code") == "no.such-code"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert texts.explain(Invalid("no.such-code", row=3)) == texts.Explanation(
            code="no.such-code", what="no.such-code", remedy=""
        )


@given(st.text())
def test_no_fact_moves_the_cursor(value: str) -> None:
    """Whatever a file or a peer says, one short printable line is shown (no escape sequence, no direction mark)."""
    shown = texts.clean(value)
    assert len(shown) <= texts.MAX_FACT
    assert not any(unicodedata.category(letter)[0] == "C" for letter in shown)
    assert len(shown.splitlines()) <= 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_fact_can_be_shown(value: Any) -> None:
    """Lists, maps, bytes and nothing all become a line of text."""
    assert isinstance(texts.clean(value), str)


def test_terminal_codes_are_taken_out_of_facts() -> None:
    """The classic attack: a file name that clears the screen and writes a sentence of its own."""
    assert texts.clean("a\x1b[2J\x1b[31mAll is well\u202egpj.exe\r\nnext") == "a[2J[31mAll is wellgpj.exe next"


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_an_empty_fact_leaves_no_hole(lang: str) -> None:
    """A sentence whose last fact is empty does not end in a space and a full stop."""
    told = texts.say("standard.unknown", lang, standard="x.y", version="")
    assert "x.y" in told
    assert "x.y " not in told
    assert "  " not in told
    assert "x.y 1.0.0" in texts.say("standard.unknown", lang, standard="x.y", version="1.0.0")


def test_a_fact_is_never_expanded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that looks like a place stays a name; a place whose fact is missing shows a dash, not a fault."""
    sentences = {"x.y": {"say": "{name} and {other}", "do": "Mend {name}."}}
    monkeypatch.setattr(texts, "_sentences", lambda _lang: sentences)
    assert texts.say("x.y", name="{other}", other="{name}") == "{other} and {name}"
    assert texts.say("x.y", name="one") == "one and –"
    assert texts.remedy("x.y", name="it") == "Mend it."


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("표준", "'표준'을 표준은 표준이 표준과 표준으로"),
        ("자료", "'자료'를 자료는 자료가 자료와 자료로"),
        ("물", "'물'을 물은 물이 물과 물로"),
        ("7", "'7'을 7은 7이 7과 7로"),
        ("3", "'3'을 3은 3이 3과 3으로"),
        ("2", "'2'를 2는 2가 2와 2로"),
        ("csv", "'csv'을(를) csv은(는) csv이(가) csv과(와) csv(으)로"),
    ],
)
def test_korean_particles_follow_the_fact(monkeypatch: pytest.MonkeyPatch, fact: str, shown: str) -> None:
    """The particle agrees with the last sound of what stands before it; both forms where that is not known."""
    sentences = {"x.y": {"say": "'{a}'을(를) {a}은(는) {a}이(가) {a}과(와) {a}(으)로"}}
    monkeypatch.setattr(texts, "_sentences", lambda _lang: sentences)
    assert texts.say("x.y", "ko", a=fact) == shown
    assert texts.say("x.y", "ko").startswith("'–'을(를)")
    assert texts.say("x.y", "en", a="표준").startswith("'표준'을(를)")


def test_english_words_follow_the_number_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file, two files; a fact that looks like such a choice is no choice, and brackets of other kinds stay."""
    sentences = {"x.y": {"say": "{a} (file was/files were) old; {b} log (entry/entries) (of {a}, {b}/{a})"}}
    monkeypatch.setattr(texts, "_sentences", lambda _lang: sentences)
    assert texts.say("x.y", a=1, b=2) == "1 file was old; 2 log entries (of 1, 2/1)"
    assert texts.say("x.y", a=0, b=1) == "0 files were old; 1 log entry (of 0, 1/0)"
    assert texts.say("x.y", a="1 (a/b)", b="1") == "1 (a/b) files were old; 1 log entry (of 1 (a/b), 1/1 (a/b))"


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("합계", "'합계'라고 합계라는"),
        ("총합", "'총합'이라고 총합이라는"),
        ("Total", "'Total'(이)라고 Total(이)라는"),
    ],
)
def test_what_is_quoted_in_korean_has_one_particle(monkeypatch: pytest.MonkeyPatch, fact: str, shown: str) -> None:
    """As the last sound of the quoted word asks for."""
    monkeypatch.setattr(texts, "_sentences", lambda _lang: {"x.y": {"say": "'{a}'(이)라고 {a}(이)라는"}})
    assert texts.say("x.y", "ko", a=fact) == shown


@pytest.mark.parametrize("name", ["ko.toml", "offer.ko.toml"])
def test_every_particle_that_is_written_both_ways_is_known(name: str) -> None:
    """Else a person would see both."""
    text = resources.files(texts).joinpath(name).read_text(encoding="utf-8")
    both = set(re.findall(r"[가-힣]{1,2}\([가-힣]\)|\([가-힣]\)[가-힣]+", text))
    known = ("은(는)", "이(가)", "을(를)", "과(와)", "(으)로", "(이)라고", "(이)라는")
    assert all(found.startswith(known) or found.endswith(known) for found in both)


def test_an_error_is_explained_with_all_its_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults and the reasons of a refusal come each in words of their own."""
    names = {"deposit.faults": "{count} faults", "a.one": "one {row}", "ask.denied": "no", "ask.no-grant": "none"}
    monkeypatch.setattr(texts, "_sentences", lambda _lang: {code: {"say": say} for code, say in names.items()})
    error: DamError = Faults("deposit.faults", [Invalid("a.one", row=1), Invalid("a.one", row=2)])
    explained = texts.explain(error, "ko")
    assert (explained.what, [fault.what for fault in explained.faults]) == ("2 faults", ["one 1", "one 2"])
    refused = texts.explain(Refused("ask.denied", reasons=(Reason("ask.no-grant"),)))
    assert [fault.what for fault in refused.faults] == ["none"]
    assert texts.explain(Refused("ask.denied", reasons="none", lang="x")).faults == ()


def test_a_fault_that_was_kept_is_told_like_a_fresh_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job keeps and what a server sends is JSON: it reads the same, and nonsense in it breaks nothing."""
    monkeypatch.setattr(texts, "_sentences", lambda _lang: {"a.one": {"say": "one {row}", "do": "mend {row}"}})
    kept = {"code": "a.one", "facts": {"row": 1, "lang": "x"}, "faults": [{"code": "a.one"}, "nonsense"]}
    inner = {"code": "a.one", "what": "one –", "remedy": "mend –", "faults": []}
    assert texts.told(kept) == {"code": "a.one", "what": "one 1", "remedy": "mend 1", "faults": [inner]}
    assert texts.told({"code": "a.one", "facts": "none", "faults": 3}) == inner


def test_facts_that_are_collections_are_counted_not_poured_out() -> None:
    """A list is shown up to a few items, a set in order, a mapping by name."""
    assert texts.clean(list(range(10))) == "0, 1, 2, 3, 4, 5, 6, 7, … (+2)"
    assert texts.clean(frozenset({"b", "a"})) == "a, b"
    assert texts.clean({"a": 1, "b": None}) == "a: 1, b: –"
    assert texts.clean(b"\x01\xff") == "01ff"
    assert texts.clean((Reason("a.b"),)) == "a.b"
    assert texts.clean("x" * 300) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("fr, en;q=0.4, ko;q=0.5", "ko"),
        ("ko;q=0, en", "en"),
        ("ko;q=nonsense", "en"),
        ("de, fr", "en"),
        ("en, ko", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_browser_says_which_language(header: str | None, language: str) -> None:
    """The wish with the most weight that we can fulfil, the first of equals; nonsense is passed over."""
    assert texts.accepted(header) == language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "", "LC_MESSAGES": "ko"}, "ko"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_terminal_says_which_language(environ: dict[str, str], language: str) -> None:
    """As POSIX orders the variables; English where we do not speak the language."""
    assert texts.spoken(environ) == language


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_the_accession_can_be_read_in_every_language(lang: str) -> None:
    """Each text has the same number of points, so that none says less than another."""
    points = [line for line in texts.accession(lang).splitlines() if line[:1].isdigit()]
    assert len(points) == len([line for line in texts.accession("en").splitlines() if line[:1].isdigit()])
    assert len(points) > 5
