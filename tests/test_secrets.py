"""Keys and secrets: made once, closed to everybody else, missed when they are gone, told to nobody."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datadam import seal, texts
from datadam.adapters import private_files
from datadam.adapters.key_files import KeyFiles
from datadam.adapters.memory.secrets import MemorySecrets
from datadam.errors import Unavailable
from datadam.ports import Secrets


@pytest.fixture(params=["files", "memory"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> Secrets:
    """Each way to keep secrets, as a new dam has them."""
    return KeyFiles.create(tmp_path / "keys") if request.param == "files" else MemorySecrets()


def test_a_new_dam_has_two_keys_that_sign(secrets: Secrets) -> None:
    """`sign` and `log` are whole key pairs, and different ones."""
    sign, log = secrets.private_key("sign"), secrets.private_key("log")
    assert sign != log
    for key in (sign, log):
        assert seal.bytes_signed(key, b"message", seal.sign_bytes(key, b"message"))
        assert key["kid"] == seal.thumbprint(key)
    assert secrets.private_key("sign") == sign


def test_the_key_that_cosigns_is_made_when_it_is_first_asked_for(secrets: Secrets) -> None:
    """A dam of before has none; many who ask at once get the same, and it is missed from then on."""
    with ThreadPoolExecutor(8) as pool:
        kids = {key["kid"] for key in pool.map(secrets.private_key, ["cosign"] * 16)}
    assert len(kids) == 1
    assert kids.isdisjoint({secrets.private_key("sign")["kid"], secrets.private_key("log")["kid"]})


def test_secrets_have_32_bytes_and_stay_the_same(secrets: Secrets) -> None:
    """Each name has a value of its own, and keeps it."""
    names = ["rows", "url", "share", "share-cti.indicator", "unit-supply.company", "unit-a_b"]
    values = {name: secrets.secret(name) for name in names}
    assert {len(value) for value in values.values()} == {32}
    assert len(set(values.values())) == len(names)
    assert {name: secrets.secret(name) for name in names} == values


def test_a_first_use_by_many_threads_makes_one_secret(secrets: Secrets) -> None:
    """Two deposits that need a new domain's key at once get the same."""
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secrets.secret, ["unit-x"] * 32))) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("other", "secret.missing"),
        ("unit-", "secret.name-malformed"),
        ("../token", "secret.name-malformed"),
        ("unit-../../x", "secret.name-malformed"),
        ("unit-a/b", "secret.name-malformed"),
        ("unit-a..b", "secret.name-malformed"),
        ("unit-A", "secret.name-malformed"),
        ("unit-a\n", "secret.name-malformed"),
        ("unit-" + "a" * 200, "secret.name-malformed"),
        ("", "secret.name-malformed"),
    ],
)
def test_other_names_are_refused(secrets: Secrets, name: str, code: str) -> None:
    """What nobody made is missing, and a name is never a path."""
    for ask in (secrets.secret, secrets.private_key):
        with pytest.raises(Unavailable) as refusal:
            ask(name)
        assert refusal.value.code == code


def test_keys_outlive_the_process(tmp_path: Path) -> None:
    """Another process that opens the folder finds the same keys, those made on first use too."""
    held = KeyFiles.create(tmp_path / "keys")
    value, key = held.secret("unit-x"), held.private_key("log")
    again = KeyFiles(tmp_path / "keys")
    assert (again.secret("unit-x"), again.private_key("log")) == (value, key)


def test_nothing_but_the_owner_may_open_them(tmp_path: Path) -> None:
    """0700 for the folder and 0600 for each file, whatever the umask says; no partial file stays."""
    before = os.umask(0)
    try:
        KeyFiles.create(tmp_path / "keys").secret("unit-x")
    finally:
        os.umask(before)
    modes = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "keys").iterdir()}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert modes == dict.fromkeys(["held.json", "log.jwk", "sign.jwk", "rows.key", "unit-x.key", "url.key"], 0o600)


