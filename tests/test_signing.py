"""A key that stays in a token: an external program signs, and what it gives is believed only if it holds."""

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import served
from datadam import client, seal
from datadam.client.signing import CommandSigner, described, signing_key
from datadam.errors import Invalid, Refused, Unavailable, Untrusted
from datadam.model import Kind, instant
from worlds import START, Person

TOKEN = """\
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(open(sys.argv[1], "rb").read())
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read()))
"""


@pytest.fixture
def token(tmp_path: Path) -> tuple[list[str], bytes]:
    """A program that holds a key of its own, and the public part of that key in PEM."""
    key = Ed25519PrivateKey.generate()
    (tmp_path / "token.py").write_text(TOKEN)
    (tmp_path / "secret").write_bytes(key.private_bytes_raw())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    (tmp_path / "public.pem").write_bytes(pem)
    return [sys.executable, str(tmp_path / "token.py"), str(tmp_path / "secret")], pem


def test_a_member_does_all_with_a_key_that_it_never_reads(
    token: tuple[list[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer file is made once; logins and statements are signed by the program, also over the command line."""
    command, pem = token
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    made = served.run("signer", tmp_path / "signer.json", "--public", tmp_path / "public.pem", "--", *command)
    assert made.returncode == 0, made.stderr
    file = tmp_path / "signer.json"
    assert "d" not in json.loads(file.read_text())
    key = client.read_key(file)
    person = Person("Token", key=key)
    assert person.id == seal.member_id(seal.public_from_pem(pem))
    with served.serving(tmp_path / "dam") as dam:
        person.joins(dam.world)
        for given in (file, key):
            with client.connect(dam.url, key=given) as here:
                assert here.me()["member"] == person.id
        with client.connect(dam.url, key=file) as here:
            new = seal.new_key()
            assert here.rotate(new)["index"] == 2
            assert here.me()["member"] == person.id
        with client.connect(dam.url, key=file) as here, pytest.raises(Refused, match=r"login\.key-unknown"):
            here.me()


def test_statements_and_logins_of_a_held_key_are_like_any_other(token: tuple[list[str], bytes]) -> None:
    """Whoever verifies cannot tell where the key was."""
    command, pem = token
    key = signing_key(described(seal.public_from_pem(pem), command))
    told = seal.state(Kind.ERASURE, {"body": "x"}, issued=instant(START), key=key)
    assert seal.verify(told, {seal.thumbprint(key): seal.public(key)}) == {seal.thumbprint(key)}
    now = int(START.timestamp())
    assertion = seal.login_assertion(key, member="m-1", audience="https://dam.example", now=now)
    assert seal.assertion_kid(assertion) == seal.thumbprint(key)
    assert seal.read_assertion(assertion, key, audience="https://dam.example", now=now)["sub"] == "m-1"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(3)", "signer.failed"),
        ("import time; time.sleep(30)", "signer.slow"),
        ("", "signer.wrong"),
        ("print('x' * 63)", "signer.wrong"),
        ("import sys; sys.stdout.buffer.write(bytes(65))", "signer.wrong"),
    ],
)
def test_what_is_no_signature_is_not_used(program: str, code: str) -> None:
    """A program that fails, waits, is silent, or gives something else: one clear refusal, nothing signed."""
    asked = CommandSigner((sys.executable, "-c", program), seconds=2 if "sleep" in program else 60)
    key = seal.HeldKey(seal.new_key(), asked)
    with pytest.raises((Unavailable, Untrusted)) as refused:
        seal.sign_bytes(key, b"message")
    assert refused.value.code == code


def test_another_keys_signature_is_not_used(token: tuple[list[str], bytes]) -> None:
    """The file names one key, the program signs with another."""
    with pytest.raises(Untrusted, match=r"signer\.wrong"):
        described(seal.public(seal.new_key()), token[0])
    with pytest.raises(Unavailable, match=r"signer\.failed"):
        described(seal.public(seal.new_key()), ["/no/such/program"])


@pytest.mark.parametrize("sign", [None, "sh -c x", [], [""], ["a", 1], ["a\0b"], ["x"] * 65])
def test_a_signer_file_names_a_program_and_no_line_for_a_shell(tmp_path: Path, sign: object) -> None:
    """Words, each as it is; anything else is no signer file."""
    (tmp_path / "signer.json").write_text(json.dumps({**seal.public(seal.new_key()), "sign": sign}))
    with pytest.raises(Invalid, match=r"key\.malformed"):
        client.read_key(tmp_path / "signer.json")
    with pytest.raises(Invalid, match=r"key\.malformed"):
        signing_key([sign])


def test_only_an_ed25519_public_key_is_one(token: tuple[list[str], bytes]) -> None:
    """Other kinds, private keys and no PEM at all are refused."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    other = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, form)
    with pytest.raises(Invalid, match=r"key\.kind-unknown"):
        seal.public_from_pem(other)
    with pytest.raises(Invalid, match=r"key\.malformed"):
        seal.public_from_pem(b"no PEM")
    assert seal.public_from_pem(token[1])["crv"] == "Ed25519"
