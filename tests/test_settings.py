"""What an operator may set, and that every fault is told at once."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import settings
from datadam.errors import Faults, kept
from datadam.settings import Settings

FOLDER = Path("/srv/dam")
LEAST: dict[str, Any] = {"name": "dam.example/log", "jurisdiction": "KR"}


def codes(table: dict[str, Any], environ: dict[str, str] | None = None, **given: object) -> list[str]:
    """The faults of these settings, by code; none where they are taken."""
    try:
        settings.read({**LEAST, **table}, environ or {}, folder=FOLDER, **given)
    except Faults as faults:
        return [fault.code for fault in faults.faults]
    return []


def test_a_name_and_a_country_are_all_that_must_be_set() -> None:
    """The defaults make a dam that listens on this machine only."""
    found = settings.read(LEAST, {}, folder="/srv/dam")
    assert (found.folder, found.host, found.port) == (FOLDER, "127.0.0.1", 8420)
    assert (found.max_file_bytes, found.keep_original, found.batch_contributors) == (20 * 2**30, False, 3)


def test_every_fault_is_told_at_once() -> None:
    """An operator mends the file in one go."""
    with pytest.raises(Faults) as refusal:
        settings.read({"prot": 1, "port": "x", "workers": 0, "tls_cert": "a.pem"}, {"DATADAM_WORKER": "2"})
    told = {(fault.code, fault.facts.get("key", fault.facts.get("missing"))) for fault in refusal.value.faults}
    assert told == {
        ("settings.key-unknown-near", "prot"),
        ("settings.key-unknown-near", "DATADAM_WORKER"),
        ("settings.missing", "folder"),
        ("settings.missing", "name"),
        ("settings.missing", "jurisdiction"),
        ("settings.not-a-number", "port"),
        ("settings.range", "workers"),
        ("settings.tls-half", "tls_key"),
    }


def test_the_command_line_wins_over_variables_and_these_over_the_file() -> None:
    """Strongest first: given, environment, file, default."""
    table = {**LEAST, "port": 1, "workers": 2, "title": "file"}
    environ = {"DATADAM_PORT": "3", "DATADAM_WORKERS": "4", "PORT": "9"}
    found = settings.read(table, environ, folder=FOLDER, port=5, workers=None)
    assert (found.port, found.workers, found.title, found.url_seconds) == (5, 4, "file", 900)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "0", 0),
        ("behind_proxy", "True", True),
        ("keep_original", "off", False),
        ("languages", "ko, en", ("ko", "en")),
        ("title", "데이터 댐", "데이터 댐"),
        ("tls_cert", "", None),
    ],
)
def test_variables_are_read_as_what_the_setting_is(name: str, text: str, value: object) -> None:
    """A variable holds text; a setting holds its type."""
    found = settings.read(LEAST, {settings.variable(name): text}, folder=FOLDER)
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"port": True}, "settings.not-a-number"),
        ({"port": 8420.0}, "settings.not-a-number"),
        ({"port": 65536}, "settings.range"),
        ({"port": -1}, "settings.range"),
        ({"keep_original": 1}, "settings.not-yes-or-no"),
        ({"keep_original": "yes"}, "settings.not-yes-or-no"),
        ({"languages": "en"}, "settings.not-a-list"),
        ({"languages": [1]}, "settings.not-a-list"),
        ({"languages": []}, "settings.languages-repeat"),
        ({"languages": ["en", "en"]}, "settings.languages-repeat"),
        ({"languages": ["EN"]}, "settings.language-malformed"),
        ({"title": 3}, "settings.not-text"),
        ({"title": " "}, "settings.title-malformed"),
        ({"title": "a\nb"}, "settings.title-malformed"),
        ({"tls_key": 3}, "settings.not-text"),
        ({"tls_key": "key.pem"}, "settings.tls-half"),
        ({"name": "https://dam.example"}, "settings.name-malformed"),
        ({"name": "Dam.Example"}, "settings.name-malformed"),
        ({"name": "dam example"}, "settings.name-malformed"),
        ({"name": "dam+x"}, "settings.name-malformed"),
        ({"name": "a" * 201}, "settings.name-malformed"),
        ({"name": "dam\n"}, "settings.name-malformed"),
        ({"jurisdiction": "kr"}, "settings.jurisdiction-malformed"),
        ({"max_file_bytes": 2, "max_spool_bytes": 1}, "settings.spool-small"),
        ({"token_seconds": 3601}, "settings.range"),
        ({"batch_contributors": 2}, "settings.range"),
        ({"host": "http://x"}, "settings.host-malformed"),
        ({"host": ""}, "settings.host-malformed"),
        ({"url": "dam.example"}, "settings.url-malformed"),
        ({"url": "https://"}, "settings.url-malformed"),
        ({"url": "https://u:p@dam.example"}, "settings.url-malformed"),
        ({"url": "https://dam.example/?q=1"}, "settings.url-malformed"),
        ({"url": "https://dam.example:port"}, "settings.url-malformed"),
        ({"url": "https://dam.example/a b"}, "settings.url-malformed"),
        ({"url": "http://dam.example"}, "settings.url-open"),
        ({"store": "sqlite:///x"}, "settings.store-malformed"),
        ({"store": "postgresql://db.example/dam"}, "settings.store-malformed"),
        ({"store": "postgresql://dam@/dam"}, "settings.store-malformed"),
        ({"store": "postgresql://dam@db.example/dam?sslmode=disable"}, "settings.store-malformed"),
        ({"store": "postgresql://dam@db.example/dam\n"}, "settings.store-malformed"),
        ({"store": "postgresql://dam:hunter2@db.example/dam"}, "settings.store-secret"),
        ({"store": "postgresql://dam:hun/ter2@db.example/dam"}, "settings.store-secret"),
        ({"store_password": "hunter2"}, "settings.secret-in-file"),
        ({"folder": "/elsewhere"}, "settings.key-unknown"),
        ({"zzzzzz": 1}, "settings.key-unknown"),
    ],
)
def test_a_wrong_value_is_refused_by_its_own_code(table: dict[str, Any], code: str) -> None:
    """Types are TOML's own, ranges are closed, and nothing is guessed."""
    assert codes(table) == [code]


