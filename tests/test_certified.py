"""Proof of an organisation by certificate: what leads to a trusted root and says the same counts, all else does not."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import NameOID

import served
from authorities import DAY, QC, Holder, root, rsa_key
from datadam import seal
from datadam.adapters.trust_files import TrustFiles
from datadam.dam import join, recover
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, Refused, Unavailable, Untrusted
from datadam.formats import organisation_proof
from datadam.model import instant
from test_recover import Scene
from worlds import START, Person, a_world, forward

NAME = "Hanbit Metals Co., Ltd."
ORIGIN = "test.example/log"


@cache
def house() -> tuple[Holder, Holder]:
    """A root, and an authority under it."""
    made = root()
    return made, made.authority("Issuing")


@cache
def seal_of() -> Holder:
    """An organisation's certificate."""
    return house()[1].organisation(extension=QC)


def proof(
    holder: Holder, person: Person, *, algorithm: str = "ES256", chain: bytes | None = None, **changes: str
) -> str:
    """What the holder signs of a person's key."""
    told = {"origin": ORIGIN, "member": person.id, "key": seal.thumbprint(person.key), "issued": instant(START)}
    told |= changes
    payload = organisation_proof.written(told["origin"], told["member"], told["key"], issued=told["issued"])
    return seal.certify(payload, chain or holder.pem, algorithm, seal.pem_signer(holder.secret, algorithm))


class Roots:
    """A trust list in memory."""

    def __init__(self, *roots: Holder) -> None:
        """Trust these."""
        self._roots = [one.der for one in roots]

    def roots(self) -> list[bytes]:
        """As DER."""
        return self._roots


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam that trusts the root."""
    return replace(a_world(tmp_path), trust=Roots(house()[0]))


def applies(world: World, person: Person, token: object, **more: object) -> str:
    """Apply with a proof; the application's id."""
    profile = person.profile(**{"certificate": token, **more})
    return join.apply(world, seal.envelope(person.accession(profile)), profile).id


def refusal(world: World, person: Person, token: object, **more: object) -> str:
    """The code with which that is refused."""
    with pytest.raises(DamError) as refused:
        applies(world, person, token, **more)
    assert join.waiting(world) == []
    return refused.value.code


# --- what counts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256"])
def test_a_certificate_proves_an_organisation(world: World, algorithm: str) -> None:
    """The operator sees who says so; the proof lies in the profile, and goes with it."""
    holder = seal_of() if algorithm == "ES256" else house()[1].organisation(key=rsa_key())
    person = Person(NAME)
    id = applies(world, person, proof(holder, person, algorithm=algorithm))
    ((_, shown),) = join.waiting(world)
    told = shown["certificate"]
    assert (told["organisation"], told["country"], told["algorithm"]) == (NAME, "KR", algorithm)
    assert told["root"] == seal.digest(house()[0].der)
    assert told["qualified"] is (algorithm == "ES256")
    join.approve(world, id)
    member = join.known(world, person.id)
    assert "certificate" in join.profile_of(world, member)
    join.forget(world, person.id, "asked")
    assert join.profile_of(world, member) == {}


def test_without_a_certificate_nothing_changes(world: World) -> None:
    """A firm that has none applies as before."""
    Person(NAME).joins(world)
    assert "certificate" not in join.profile_of(world, join.members(world)[0][0])


def test_the_root_may_stand_in_the_chain_or_not(world: World) -> None:
    """Some tools send it; it is trusted because it is on the list."""
    holder, person = seal_of(), Person(NAME)
    whole = holder.pem
    without = b"".join(one.public_bytes(x509_pem()) for one in (holder.certificate, house()[1].certificate))
    for chain in (whole, without):
        applies(world, person, proof(holder, person, chain=chain))


def x509_pem() -> Any:
    """PEM."""
    from authorities import PEM

    return PEM


def test_a_number_in_the_certificate_is_the_applications(world: World) -> None:
    """Where both name one of the same register they must agree; others are shown and not compared."""
    lei = "5299000J2N45DDNE4Y28"
    holder = house()[1].organisation(more={NameOID.ORGANIZATION_IDENTIFIER: f"LEIXG-{lei}"})
    person = Person(NAME)
    applies(world, person, proof(holder, person), numbers={"lei": lei})
    other = Person(NAME)
    applies(world, other, proof(holder, other))
    third = Person(NAME)
    with pytest.raises(Untrusted, match=r"certificate\.subject-other"):
        applies(world, third, proof(holder, third), numbers={"lei": "529900T8BM49AURSDO55"})


