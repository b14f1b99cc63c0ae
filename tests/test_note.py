"""Signed notes: the bytes of the C2SP specifications, and every other spelling refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import merkle, seal
from datadam.errors import DamError, Invalid, Untrusted
from datadam.formats import note, tiles
from datadam.model import Checkpoint, Class, StatementId

NAME = "kr.dam.example/log"
KEY = seal.new_key()
VKEY = note.vkey(NAME, KEY)
CHECKPOINT = Checkpoint(origin=NAME, size=7, root=merkle.leaf_hash(b"root"))
SIGNED = note.sign_checkpoint(CHECKPOINT, NAME, KEY)

# An example made by the specification's author: https://pkg.go.dev/golang.org/x/mod/sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def resigned(text: str, *, name: str = NAME) -> str:
    """The log's key under any text at all."""
    raw = seal.raw_public(KEY)
    key_id = note.key_id(NAME, raw)
    return f"{text}\n— {name} {base64.b64encode(key_id + seal.sign_bytes(KEY, text.encode())).decode()}\n"


def test_the_published_example_of_the_note_format_verifies() -> None:
    """Key, key id and signature as Go's authors printed them: the bytes are the specification's."""
    name, key_id, jwk = note.read_vkey(PETER)
    text, lines = note._parted(PETER_NOTE)
    assert (name, key_id.hex()) == ("PeterNeumann", "c74f20a3")
    assert note.vkey(name, jwk) == PETER
    assert note._signature(lines[0])[1][:4] == key_id
    assert seal.bytes_signed(jwk, text.encode(), note._signature(lines[0])[1][4:])


def test_a_signed_checkpoint_opens_under_its_key() -> None:
    """What was signed is what is read, as text and as bytes."""
    assert note.open_checkpoint(SIGNED, VKEY) == CHECKPOINT
    assert note.open_checkpoint(SIGNED.encode(), VKEY) == CHECKPOINT
    assert note.unsigned_checkpoint(SIGNED) == CHECKPOINT
    assert SIGNED.split("\n")[:3] == [NAME, "7", base64.b64encode(CHECKPOINT.root).decode()]


@given(st.integers(0, len(SIGNED.encode()) - 1), st.integers(0, 7))
def test_a_note_with_any_flipped_bit_is_refused(at: int, bit: int) -> None:
    """No byte of a note is without meaning."""
    changed = bytearray(SIGNED.encode())
    changed[at] ^= 1 << bit
    with pytest.raises(Untrusted):
        note.open_checkpoint(bytes(changed), VKEY)


@given(st.text() | st.binary())
def test_no_text_makes_the_reader_stumble(text: str | bytes) -> None:
    """Hostile notes end in one of our own errors."""
    with pytest.raises(Untrusted):
        note.open_checkpoint(text, VKEY)


def test_signatures_of_strangers_are_ignored() -> None:
    """Witnesses and other logs add lines; the log's own still counts, wherever it stands."""
    text, _, line = SIGNED.partition("\n\n")
    stranger = "— other.example " + base64.b64encode(bytes(80)).decode()
    namesake = f"— {NAME} " + base64.b64encode(bytes(72)).decode()
    for lines in ([stranger, line.strip(), namesake], [line.strip(), *[stranger] * 20]):
        assert note.open_checkpoint(f"{text}\n\n" + "\n".join(lines) + "\n", VKEY) == CHECKPOINT


def test_a_note_that_only_strangers_signed_is_refused() -> None:
    """A good signature by a key that nobody trusts is none."""
    other = seal.new_key()
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        note.open_checkpoint(note.sign_checkpoint(CHECKPOINT, NAME, other), VKEY)


def test_the_known_key_signs_once() -> None:
    """A repeated line of the log's key is refused, as the specification says."""
    text, _, line = SIGNED.partition("\n\n")
    with pytest.raises(Untrusted, match=r"note\.repeated"):
        note.open_checkpoint(f"{text}\n\n{line}{line}", VKEY)


def test_a_key_speaks_for_its_own_log_only() -> None:
    """A checkpoint of another origin is refused even if the log's key signed it."""
    with pytest.raises(Untrusted, match=r"note\.origin-wrong"):
        note.open_checkpoint(resigned(f"other.example\n7\n{base64.b64encode(CHECKPOINT.root).decode()}\n"), VKEY)


def test_extension_lines_are_covered_and_allowed() -> None:
    """A checkpoint may say more; what it says more is signed too."""
    root = base64.b64encode(CHECKPOINT.root).decode()
    extended = resigned(f"{NAME}\n7\n{root}\nextension 1\n")
    assert note.open_checkpoint(extended, VKEY) == CHECKPOINT
    with pytest.raises(Untrusted, match=r"note\.signature-wrong"):
        note.open_checkpoint(extended.replace("extension 1", "extension 2"), VKEY)


ROOT = base64.b64encode(CHECKPOINT.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}\n07\n{ROOT}\n",
        f"{NAME}\n+7\n{ROOT}\n",
        f"{NAME}\n-7\n{ROOT}\n",
        f"{NAME}\n7 \n{ROOT}\n",
        f"{NAME}\n\N{ARABIC-INDIC DIGIT SEVEN}\n{ROOT}\n",
        f"{NAME}\n{2**63}\n{ROOT}\n",
        f"{NAME}\n{10**30}\n{ROOT}\n",
        f"{NAME}\n7\n{ROOT[:-1]}\n",
        f"{NAME}\n7\n{ROOT[:-2]}B=\n",
        f"{NAME}\n7\n{base64.b64encode(b'short').decode()}\n",
        f"{NAME}\n7\n",
        f"{NAME}\n7\n\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        f"{NAME}\n7\n{ROOT}\n\nmore\n",
    ],
)
def test_a_checkpoint_has_one_spelling(text: str) -> None:
    """Sizes with zeros or signs, roots of another length or spelling, empty lines: refused though signed."""
    with pytest.raises(Untrusted, match=r"note\.malformed"):
        note.open_checkpoint(resigned(text), VKEY)