def test_a_password_behind_a_database_s_address_is_not_told_back() -> None:
    """Whoever reads the fault would have it."""
    with pytest.raises(Faults) as refusal:
        settings.read({**LEAST, "store": "postgresql://dam@db.example/dam?password=S3cretPw"}, {}, folder=FOLDER)
    assert "S3cretPw" not in repr(kept(refusal.value))


@pytest.mark.parametrize(
    ("variable", "text", "code"),
    [
        ("DATADAM_PORT", "eight", "settings.not-a-number"),
        ("DATADAM_PORT", "８４２０", "settings.not-a-number"),
        ("DATADAM_BEHIND_PROXY", "maybe", "settings.not-yes-or-no"),
        ("DATADAM_BEHIND_PROXI", "1", "settings.key-unknown-near"),
        ("DATADAM_FOLDER_", "x", "settings.key-unknown-near"),
    ],
)
def test_a_wrong_variable_is_refused(variable: str, text: str, code: str) -> None:
    """A slip in a variable's name would otherwise leave a default in force in silence."""
    assert codes({}, {variable: text}) == [code]


def test_the_clients_own_variables_are_left_alone() -> None:
    """What is like no setting at all belongs to somebody else."""
    assert codes({}, {"DATADAM_PROFILE": "x", "DATADAM_KEY": "y"}) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "dam.example", "2001:db8::1"])
def test_an_address_that_others_reach_needs_tls_or_a_proxy(host: str) -> None:
    """Nothing crosses a network in clear because somebody forgot a setting."""
    tls = {"tls_cert": "cert.pem", "tls_key": "key.pem"}
    assert codes({"host": host}) == ["settings.address-open"]
    assert codes({"host": host, "tls_cert": "cert.pem"}) == ["settings.tls-half", "settings.address-open"]
    assert codes({"host": host, **tls}) == []
    assert codes({"host": host, "behind_proxy": True}) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])
def test_this_machine_alone_needs_neither(host: str) -> None:
    """Loopback addresses are reached from here only."""
    assert codes({"host": host}) == []