@pytest.mark.parametrize("name", ["sign.jwk", "log.jwk", "rows.key", "url.key", "unit-x.key", "held.json"])
def test_a_missing_key_stops_the_start(tmp_path: Path, name: str) -> None:
    """Also one that was made on first use: another in its place would give every company a new pseudonym."""
    KeyFiles.create(tmp_path / "keys").secret("unit-x")
    (tmp_path / "keys" / name).unlink()
    with pytest.raises(Unavailable) as refusal:
        KeyFiles(tmp_path / "keys")
    assert refusal.value.code == "secret.missing"
    assert refusal.value.facts["name"] == name.split(".", maxsplit=1)[0]


def test_a_secret_lost_while_the_dam_runs_is_not_made_anew(tmp_path: Path) -> None:
    """The index remembers what was given out once."""
    held = KeyFiles.create(tmp_path / "keys")
    other = KeyFiles(tmp_path / "keys")
    held.secret("unit-x")
    (tmp_path / "keys" / "unit-x.key").unlink()
    with pytest.raises(Unavailable, match=r"secret\.missing"):
        other.secret("unit-x")


def test_no_folder_is_a_missing_key(tmp_path: Path) -> None:
    """A dam without its keys does not start, and makes none."""
    with pytest.raises(Unavailable, match=r"secret\.missing"):
        KeyFiles(tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", [".", "sign.jwk", "rows.key", "unit-x.key", "held.json"])
@pytest.mark.parametrize("mode", [0o740, 0o604, 0o620])
def test_a_key_that_others_could_open_stops_the_start(tmp_path: Path, name: str, mode: int) -> None:
    """One bit too many, on the folder or on any file, is enough."""
    KeyFiles.create(tmp_path / "keys").secret("unit-x")
    (tmp_path / "keys" / name).chmod(mode | (0o700 if name == "." else 0))
    with pytest.raises(Unavailable, match=r"secret\.readable-by-others"):
        KeyFiles(tmp_path / "keys")


def test_a_link_in_place_of_a_key_is_refused(tmp_path: Path) -> None:
    """What lies elsewhere is not guarded by this folder's mode."""
    KeyFiles.create(tmp_path / "keys")
    key = tmp_path / "keys" / "rows.key"
    key.rename(tmp_path / "rows.key")
    key.symlink_to(tmp_path / "rows.key")
    with pytest.raises(Unavailable, match=r"secret\.unreadable"):
        KeyFiles(tmp_path / "keys")


@pytest.mark.parametrize("name", ["sign.jwk", "rows.key", "held.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"held":[3]}', b"ab" * 31])
def test_a_damaged_key_stops_the_start_and_is_not_shown(tmp_path: Path, name: str, content: bytes) -> None:
    """Neither the error nor what caused it quotes the file."""
    KeyFiles.create(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(content)
    with pytest.raises(Unavailable) as refusal:
        KeyFiles(tmp_path / "keys")
    assert refusal.value.code == "secret.broken"
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_a_key_whose_halves_do_not_belong_together_is_damaged(tmp_path: Path) -> None:
    """A private key that signs for another public one would make statements that nobody can verify."""
    KeyFiles.create(tmp_path / "keys")
    one, two = seal.new_key(), seal.new_key()
    (tmp_path / "keys" / "sign.jwk").write_bytes(seal.canonical({**one, "d": two["d"]}))
    with pytest.raises(Unavailable, match=r"secret\.broken"):
        KeyFiles(tmp_path / "keys")


def test_making_keys_twice_overwrites_nothing(tmp_path: Path) -> None:
    """The keys of a dam are its identity."""
    key = KeyFiles.create(tmp_path / "keys").private_key("sign")
    with pytest.raises(Unavailable, match=r"secret\.exists"):
        KeyFiles.create(tmp_path / "keys")
    assert KeyFiles(tmp_path / "keys").private_key("sign") == key


def test_a_secret_of_an_interrupted_first_use_is_taken_up(tmp_path: Path) -> None:
    """Killed between file and index: the file counts; a partial one is removed."""
    held = KeyFiles.create(tmp_path / "keys")
    index = (tmp_path / "keys" / "held.json").read_bytes()
    value = held.secret("unit-x")
    (tmp_path / "keys" / "held.json").write_bytes(index)
    (tmp_path / "keys" / ".unit-y.key.0123.part").write_text("half")
    again = KeyFiles(tmp_path / "keys")
    assert again.secret("unit-x") == value
    assert not list((tmp_path / "keys").glob(".*"))
    assert "unit-x.key" in (tmp_path / "keys" / "held.json").read_text()


def test_a_first_use_that_the_disk_does_not_take_gives_no_secret(tmp_path: Path) -> None:
    """What cannot be kept must not be used: nobody could say the same again."""
    held = KeyFiles.create(tmp_path / "keys")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as a full disk, and for root too
    try:
        with pytest.raises(Unavailable, match=r"secret\.unreadable"):
            held.secret("unit-x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(held.secret("unit-x")) == 32


def test_no_secret_shows_in_what_is_printed(tmp_path: Path) -> None:
    """repr, error and sentence carry names only."""
    held = KeyFiles.create(tmp_path / "keys")
    value, key = held.secret("rows"), held.private_key("sign")
    (tmp_path / "keys" / "sign.jwk").chmod(0o644)
    with pytest.raises(Unavailable) as refusal:
        KeyFiles(tmp_path / "keys")
    shown = repr(held) + str(refusal.value) + str(texts.explain(refusal.value, "en"))
    for hidden in (value.hex(), repr(value), key["d"]):
        assert hidden not in shown


_FIRST_USE = """
import sys
from pathlib import Path
from datadam.adapters.key_files import KeyFiles
for name in sys.argv[2:]:
    print(KeyFiles(Path(sys.argv[1])).secret(name).hex())
"""


def _first_uses(folder: Path, *names: Sequence[str]) -> list[list[str]]:
    """What processes say that ask at the same time for a new dam's secrets of those names, one process each."""
    KeyFiles.create(folder)
    command = [sys.executable, "-c", _FIRST_USE, str(folder)]
    running = [subprocess.Popen([*command, *own], stdout=subprocess.PIPE, text=True) for own in names]
    said = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * len(names)
    return said


def test_processes_that_need_a_secret_first_get_the_same(tmp_path: Path) -> None:
    """The first to link its file wins; the others read that."""
    names = [f"unit-{letter}" for letter in "abcdefgh"]
    said = _first_uses(tmp_path / "keys", *[names] * 3)
    assert said[0] == said[1] == said[2]
    assert {len(value) for value in said[0]} == {64}


def test_a_start_leaves_alone_what_another_process_is_writing(tmp_path: Path) -> None:
    """Only what was left over by nobody goes."""
    folder = tmp_path / "keys"
    KeyFiles.create(folder)
    partial = folder / f".unit-x.key.{private_files.PARTIAL}"
    with ThreadPoolExecutor(1) as pool:
        with private_files.alone(folder):
            partial.touch()
            start = pool.submit(KeyFiles, folder)
            with pytest.raises(TimeoutError):
                start.result(timeout=0.2)
            assert partial.exists()
        start.result(timeout=60)
    assert not partial.exists()


def test_no_process_loses_what_another_made(tmp_path: Path) -> None:
    """Secrets that are made at the same time are all in the index, so that the loss of each would be noticed."""
    names = [[f"unit-{process}{letter}" for letter in "abcdefgh"] for process in "xyz"]
    said = _first_uses(tmp_path / "keys", *names)
    assert len({value for own in said for value in own}) == 24
    for name in (name for own in names for name in own):
        file = tmp_path / "keys" / f"{name}.key"
        kept = file.rename(tmp_path / "kept")
        with pytest.raises(Unavailable, match=r"secret\.missing"):
            KeyFiles(tmp_path / "keys")
        kept.rename(file)