@pytest.mark.parametrize(
    "wrong",
    [
        SIGNED.removesuffix("\n"),
        SIGNED.replace("\n\n", "\n"),
        SIGNED.replace("\n", "\r\n"),
        SIGNED.replace("—", "-"),
        SIGNED + "— x\n",
        SIGNED + "— x !!!!\n",
        SIGNED + "— x AAAA\n",
        SIGNED + "—  " + base64.b64encode(bytes(72)).decode() + "\n",
        SIGNED + "— a+b " + base64.b64encode(bytes(72)).decode() + "\n",
        SIGNED + ("— x " + base64.b64encode(bytes(72)).decode() + "\n") * 100,
        "x" * (note.MAX_NOTE + 1),
        SIGNED + "\ud800",
        SIGNED.encode() + b"\xff",
        "",
    ],
)
def test_a_malformed_note_is_refused(wrong: str | bytes) -> None:
    """Missing line feeds, other line ends, other dashes, broken lines, too many lines, too much, no UTF-8."""
    with pytest.raises(Untrusted, match=r"note\.malformed"):
        note.open_checkpoint(wrong, VKEY)


def test_a_verifier_key_reads_back() -> None:
    """Name, key id and key; base64 may contain the sign that parts the fields."""
    for _ in range(64):
        key = seal.new_key()
        name, key_id, jwk = note.read_vkey(note.vkey("a/b", key))
        assert (name, jwk, len(key_id)) == ("a/b", seal.public(key), 4)


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\nb", "a\x7fb", "a\N{NO-BREAK SPACE}b", "x" * 256, "가" * 86, "\ud800"]
)
def test_names_that_could_be_misread_are_refused(name: str) -> None:
    """Blanks, plus signs, control characters and overlong names would let one line pass for another."""
    with pytest.raises(Invalid, match=r"note\.name-malformed"):
        note.vkey(name, KEY)
    with pytest.raises(Invalid, match=r"note\.name-malformed"):
        note.sign_checkpoint(CHECKPOINT, name, KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "name",
        NAME + "+12345678",
        VKEY.upper(),
        VKEY[:-1],
        VKEY + "=",
        VKEY.replace("+", " "),
        NAME + "+00000000+" + VKEY.split("+", 2)[2],
        "other" + VKEY,
        f"{NAME}+00000000+{base64.b64encode(bytes([4]) + seal.raw_public(KEY)).decode()}",
        f"{NAME}+00000000+{base64.b64encode(bytes([1]) + seal.raw_public(KEY)[:31]).decode()}",
    ],
    ids=range(11),  # the keys are other ones in every run
)
def test_a_verifier_key_has_one_spelling(wrong: str) -> None:
    """Another type, length, key id, name or spelling is refused."""
    with pytest.raises(Invalid, match=r"note\.vkey-malformed"):
        note.read_vkey(wrong)


def test_keys_that_anybody_can_sign_for_are_refused() -> None:
    """A point of small order verifies signatures that nobody made."""
    for y in sorted(seal.keys._SMALL_ORDER):
        for sign in (0, 1 << 255):
            raw = (y | sign).to_bytes(32, "little")
            key_id = note.key_id(NAME, raw).hex()
            with pytest.raises(Invalid, match=r"key\.point-weak"):
                note.read_vkey(f"{NAME}+{key_id}+{base64.b64encode(bytes([1]) + raw).decode()}")


# --- entries and tiles ------------------------------------------------------------------------------------------------


def test_an_entry_says_class_and_id_and_nothing_else() -> None:
    """The log's bytes are RFC 8785 JSON of three fields, and read back."""
    data = note.entry(Class.REGISTRY, StatementId("ab" * 32))
    assert data == b'{"class":"registry","id":"' + b"ab" * 32 + b'","v":1}'
    assert data == seal.canonical(seal.parse(data))
    assert note.read_entry(data, index=3) == (Class.REGISTRY, "ab" * 32)


@given(
    st.binary()
    | st.sampled_from([b" ", b"\n", b"}"]).map(lambda tail: note.entry(Class.ACTIVITY, StatementId("0" * 64)) + tail)
)
def test_other_entries_are_refused(data: bytes) -> None:
    """A log of anything else is not a dam's."""
    with pytest.raises(Untrusted, match=r"log\.entry-malformed"):
        note.read_entry(data, index=0)


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 5, 256, "tile/0/005"),
        (1, 0, 7, "tile/1/000.p/7"),
        ("entries", 1000, 255, "tile/entries/x001/000.p/255"),
        (63, 999, 256, "tile/63/999"),
    ],
)
def test_tile_paths_are_those_of_the_specification(level: int | str, number: int, width: int, path: str) -> None:
    """The examples of C2SP tlog-tiles."""
    assert tiles.path(level, number, width) == path


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=256))
def test_bundles_read_back(entries: list[bytes]) -> None:
    """What was bundled comes out, whole and in order."""
    assert tiles.unbundled(tiles.bundled(entries), len(entries), where="x") == entries


@given(st.binary(), st.integers(0, 256))
def test_a_bundle_of_other_entries_than_it_says_is_refused(data: bytes, count: int) -> None:
    """Torn, surplus and empty entries are refused; what is read is what would be written."""
    try:
        entries = tiles.unbundled(data, count, where="x")
    except DamError as error:
        assert error.code == "log.file-malformed"  # noqa: PT017  (both ends are allowed, each with its own condition)
    else:
        assert len(entries) == count
        assert tiles.bundled(entries) == data