@pytest.mark.parametrize(
    ("table", "url"),
    [
        ({}, "http://127.0.0.1:8420"),
        ({"host": "::1", "port": 1}, "http://[::1]:1"),
        ({"host": "0.0.0.0", "behind_proxy": True}, "http://127.0.0.1:8420"),
        ({"host": "a.example", "tls_cert": "c", "tls_key": "k"}, "https://a.example:8420"),
        ({"url": "https://dam.example/x/"}, "https://dam.example/x"),
        ({"url": "http://localhost:9"}, "http://localhost:9"),
    ],
)
def test_the_public_address_is_the_one_set_or_that_of_host_and_port(table: dict[str, Any], url: str) -> None:
    """Members are told one address, without a slash at its end."""
    assert settings.read({**LEAST, **table}, {}, folder=FOLDER).public_url == url


def test_tls_files_lie_in_the_dams_folder_unless_said_otherwise() -> None:
    """A relative path does not depend on where the server was started."""
    found = settings.read({**LEAST, "tls_cert": "tls/cert.pem", "tls_key": "/etc/key.pem"}, {}, folder=FOLDER)
    assert (found.tls_cert, found.tls_key) == (FOLDER / "tls/cert.pem", Path("/etc/key.pem"))


def test_settings_cannot_be_made_wrong_in_code_either() -> None:
    """The checks hold at birth, whoever makes them."""
    with pytest.raises(Faults) as refusal:
        Settings(folder=FOLDER, name="dam.example", jurisdiction="KR", host="192.0.2.1", token_seconds=7200)
    assert [fault.code for fault in refusal.value.faults] == ["settings.range", "settings.address-open"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings(folder=FOLDER, name="dam.example", jurisdiction="KR").port = 1  # type: ignore[misc]  # frozen: that is the test


def test_an_empty_folder_is_missing() -> None:
    """An empty variable is not the folder that the command was started in."""
    with pytest.raises(Faults) as refusal:
        settings.read(LEAST, {"DATADAM_FOLDER": ""})
    assert [fault.code for fault in refusal.value.faults] == ["settings.missing"]


def test_every_setting_says_what_it_means() -> None:
    """The reference in the docs is made of these sentences."""
    for each in dataclasses.fields(Settings):
        assert each.metadata["meaning"].endswith(".")
        assert settings.variable(each.name) == "DATADAM_" + each.name.upper()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://dam@db.example/dam",
        "postgresql://dam@db.example:5433/dam",
        "postgresql://dam@[2001:db8::1]:5433/dam",
        "postgresql://dam@/dam?host=/run/postgresql",
        "postgresql://dam@:5433/dam?host=/run/postgresql",
    ],
)
def test_a_database_is_named_as_libpq_names_it(url: str) -> None:
    """By host and port over a network, by a folder for a Unix socket."""
    assert codes({"store": url}) == []


def test_the_databases_password_comes_from_the_environment_and_goes_nowhere() -> None:
    """It is in no file that `init` writes, in no fault, and in nothing that is printed."""
    url = {"store": "postgresql://dam@db.example/dam"}
    found = settings.read({**LEAST, **url}, {"DATADAM_STORE_PASSWORD": "hunter2"}, folder=FOLDER)
    assert found.store_password == "hunter2"
    assert "hunter2" not in settings.to_toml(found) + repr(found)
    with pytest.raises(Faults) as refusal:
        settings.read({**LEAST, "store": "postgresql://dam:hunter2@db.example/dam"}, {}, folder=FOLDER)
    assert "hunter2" not in str([fault.facts for fault in refusal.value.faults])


TITLES = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "" and text.isprintable())


@given(
    title=TITLES | st.just('"quotes" and \\ back'),
    port=st.integers(0, 65_535),
    keep_original=st.booleans(),
    languages=st.lists(st.from_regex(r"[a-z]{2,3}", fullmatch=True), min_size=1, max_size=4, unique=True).map(tuple),
    tls=st.booleans(),
)
def test_settings_written_as_toml_read_back_the_same(tls: bool, **values: Any) -> None:
    """`datadam init` writes what `datadam serve` reads, with every setting named in the file."""
    files: dict[str, Any] = {"tls_cert": FOLDER / "c.pem", "tls_key": Path("/k.pem")} if tls else {}
    made = Settings(folder=FOLDER, **LEAST, **values, **files)
    text = settings.to_toml(made)
    assert settings.read(tomllib.loads(text), {}, folder=FOLDER) == made
    for each in dataclasses.fields(Settings):
        assert each.name == "folder" or f"\n{each.name} = " in text or f"\n# {each.name} = " in text
