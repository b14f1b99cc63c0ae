"""The table of obligations is closed, says nothing that it does not know, and a log is seen as it is."""

import re
from datetime import UTC, datetime
from importlib import resources

import pytest

from datadam import seal, texts
from datadam.errors import NotFound, Untrusted
from datadam.formats import note, tiles
from datadam.model import Class, Kind, Reason, StatementId
from datadam.obligations import table, wording
from datadam.obligations.checking import Checked, both, checked
from datadam.obligations.table import Status, counts, row, rows, run
from datadam.obligations.view import View, look
from logs import HEX, Book, files
from worlds import START, Person

# --- the table --------------------------------------------------------------------------------------------------------


def test_every_obligation_is_there_once_with_words_in_every_language() -> None:
    """43 rows, 36 of the first table and 7 beside; nothing is left out, nothing is said twice."""
    assert [one.number for one in rows()] == list(range(1, 44))
    for one in rows():
        assert one.words.sources
        for said in (one.words.title, one.words.must, one.words.checked, one.words.rest):
            assert set(said) in ({*texts.LANGUAGES}, set())
            assert all(re.search("[가-힣]", said["ko"]) for _ in said)
            assert not any(re.search("[가-힣]", said["en"]) for _ in said)


def test_at_least_three_quarters_are_executable() -> None:
    """33 of 43 at the least, and the count is of checks that there are."""
    executable = [one for one in rows() if one.executable]
    assert len(executable) >= 33  # what was promised
    assert {one.number for one in executable} == set(table.CHECKS)
    assert not set(table.CHECKS) & table.DECLARED


def test_nobody_is_said_to_comply() -> None:
    """No word of the table, in no language, says that anybody complies with a law."""
    folder = resources.files("datadam.obligations") / "rows"
    for section in wording.SECTIONS:
        words = (folder / f"{section}.toml").read_text(encoding="utf-8").lower()
        assert not re.search(r"complian|complies|준수하고 있|적법합니다", words), section


def test_an_empty_log_passes_no_check_that_looks_at_nothing() -> None:
    """A new dam has nothing to be broken: it is not said to have passed."""
    results = run(Book().view())
    assert counts(results)["failed"] == 0
    for one in results:
        if one.status is Status.PASSED:
            assert one.looked > 0
        if one.status is Status.NOT_YET:
            assert one.looked == 0


def test_counts_are_of_what_was_run() -> None:
    """Of one row the counts are of one row."""
    found = run(Book().view(), [row(1)])
    assert counts(found) == {
        "rows": 1,
        "executable": 1,
        "declared": 0,
        "passed": 1,
        "failed": 0,
        "not_applicable_yet": 0,
    }
    with pytest.raises(NotFound):
        row(44)


@pytest.mark.parametrize(
    "told", [{"number": 1}, {"number": 1, "source": [], "title": {}, "must": {}, "checked": {}, "more": ""}]
)
def test_words_that_lack_or_have_something_more_are_no_row(told: dict[str, object]) -> None:
    """A data file with a typo is not half read."""
    with pytest.raises(ValueError, match="row 1"):
        wording._wording("identity", told)


def test_words_in_one_language_are_no_row() -> None:
    """Everybody reads the same."""
    half = {"en": "x"}
    with pytest.raises(ValueError, match="words in"):
        wording._wording("identity", {"number": 1, "source": [], "title": half, "must": half, "checked": half})


def test_a_row_without_words_or_a_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in one table and not in the other is found when it is loaded."""
    rows.cache_clear()
    monkeypatch.setattr(table, "CHECKS", {**table.CHECKS, 44: lambda _: Checked(looked=0)})
    with pytest.raises(ValueError, match="each obligation"):
        rows()


def test_several_checks_are_one_in_log_order() -> None:
    """What they looked at is added up, what they found is in order."""
    book = Book()
    first = book.publishes()
    person = book.joins(Person("Firm"))
    view = book.view()
    all_of = checked(view.of(Kind.MEMBER), lambda _: [Reason("x.y")])
    none = checked(view.of(Kind.STANDARD), lambda _: [])
    done = both(all_of, none)
    assert (done.looked, [one.who for one in done.found]) == (2, [person.id])
    assert first == "test.reading"


# --- declarations -----------------------------------------------------------------------------------------------------


def declares(book: Book, number: int, words: str, *, until: str = "2027-01-01") -> None:
    """The dam's person says so."""
    facts: dict[str, object] = {
        "row": number,
        "standard": None,
        "subject": None,
        "applies": True,
        "countries": [],
        "days": None,
    }
    book.says(Kind.DECLARATION, {**facts, "member": None, "words": words, "person": HEX, "until": until})


