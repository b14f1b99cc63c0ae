"""A folder that an older version made: opened after its steps, found sound, never touched by what cannot read it."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import served
from datadam import wiring
from datadam.adapters import upgrades
from datadam.adapters.folder import FORMATS, OLDEST, Folder
from datadam.adapters.sql_tables import FORMAT as STATE_FORMAT
from datadam.dam import deposit, login, prove, release
from datadam.edges import operator
from datadam.errors import DamError, Unavailable
from datadam.model import Deposit, Grant, Job, Member, MemberId, Token
from served import STANDARD
from worlds import Person, fit_of

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("dam-*.tar.gz"))


@pytest.fixture(params=FIXTURES, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a dam as a released version left it."""
    folder = tmp_path / "dam"
    with tarfile.open(request.param) as file:
        file.extractall(folder, filter="tar")  # keeps modes, unlike "data"
    folder.chmod(0o700)
    return folder


def test_a_folder_of_every_released_version_is_upgraded_and_sound(old: Path) -> None:
    """It says that it is older, takes its steps, and a check of everything finds nothing, twice."""
    with pytest.raises(Unavailable, match="folder.format-older"), wiring.world(old):
        pass
    found, steps = wiring.upgraded(old)
    assert found["folder"] == 1
    assert [step.name for step in steps] == ["folder 1 → 2", "folder 2 → 3", "bodies 1 → 2"]
    for _ in range(2):
        with wiring.world(old, rolled=False) as world:
            told = operator.perform(world, "check", {}, check=wiring.checker(world))
        assert told["faults"] == []
        assert told["entries"] == 17
    assert wiring.upgraded(old)[1] == []


def test_what_a_released_version_kept_is_all_there(old: Path) -> None:
    """Members, deposits, grants, logins, what waits, what was received and not judged: all of it goes on."""
    wiring.upgraded(old)
    with wiring.world(old, {"share_refresh_seconds": 0}) as world:
        with world.store.read() as rows:
            members, deposits, grants = rows.find(Member), rows.find(Deposit), rows.find(Grant)
            stages = sorted(job.stage for job in rows.find(Job))
            assert len(rows.find(Token)) == 1
        assert len(members) == 4
        assert sum(member.until is not None for member in members) == 1
        assert sorted((one.admitted, one.rejected) for one in deposits) == [(2, 1), (3, 0)]
        assert len([one for one in grants if one.until is None]) == 1
        assert stages == ["announced", "committed", "committed", "received", "refused"]
        (again,) = deposit.recover(world)
        assert deposit.process(world, again, lambda *_: None).stage == "committed"
        for one in deposits:
            receipt = prove.receipt_of(world, world.ledger.statement(one.outcome))
            assert receipt["log"] == world.ledger.vkey
        carol = next(one.member for one in grants if one.until is None)
        share = release.open_share(world, login.Caller(member=MemberId(carol)), STANDARD)
        assert share.rows == 6
        new = Person("Frank").joins(world)
        data = b"meter,amount\nF1,1\n"
        assert fit_of(world, STANDARD, data).standard == STANDARD
        assert new.deposits(world, STANDARD, data).stage == "committed"


def test_its_tables_are_folded_anew_from_its_log(old: Path) -> None:
    """Statements of an older version still mean what they said."""
    wiring.upgraded(old)
    with wiring.world(old) as world:
        told = operator.perform(world, "check", {"rebuild": "yes"}, check=wiring.checker(world))
    assert (told["faults"], told["rebuilt"]) == ([], 17)


def test_a_dry_run_only_tells(old: Path) -> None:
    """The same steps, and not a byte is changed; the command says it, and then does it."""
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    assert [step.part for step in wiring.upgraded(old, dry_run=True)[1]] == ["folder", "folder", "bodies"]
    done = served.run("upgrade", old, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "folder 1 → 2" in done.stdout
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before
    refused = served.run("serve", old)
    assert refused.returncode == 6
    assert "datadam upgrade" in refused.stderr
    done = served.run("upgrade", old)
    assert done.returncode == 0, done.stderr
    assert served.run("upgrade", old).returncode == 0


def test_a_step_that_broke_off_is_done_again(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is written after the step: a crash before it leaves the older one."""

    def breaks(_: Folder, __: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrades, "STEPS", {**upgrades.STEPS, ("folder", 1): breaks})
        with pytest.raises(KeyboardInterrupt):
            wiring.upgraded(old)
    (old / "editions").mkdir(mode=0o700)  # as if it had come that far
    assert len(wiring.upgraded(old)[1]) == 3


def formatted(**changes: object) -> Callable[[Path], None]:
    """A folder that tells other formats."""

    def do(folder: Path) -> None:
        path = folder / "format.json"
        told = json.loads(path.read_text())
        told["format"].update(changes)
        path.write_text(json.dumps(told))

    return do


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (formatted(log=2), "folder.format-unknown"),
        (formatted(folder=4), "folder.format-unknown"),
        (formatted(folder=0), "folder.format-unknown"),
        (formatted(weather=1), "folder.part-unknown"),
        (lambda folder: (folder / "format.json").unlink(), "folder.not-a-dam"),
        (shutil.rmtree, "folder.missing"),
    ],
)
def test_what_is_newer_or_unknown_is_not_touched(tmp_path: Path, change: Callable[[Path], object], code: str) -> None:
    """Neither opened nor upgraded."""
    folder = served.made(tmp_path / "dam")
    change(folder)
    for dry_run in (True, False):
        with pytest.raises(DamError) as refused:
            wiring.upgraded(folder, dry_run=dry_run)
        assert refused.value.code == code


def test_a_folder_that_is_in_use_is_not_upgraded(old: Path) -> None:
    """Whoever holds it is named."""
    with Folder(old).lock(), pytest.raises(Unavailable, match="folder.locked"):
        wiring.upgraded(old)


def test_there_is_a_step_for_every_version_that_is_said_to_be_upgradable() -> None:
    """From the oldest to the present, without a gap; what has no step is refused by name."""
    wanted = {(part, version) for part, oldest in OLDEST.items() for version in range(oldest, FORMATS[part])}
    assert wanted == set(upgrades.STEPS)
    with pytest.raises(Unavailable, match="folder.format-unknown"):
        upgrades.planned({"keys": 0})
    assert FORMATS["state"] == STATE_FORMAT
