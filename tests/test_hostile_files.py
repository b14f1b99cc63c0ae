"""Hostile and broken files: each ends as it should, clearly, at a bounded cost, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datadam import texts
from datadam.client import files
from datadam.errors import DamError, Faults, revived
from hostile_files import Case, cases
from served import STANDARD, published, serving
from torture.attack import MOST_MEMORY, MOST_SECONDS, Result, attacked
from worlds import fit_of

CASES = cases()
UNCLEAR = "deposit.broke"  # an answer, but it does not say what is wrong


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    """What every file came to: first as what it is declared, then as CSV."""
    found: dict[str, list[Result]] = {}
    for result in attacked(tmp_path_factory.mktemp("attack"), CASES):
        found.setdefault(result.name, []).append(result)
    return found


def test_the_corpus_is_large_and_each_file_is_one_of_a_kind() -> None:
    """At least eighty; two of one name would be one."""
    assert len(CASES) == len({case.name for case in CASES}) >= 80
    assert {case.ends for case in CASES} == {"refused", "taken", "either"}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_ends_as_it_should(case: Case, results: dict[str, list[Result]]) -> None:
    """Refused with its code, or taken with exactly its rows; nothing odd, nothing large, nothing slow, nothing left."""
    first, *others = results[case.name]
    assert not first.odd
    assert case.ends in {first.ends, "either"}
    if first.ends == "refused":
        assert str((first.error or {})["code"]).startswith(case.code)
    elif case.rows is not None:
        assert first.rows == case.rows
    for found in (first, *others):
        assert (found.odd, found.left) == ("", [])
        assert found.grown < MOST_MEMORY
        assert found.seconds < MOST_SECONDS
        for error in (found.error, found.looked):
            for language in texts.LANGUAGES if error else ():
                said(error or {}, language)


def said(error: dict[str, object], language: str) -> None:
    """A refusal has a sentence and a remedy in that language, and no control character of the file in either."""
    known = texts.codes(language)
    assert error["code"] in known
    told = texts.explain(revived(error), language)
    faults = [texts.explain(fault, language) for fault in parts(revived(error))]
    for sentence in (told, *faults):
        assert sentence.what.strip()
        assert not any(ord(letter) < ord(" ") or letter in "\u202e\u202b\u2067" for letter in sentence.what)


def parts(error: object) -> Iterator[Faults]:
    """The single faults of an error that holds several."""
    yield from getattr(error, "facts", {}).get("reasons", ())


@pytest.mark.parametrize("how", ["grows", "shrinks", "changes"])
@pytest.mark.parametrize("pieces", ["whole", "pieces"])
def test_a_file_that_is_written_while_it_is_sent_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, pieces: str
) -> None:
    """Other bytes than were signed are never judged: its sender is told, and no row of them is anywhere."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATADAM_RESUMABLE_BYTES", "1" if pieces == "pieces" else str(10**9))
    monkeypatch.setattr("datadam.client.upload.PATIENCE_SECONDS", 1.0)
    path = tmp_path / "file.csv"
    path.write_bytes(b"meter,amount\n" + b"".join(b"A%d,5\n" % row for row in range(400_000)))

    def hashed_then_written(file: Path) -> tuple[str, int]:
        found = files.hashed(file)
        with file.open("r+b") as opened:
            if how == "shrinks":
                opened.truncate(found[1] // 2)
            else:
                opened.seek(0, 2 if how == "grows" else 0)
                opened.write(b"B1,6\n" if how == "grows" else b"METER")
        return found

    monkeypatch.setattr("datadam.client.dam.hashed", hashed_then_written)
    with serving(tmp_path / "dam") as dam:
        published(dam.world)
        person = dam.person("A")
        fit = fit_of(dam.world, STANDARD, b"meter,amount\nA,1\n")
        with dam.client(person) as own:
            if how == "grows":  # only what was signed is sent
                assert own.deposit(path, fit)["stage"] == "committed"
                return
            with pytest.raises(DamError) as told:
                own.deposit(path, fit)
            assert told.value.code not in {"request.broke", UNCLEAR}
            assert {job["stage"] for job in own.deposits()} <= {"announced"}
        assert dam.world.lake.files(STANDARD) == []
        assert not list((tmp_path / "dam" / "spool").rglob("received"))