def test_a_proof_of_the_new_key_goes_with_a_recovery(tmp_path: Path) -> None:
    """The fresh proof of an organisation may be a certificate too; it is about the member and its new key."""
    scene = Scene(tmp_path)
    scene.world = replace(scene.world, trust=Roots(house()[0]))
    from datadam import recovery

    person, holder = Person(NAME).joins(scene.world), seal_of()
    named = [seal.operator_id(key) for key in scene.ops[:2]]
    until, new = instant(START + timedelta(days=30)), seal.new_key()
    for key, good in ((person.key, False), (new, True)):
        token = proof(holder, person, key=seal.thumbprint(key))
        profile = {"legal_name": NAME, "numbers": {}, "certificate": token}
        drafted = recovery.draft(person.id, new, named, profile, until=until, issued=instant(START))
        for op in scene.ops[:2]:
            drafted = recovery.vouched(json.dumps(drafted), op)
        told, body = recovery.read(json.dumps(drafted))
        if good:
            recover.begin(scene.world, seal.envelope(told), body)
        else:
            with pytest.raises(Untrusted, match=r"certificate\.about-other"):
                recover.begin(scene.world, seal.envelope(told), body)


# --- what does not ----------------------------------------------------------------------------------------------------


def test_what_is_said_of_somebody_or_something_else_proves_nothing(world: World) -> None:
    """Another dam, member, key, name or country; signed too early, or after now."""
    holder, person = seal_of(), Person(NAME)
    others = (
        proof(holder, person, origin="other.example/log"),
        proof(holder, person, member="m-" + "0" * 20),
        proof(holder, person, key="x" * 43),
    )
    for token in others:
        assert refusal(world, person, token) == "certificate.about-other"
    for name in ("Hanbit Metal", "Hanbit Metals Co., Ltd. (Busan)"):
        other = Person(name)
        assert refusal(world, other, proof(holder, other)) == "certificate.subject-other"
    abroad = Person(NAME, jurisdiction="DE")
    assert refusal(world, abroad, proof(holder, abroad)) == "certificate.subject-other"
    for issued in (START - 31 * DAY, START + timedelta(minutes=2)):
        assert refusal(world, person, proof(holder, person, issued=instant(issued))) == "certificate.not-fresh"
    upper = Person(NAME.upper())
    applies(world, upper, proof(holder, upper))


def test_a_dam_without_a_trust_list_takes_no_certificate(tmp_path: Path) -> None:
    """Nothing is taken for proven that nobody checked; an empty list trusts nobody."""
    bare, person = a_world(tmp_path), Person(NAME)
    token = proof(seal_of(), person)
    with pytest.raises(Refused, match=r"certificate\.no-trust-list"):
        applies(bare, person, token)
    assert refusal(replace(bare, trust=Roots()), person, token) == "certificate.untrusted"


CA_USE = {"key_cert_sign": True}


def bad(kind: str) -> Holder:
    """A certificate with one thing wrong."""
    top, issuing = house()
    makes: dict[str, Callable[[], Holder]] = {
        "expired": lambda: issuing.organisation(ends=START - DAY),
        "not yet": lambda: issuing.organisation(begins=START + DAY),
        "ends before it is judged": lambda: issuing.organisation(ends=START - timedelta(hours=1)),
        "other root": lambda: root("Root").authority("Issuing").organisation(),
        "self-signed": _self_signed,
        "authority": lambda: issuing.authority("CA", usage={"digital_signature": True, "key_cert_sign": True}),
        "key for encryption": lambda: issuing.organisation(usage={"key_encipherment": True}),
        "key for certificates too": lambda: issuing.organisation(usage={"content_commitment": True, **CA_USE}),
        "issued by an organisation": lambda: seal_of().organisation(),
        "expired authority": lambda: top.authority("Old", ends=START - DAY).organisation(),
        "unknown critical extension": lambda: issuing.organisation(
            extension=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True
        ),
        "for a host": lambda: _for(Purpose.SERVER_AUTH, Purpose.CLIENT_AUTH),
        "for code": lambda: _for(Purpose.CODE_SIGNING),
        "for times": lambda: _for(Purpose.TIME_STAMPING),
        "authority for others": lambda: _bound(permitted=["ACME"]),
        "authority for all others": lambda: _bound(excluded=[NAME]),
    }
    return makes[kind]()


