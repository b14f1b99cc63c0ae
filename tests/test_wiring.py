"""From settings to a ready dam: what is missing, too open, newer or another dam's stops the start, and says so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datadam import cli, wiring
from datadam.adapters.key_files import KEYS, SECRETS
from datadam.dam import login
from datadam.edges import operator
from datadam.errors import DamError
from datadam.model import Deposit, Member
from served import STANDARD, made, published
from worlds import GOOD, Person


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dam with a member, a deposit and a share profile, to be copied."""
    folder = made(tmp_path_factory.mktemp("wiring") / "dam")
    with wiring.world(folder) as world:
        published(world)
        person = Person("Alice").joins(world)
        assert person.deposits(world, STANDARD, GOOD).stage == "committed"
        login.issue_profile(world, person.id, STANDARD)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A dam of the test's own."""
    return Path(shutil.copytree(template, tmp_path / "dam"))


def _replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return do


def _newer(part: str) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        path = folder / "format.json"
        formats = json.loads(path.read_text(encoding="utf-8"))
        formats["format"][part] = 99
        path.write_text(json.dumps(formats), encoding="utf-8")

    return do


KEY_FILES = [f"{name}.jwk" for name in KEYS] + [f"{name}.key" for name in SECRETS]
SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    **{f"{name} missing": (lambda f, n=name: (f / "keys" / n).unlink(), "secret.missing") for name in KEY_FILES},  # type: ignore[misc]  # mypy infers no lambda with a default
    **{
        f"{name} open": (lambda f, n=name: (f / "keys" / n).chmod(0o640), "secret.readable-by-others")  # type: ignore[misc]  # mypy infers no lambda with a default
        for name in KEY_FILES
    },
    **{
        f"{name} broken": (lambda f, n=name: (f / "keys" / n).write_bytes(b"x"), "secret.broken")  # type: ignore[misc]  # mypy infers no lambda with a default
        for name in KEY_FILES
    },
    "keys open": (lambda f: (f / "keys").chmod(0o755), "secret.readable-by-others"),
    "keys missing": (lambda f: shutil.rmtree(f / "keys"), "secret.missing"),
    "no settings": (lambda f: (f / "settings.toml").unlink(), "settings.unreadable"),
    "settings no TOML": (lambda f: (f / "settings.toml").write_text("= 7", encoding="utf-8"), "settings.malformed"),
    "settings no text": (lambda f: (f / "settings.toml").write_bytes(b"\xff\xfe"), "settings.malformed"),
    "an unknown setting": (_replace("settings.toml", "name =", "naem ="), "settings.wrong"),
    "an open address": (_replace("settings.toml", '# host = "127.0.0.1"', 'host = "0.0.0.0"'), "settings.wrong"),
    "another name": (_replace("settings.toml", "served.example/log", "other.example/log"), "dam.other"),
    "no format": (lambda f: (f / "format.json").unlink(), "folder.not-a-dam"),
    "no folder": (shutil.rmtree, "folder.missing"),
    **{
        f"newer {part}": (_newer(part), "folder.format-unknown")
        for part in ("folder", "keys", "state", "reservoirs", "bodies", "log", "shares")
    },
    "a part that is new": (_newer("weather"), "folder.part-unknown"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_dam_that_is_not_whole_does_not_start(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its code, and on the command line a sentence in both languages with an exit code; nothing is made anew."""
    spoil, code = SPOILT[name]
    spoil(folder)
    before = sorted(path.name for path in (folder / "keys").glob("*")) if folder.exists() else []
    with pytest.raises(DamError) as refused, wiring.world(folder):
        pass
    assert refused.value.code == code
    if not name.endswith((".key broken", ".jwk broken", ".key open", ".jwk open")):
        for language in ("en", "ko"):
            monkeypatch.setenv("DATADAM_LANG", language)
            monkeypatch.setattr("sys.argv", ["datadam", "status", str(folder)])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert ended.value.code in {2, 4, 6}
            told = capsys.readouterr().err
            assert len(told.splitlines()) >= 2
            assert any("가" <= letter <= "힣" for letter in told) is (language == "ko")
    assert (sorted(path.name for path in (folder / "keys").glob("*")) if folder.exists() else []) == before


def test_another_dams_log_is_not_taken_for_ones_own(folder: Path, tmp_path: Path) -> None:
    """The log's key was exchanged: it is another dam."""
    other = made(tmp_path / "other")
    shutil.copy(other / "keys" / "log.jwk", folder / "keys" / "log.jwk")
    with pytest.raises(DamError), wiring.world(folder):
        pass


def _counts(folder: Path) -> tuple[int, int, int]:
    with wiring.world(folder) as world, world.store.read() as rows:
        return len(rows.find(Member)), len(rows.find(Deposit)), world.ledger.size


def _checked(folder: Path, **args: str) -> dict[str, object]:
    with wiring.world(folder, rolled=False) as world:
        return dict(operator.perform(world, "check", args, check=wiring.checker(world)))


def test_a_lost_database_is_rolled_forward_from_the_log(folder: Path) -> None:
    """Deleted whole: members and deposits are back, and a check finds nothing wrong."""
    before = _counts(folder)
    for path in (folder / "state").iterdir():
        path.unlink()
    assert _counts(folder) == before
    assert _checked(folder)["faults"] == []


def test_an_older_database_is_rolled_forward_too(folder: Path, tmp_path: Path) -> None:
    """A backup of the state with a log that went on."""
    shutil.copytree(folder / "state", tmp_path / "state")
    with wiring.world(folder) as world:
        Person("Bob").joins(world)
    after = _counts(folder)
    shutil.rmtree(folder / "state")
    shutil.copytree(tmp_path / "state", folder / "state")
    assert _counts(folder) == after
    assert _checked(folder)["faults"] == []


def test_what_was_changed_in_the_tables_is_found_and_rebuilt(folder: Path) -> None:
    """A member slipped in by hand: `check` names the table, `--rebuild` makes it anew from the log."""
    with wiring.world(folder) as world, world.store.transaction() as rows:
        rows.remove(rows.find(Member)[0])
    found = _checked(folder)
    assert [fault["code"] for fault in found["faults"]] == ["state.differs"]  # type: ignore[attr-defined]  # JSON
    rebuilt = _checked(folder, rebuild="yes")
    assert rebuilt["faults"] == []
    assert rebuilt["rebuilt"]
    assert _checked(folder)["faults"] == []


def test_init_makes_a_whole_dam_for_its_owner_only(tmp_path: Path) -> None:
    """Settings that read back as they are, every key, a first statement; a folder in use is not touched."""
    folder = made(tmp_path / "new", title="우리 댐")
    chosen = wiring.read_settings(folder)
    assert (chosen.title, chosen.name) == ("우리 댐", "served.example/log")
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*") if path.is_file()} == {0}
    assert (folder.stat().st_mode & 0o077) == 0
    assert _counts(folder)[2] == 1
    assert _checked(folder)["faults"] == []
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(DamError, match="folder.not-empty"):
        made(folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_laptop_has_an_engine_of_its_own() -> None:
    """What prepares a file before it leaves the contributor's machine."""
    assert callable(wiring.local_engine().run)


def test_a_check_reads_the_logs_own_files(folder: Path) -> None:
    """A tile that was changed by one bit is written anew from the log's journal at the start, or else found."""
    tiles = (path for path in (folder / "log" / "tile" / "0").rglob("*") if path.is_file())
    tile = max(tiles, key=lambda path: path.stat().st_size)  # the last one: those before it are part of it
    tile.chmod(0o600)
    data = tile.read_bytes()
    tile.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    try:
        codes = [fault["code"] for fault in _checked(folder)["faults"]]  # type: ignore[attr-defined]  # JSON
    except DamError as error:  # found when the log was opened
        codes = [error.code]
    assert codes or tile.read_bytes() == data