def test_what_persons_declare_stands_beside_the_check_until_it_is_over() -> None:
    """The last word of each party counts, and only to its day."""
    book = Book()
    declares(book, 1, "first")
    declares(book, 1, "second")
    declares(book, 32, "shared by hand")
    said = book.audits(1)
    assert [one.what.facts["words"] for one in said.declared] == ["second"]
    assert said.status is Status.PASSED
    only = book.audits(32)
    assert (only.status, only.looked) == (Status.DECLARED, 1)
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert book.audits(32, now=later).declared == ()
    assert book.audits(32, now=later).status is Status.DECLARED


# --- the view ---------------------------------------------------------------------------------------------------------


def seen(book: Book, hidden: frozenset[str] = frozenset()) -> View:
    """The log without some bodies."""
    return look(
        book.read,
        vkey=book.ledger.vkey,
        bodies=lambda id: None if id in hidden else book.body(id),
        now=START,
    )


def test_a_log_that_does_not_hold_together_is_not_looked_at() -> None:
    """A file that does not hash to the signed root, and another log's key."""
    book = Book()
    book.publishes()
    entry = note.entry(Class.ACTIVITY, StatementId(HEX))
    forged = files([book.log.entry(0), entry])
    with pytest.raises(Untrusted):
        look(
            lambda path: book.read(path) if path == tiles.CHECKPOINT else forged[path],
            vkey=book.ledger.vkey,
            bodies=book.body,
            now=START,
        )
    with pytest.raises(Untrusted):
        look(book.read, vkey=Book().ledger.vkey, bodies=book.body, now=START)
    pinned = note.open_checkpoint(book.ledger.checkpoint(), book.ledger.vkey)
    shorter = Book(log_key=book.log_key)
    with pytest.raises(Untrusted):
        look(shorter.read, vkey=shorter.ledger.vkey, bodies=shorter.body, now=START, pinned=pinned)


def test_a_body_that_is_not_shown_is_counted_and_judged_by_nobody() -> None:
    """Who is no auditor sees less: that is no fault of the log, also not what unseen keys signed."""
    book = Book()
    person = book.joins(Person("Firm"))
    member = book.view().of(Kind.MEMBER)[0]
    facts = {"member": person.id, "key": seal.public(seal.new_key()), "replaces": seal.thumbprint(person.key)}
    book.says(Kind.KEY, facts, person.key)
    view = seen(book, frozenset({member.id}))
    assert view.unseen == 2  # the accession, and what its key signed
    assert all(one.fault is None for one in view.unbelieved)
    assert run(view, [row(1)])[0].status is Status.PASSED


def test_bodies_that_a_dam_does_not_find_are_not_shown() -> None:
    """A reader that says so with an error is as good as one that gives nothing; without the first there is no dam."""
    book = Book()
    book.publishes()

    def none(id: str) -> bytes:
        raise NotFound("statement.unknown", statement=id)

    view = look(book.read, vkey=book.ledger.vkey, bodies=none, now=START)
    assert (view.unseen, view.home) == (2, "")


def test_keys_are_known_from_where_to_where_they_counted() -> None:
    """The dam's, a member's first and its next one."""
    book = Book()
    person = book.joins(Person("Firm"))
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    book.says(Kind.KEY, facts, person.key, new)
    keys = book.view().keys
    first, second = keys[seal.thumbprint(person.key)], keys[seal.thumbprint(new)]
    assert (first.owner, first.since, first.until) == (person.id, 1, 2)
    assert (second.owner, second.since, second.until) == (person.id, 2, None)


def test_a_body_of_other_bytes_or_another_class_is_not_believed() -> None:
    """The entry names a digest and a class; what is shown must be just that."""
    book = Book()
    person = book.joins(Person("Firm"))
    grant = book.grants(person)
    book.log.append([note.entry(Class.REGISTRY, grant.id)])
    book.publishes()  # another checkpoint
    swapped = book.view().of(Kind.MEMBER)[0].id
    view = look(
        book.read,
        vkey=book.ledger.vkey,
        bodies=lambda id: seal.envelope(grant) if id == swapped else book.body(id),
        now=START,
    )
    codes = [one.fault.code for one in view.unbelieved if one.fault is not None]
    assert codes == ["body.digest-wrong", "log.class-wrong"]


def test_a_log_whose_dam_names_another_log_is_not_its_own() -> None:
    """Row 3: the first statement leads to the key that the auditor trusts, or the keys are somebody else's."""
    book = Book()
    told = dict(book.view().of(Kind.DAM)[0].body)
    moved = Book(log_key=book.log_key, other_log=Book().ledger.vkey)
    assert told["log"] == moved.ledger.vkey
    found = moved.audits(3).found
    assert [(one.index, one.what.code) for one in found] == [(0, "dam.other-log")]