def _for(*purposes: x509.ObjectIdentifier) -> Holder:
    return house()[1].organisation(extension=x509.ExtendedKeyUsage(purposes), usage={"digital_signature": True})


def _bound(*, permitted: list[str] | None = None, excluded: list[str] | None = None) -> Holder:
    """By an authority that may name some organisations only, which it does not say to be critical."""

    def names(found: list[str] | None) -> list[x509.GeneralName] | None:
        if found is None:
            return None
        kinds = [x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, one)]) for one in found]
        return [x509.DirectoryName(one) for one in kinds]

    limits = x509.NameConstraints(names(permitted), names(excluded))
    return house()[0].authority("Bound", extension=limits).organisation()


def _self_signed() -> Holder:
    from authorities import ORGANISATION, issued

    return issued(ORGANISATION, by=None)


@pytest.mark.parametrize(
    "kind",
    [
        "expired",
        "not yet",
        "ends before it is judged",
        "other root",
        "self-signed",
        "authority",
        "key for encryption",
        "key for certificates too",
        "issued by an organisation",
        "expired authority",
        "unknown critical extension",
        "for a host",
        "for code",
        "for times",
        "authority for others",
        "authority for all others",
    ],
)
def test_a_certificate_that_leads_to_no_trusted_root_proves_nothing(world: World, kind: str) -> None:
    """Each is well made but for one thing, and its key signed rightly."""
    person = Person(NAME)
    signed = START - timedelta(hours=2) if kind == "ends before it is judged" else START
    assert refusal(world, person, proof(bad(kind), person, issued=instant(signed))) == "certificate.untrusted"


def test_a_certificate_for_documents_or_mail_proves_an_organisation(world: World) -> None:
    """It says what its key is for, and that is signing; an authority that is bound to hosts is bound to no name."""
    documents = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
    hosts = x509.NameConstraints([x509.DNSName("acme.example")], None)
    for holder in (
        _for(documents),
        _for(Purpose.EMAIL_PROTECTION),
        house()[0].authority("Hosts", extension=hosts).organisation(),
    ):
        person = Person(NAME)
        applies(world, person, proof(holder, person))


def test_a_chain_in_another_order_proves_nothing(world: World) -> None:
    """Root first, a stranger between, or an authority left out."""
    holder, person = seal_of(), Person(NAME)
    pem = [one.public_bytes(x509_pem()) for one in (holder.certificate, *holder.above)]
    stranger = root("Stranger").certificate.public_bytes(x509_pem())
    assert refusal(world, person, proof(holder, person, chain=pem[0] + pem[2] + pem[1])) == "certificate.order"
    assert refusal(world, person, proof(holder, person, chain=pem[0] + stranger + pem[1])) == "certificate.order"
    assert refusal(world, person, proof(holder, person, chain=pem[0])) == "certificate.untrusted"
    assert refusal(world, person, proof(holder, person, chain=pem[0] + pem[1] * 5)) == "certificate.malformed"
    with pytest.raises(Untrusted, match=r"certificate\.(signature-wrong|key-weak)"):
        proof(holder, person, chain=pem[1] + pem[0])


def forge(token: str, **header: object) -> str:
    """The same with another header, its signature as it was."""
    head, body, tail = token.split(".")
    told = {**json.loads(seal.decode(head)), **header}
    kept = {name: value for name, value in told.items() if value is not None}
    return f"{seal.encode(json.dumps(kept).encode())}.{body}.{tail}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alg": "none"}, "certificate.algorithm"),
        ({"alg": "HS256"}, "certificate.algorithm"),
        ({"alg": "Ed25519"}, "certificate.algorithm"),
        ({"alg": "ES384"}, "certificate.algorithm"),
        ({"alg": ["ES256"]}, "certificate.algorithm"),
        ({"alg": None}, "certificate.malformed"),
        ({"alg": "RS256"}, "certificate.key-weak"),
        ({"alg": "PS256"}, "certificate.key-weak"),
        ({"crit": ["x"]}, "certificate.malformed"),
        ({"jwk": {}}, "certificate.malformed"),
        ({"typ": "JOSE"}, "certificate.signature-wrong"),
        ({"x5c": None}, "certificate.malformed"),
        ({"x5c": []}, "certificate.malformed"),
        ({"x5c": "x"}, "certificate.malformed"),
        ({"x5c": [1]}, "certificate.malformed"),
        ({"x5c": ["!"]}, "certificate.malformed"),
        ({"x5c": [base64.b64encode(b"no certificate").decode()]}, "certificate.malformed"),
    ],
)
def test_a_forged_header_is_refused(world: World, change: dict[str, object], code: str) -> None:
    """No algorithm, another one, a key of its own, a chain that is none."""
    person = Person(NAME)
    assert refusal(world, person, forge(proof(seal_of(), person), **change)) == code


def test_a_secret_made_of_the_public_key_signs_nothing(world: World) -> None:
    """The old confusion of keys: HMAC under the certificate's public bytes."""
    import hashlib
    import hmac

    person = Person(NAME)
    head, body, _ = forge(proof(seal_of(), person), alg="HS256").split(".")
    for secret in (seal_of().der, seal_of().certificate.public_bytes(x509_pem())):
        tail = seal.encode(hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256))
        assert refusal(world, person, f"{head}.{body}.{tail}") == "certificate.algorithm"


def test_another_signature_is_refused(world: World) -> None:
    """By another key, of other words, cut, emptied, or in the form that X.509 has."""
    person, other = Person(NAME), house()[1].organisation()
    token, theirs = proof(seal_of(), person), proof(other, person)
    head, body, tail = token.split(".")
    for wrong in (theirs.rpartition(".")[2], seal.encode(bytes(64)), tail[:-2] + ("AA" if tail[-2:] != "AA" else "BB")):
        with pytest.raises(DamError) as refused:
            applies(world, person, f"{head}.{body}.{wrong}")
        assert refused.value.code in {"certificate.signature-wrong", "text.base64-malformed"}
    for short in ("", seal.encode(bytes(63)), seal.encode(bytes(70))):
        assert refusal(world, person, f"{head}.{body}.{short}") == "certificate.key-weak"
    for shape in ("", "a.b", "a.b.c.d", "x" * 40_000, 5, None, ["a"]):
        with pytest.raises(DamError):
            applies(world, person, shape if shape is not None else 1.5)
    words = seal.encode(organisation_proof.written(ORIGIN, person.id, "y" * 43, issued=instant(START)))
    assert refusal(world, person, f"{head}.{words}.{tail}") == "certificate.signature-wrong"


@pytest.mark.parametrize("kind", ["RSA 1024", "P-384", "Ed25519", "brainpool"])
def test_a_key_that_is_weak_or_of_another_kind_is_refused(kind: str) -> None:
    """Short RSA, other curves, and Ed25519, which certificates do not have here."""
    kinds: dict[str, Callable[[], Any]] = {
        "RSA 1024": lambda: rsa_key(1024),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "Ed25519": Ed25519PrivateKey.generate,
        "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    }
    holder = house()[1].organisation(key=kinds[kind]())
    payload = organisation_proof.written(ORIGIN, "m", "k", issued=instant(START))
    algorithm = "RS256" if kind == "RSA 1024" else "ES256"
    with pytest.raises((Untrusted, Invalid), match=r"certificate\.(key-weak|algorithm|signature-wrong)"):
        seal.certify(payload, holder.pem, algorithm, seal.pem_signer(holder.secret, algorithm))
    with pytest.raises(Untrusted, match=r"certificate\.key-weak"):
        seal.certify(payload, holder.pem, algorithm, lambda _: bytes(64))


def test_a_payload_of_another_shape_proves_nothing(world: World) -> None:
    """Not canonical, a field more or fewer, another purpose, a time that is none."""
    holder, person = seal_of(), Person(NAME)
    good = json.loads(organisation_proof.written(ORIGIN, person.id, seal.thumbprint(person.key), issued=instant(START)))
    wrong = [{**good, "more": "x"}, {**good, "purpose": "tls"}, {**good, "key": 1}, [], {**good, "issued": "today"}]
    payloads = [*(seal.canonical(one) for one in wrong), json.dumps(good, indent=1).encode(), b"\xff"]
    for payload in payloads:
        token = seal.certify(payload, holder.pem, "ES256", seal.pem_signer(holder.secret, "ES256"))
        assert refusal(world, person, token) in {
            "certificate.malformed",
            "json.malformed",
            "text.instant-malformed",
            "text.instant-no-offset",
        }


def test_an_approval_looks_again(world: World) -> None:
    """What was trusted when somebody applied, and is no more, is shown so and not approved."""
    person = Person(NAME)
    id = applies(world, person, proof(seal_of(), person))
    later = replace(world, trust=Roots(root("Other")))
    ((_, shown),) = join.waiting(later)
    assert shown["certificate"]["refused"]["code"] == "certificate.untrusted"
    with pytest.raises(Untrusted, match=r"certificate\.untrusted"):
        join.approve(later, id)
    forward(world, days=400)
    join.approve(world, id)  # valid when it was signed and received, whenever somebody gets round to it


def test_an_unreadable_private_key_or_chain_is_told() -> None:
    """Files that are none."""
    with pytest.raises(Invalid, match=r"key\.malformed"):
        seal.pem_signer(b"no PEM", "ES256")
    with pytest.raises(Invalid, match=r"certificate\.algorithm"):
        seal.pem_signer(seal_of().secret, "RS256")
    for data in (b"", b"no PEM"):
        with pytest.raises(Invalid, match=r"certificate\.malformed"):
            seal.read_roots(data)
    bare = house()[1].organisation(more={NameOID.ORGANIZATION_NAME: "X"})
    assert not seal.certificates._says_qualified(bare.certificate)
    assert seal.certificates._named(x509.Name([]), NameOID.ORGANIZATION_NAME) is None


# --- folders and commands ---------------------------------------------------------------------------------------------


def test_a_trust_list_is_a_folder_of_pem_files(tmp_path: Path) -> None:
    """Several in one file, the same twice is one; what cannot be read stops it rather than being left out."""
    top = house()[0]
    (tmp_path / "a.pem").write_bytes(
        top.certificate.public_bytes(x509_pem()) + root("B").certificate.public_bytes(x509_pem())
    )
    (tmp_path / "b.pem").write_bytes(top.certificate.public_bytes(x509_pem()))
    (tmp_path / "README").write_text("not looked at")
    assert len(TrustFiles(tmp_path).roots()) == 2
    (tmp_path / "c.pem").write_text("broken")
    with pytest.raises(Unavailable, match=r"certificate\.trust-unreadable"):
        TrustFiles(tmp_path).roots()
    with pytest.raises(Unavailable, match=r"certificate\.trust-unreadable"):
        TrustFiles(tmp_path / "none").roots()


def test_from_certificate_to_membership_by_commands(tmp_path: Path) -> None:
    """`certify`, `join --certificate`, and what the operator is shown."""
    now = datetime.now(tz=START.tzinfo)
    top = root_now(now)
    holder = top.organisation(begins=now - DAY, ends=now + DAY)
    folder = served.made(tmp_path / "dam", trust_list=Path("trust"))
    (folder / "trust").mkdir()
    (folder / "trust" / "root.pem").write_bytes(top.certificate.public_bytes(x509_pem()))
    (tmp_path / "chain.pem").write_bytes(holder.pem)
    (tmp_path / "seal.key").write_bytes(holder.secret)
    home = {"DATADAM_HOME": str(tmp_path / "home")}
    assert served.run("keygen", tmp_path / "me.key", **home).returncode == 0
    given = ("--chain", tmp_path / "chain.pem", "--key", tmp_path / "me.key", "--into", tmp_path / "proof.jws")
    with served.serving(folder) as dam:
        done = served.run("certify", served.ORIGIN, *given, "--private", tmp_path / "seal.key", **home)
        assert done.returncode == 0, done.stderr
        who = ("--name", NAME, "--jurisdiction", "KR", "--role", "consumer", "--yes", "--url", dam.url)
        with_proof = ("--key", tmp_path / "me.key", "--certificate", tmp_path / "proof.jws")
        done = served.run("join", *who, *with_proof, **home)
        assert done.returncode == 0, done.stderr
        done = served.run("member", "applications", "--dam", folder, COLUMNS="300", **home)
        assert "CN=Root" in done.stdout


def root_now(now: datetime) -> Holder:
    """A root that is valid today."""
    from authorities import issued

    return issued({NameOID.COMMON_NAME: "Root"}, by=None, ca=True, begins=now - DAY, ends=now + DAY)
