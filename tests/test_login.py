"""Logging in: a signed assertion, once, for this dam, by a key that counts now; and what each token opens."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import seal
from datadam.dam import deposit, join, journal, login, report
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, NotFound, Refused, Unavailable, Untrusted
from datadam.model import Kind, Token, Used, instant
from worlds import GOOD, Person, a_world, fit_of, forward

HERE = "https://dam.example"


def seconds(world: World) -> int:
    """The dam's clock."""
    return int(world.clock().timestamp())


def assertion(world: World, person: Person, *, skew: int = 0, audience: str = HERE, member: str | None = None) -> str:
    """What a client sends whose clock is `skew` seconds ahead."""
    return seal.login_assertion(person.key, member=member or person.id, audience=audience, now=seconds(world) + skew)


def enter(world: World, assertion: str) -> login.Login:
    """Log in."""
    return login.login(world, assertion, audiences=[HERE])


def part(value: object) -> str:
    """One part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(world: World, person: Person, **changes: object) -> dict[str, object]:
    """The claims of a good assertion, with changes."""
    now = seconds(world)
    good = {"iss": person.id, "sub": person.id, "aud": HERE, "iat": now, "exp": now + 100, "jti": seal.salt()}
    return {**good, **changes}


def signed(person: Person, claims: object, **header: object) -> str:
    """A JWT that a person signs over anything at all."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seal.decode(person.key["d"]))
    text = f"{part({'alg': 'Ed25519', 'kid': seal.thumbprint(person.key), **header})}.{part(claims)}"
    return f"{text}.{seal.encode(key.sign(text.encode()))}"


def refused(world: World, assertion: str) -> str:
    """The code with which a login is refused; nothing is left of it."""
    with world.store.read() as rows:
        before = rows.find(Token), rows.find(Used)
    with pytest.raises(DamError) as caught:
        enter(world, assertion)
    with world.store.read() as rows:
        assert (rows.find(Token), rows.find(Used)) == before
    return caught.value.code


def test_a_token_speaks_for_its_member_until_it_ends(world: World) -> None:
    """Only its hash is kept; at its last second it is over."""
    person = Person("A").joins(world)
    given = enter(world, signed(person, claims(world, person)))
    assert login.caller(world, given.token) == Caller(member=person.id)
    assert given.expires == instant(world.clock() + timedelta(seconds=world.settings.token_seconds))
    with world.store.read() as rows:
        assert given.token not in repr(rows.find(Token))
    forward(world, seconds=given.seconds - 1)
    assert login.caller(world, given.token).member == person.id
    forward(world, seconds=1)
    with pytest.raises(Untrusted, match="login.token-unknown"):
        login.caller(world, given.token)


def test_what_the_log_took_and_the_tables_did_not_closes_every_door(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails between the two: an expelled member's token and key open nothing, whatever the tables say."""
    person = Person("A").joins(world)
    given = enter(world, signed(person, claims(world, person)))
    login.caller(world, given.token)
    later = signed(person, claims(world, person))
    whole, left = world.store.transaction, iter([True])  # the rehearsal's

    def failing() -> Any:
        if next(left, False):
            return whole()
        raise Unavailable("store.busy", seconds=1)

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "transaction", failing)
        with pytest.raises(Unavailable):
            join.expel(world, person.id, "broke the terms")
        for door in (lambda: login.caller(world, given.token), lambda: enter(world, later)):
            with pytest.raises(Unavailable):
                door()
    assert refused(world, later) == "login.key-unknown"
    with pytest.raises(Untrusted, match="login.token-unknown"):
        login.caller(world, given.token)


def test_no_token_is_a_stranger_and_a_wrong_one_is_nobody(world: World) -> None:
    """A wrong token is refused rather than taken for none."""
    assert login.caller(world, None) == Caller()
    for wrong in ("", "x", seal.new_token()):
        with pytest.raises(Untrusted, match="login.token-unknown"):
            login.caller(world, wrong)


def test_an_assertion_works_once(world: World) -> None:
    """Also a second later, also in another login of the same second, as long as it lives at all."""
    person = Person("A").joins(world)
    first, second = assertion(world, person), assertion(world, person)
    enter(world, first)
    enter(world, second)
    assert refused(world, first) == "login.replayed"
    for _ in range(12):
        forward(world, seconds=25)
        login.forget_expired(world)
        assert refused(world, first) in {"login.replayed", "login.expired"}


def test_two_members_may_choose_the_same_one_time_id(world: World) -> None:
    """Else one could spend the other's."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    for person in (one, other):
        enter(world, signed(person, claims(world, person, jti="1")))
    assert refused(world, signed(one, claims(world, one, jti="1"))) == "login.replayed"


def test_what_was_used_is_forgotten_once_it_can_come_no_more(world: World) -> None:
    """Neither tokens nor one-time ids pile up."""
    person = Person("A").joins(world)
    for _ in range(20):
        enter(world, assertion(world, person))
        forward(world, minutes=10)
        login.forget_expired(world)
    with world.store.read() as rows:
        assert len(rows.find(Used)) <= 1
        assert len(rows.find(Token)) <= 6
    forward(world, hours=2)
    assert login.forget_expired(world) > 0
    with world.store.read() as rows:
        assert (rows.find(Used), rows.find(Token)) == ([], [])


@pytest.mark.parametrize(
    ("skew", "wanted"),
    [
        (60, None),
        (61, "login.clock"),
        (3600, "login.clock"),
        (-180, None),
        (-240, "login.expired"),
        (-3600, "login.expired"),
    ],
)
def test_clocks_may_differ_by_a_minute(world: World, skew: int, wanted: str | None) -> None:
    """Ahead and behind; beyond that the error says by how much."""
    person = Person("A").joins(world)
    late = assertion(world, person, skew=skew)
    if wanted is None:
        assert enter(world, late).token
    else:
        assert refused(world, late) == wanted


def test_an_assertion_for_another_dam_opens_nothing_here(world: World) -> None:
    """Another dam that was given one cannot use it here; any of our own names will do."""
    person = Person("A").joins(world)
    assert refused(world, assertion(world, person, audience="https://other.example")) == "login.audience"
    both = assertion(world, person, audience="http://localhost:1")
    assert login.login(world, both, audiences=[HERE, "http://localhost:1"]).token
    with pytest.raises(Untrusted, match="login.assertion-malformed"):
        login.login(world, assertion(world, person), audiences=[])


def test_an_audience_may_be_one_of_several(world: World) -> None:
    """RFC 7519 §4.1.3 allows a list."""
    person = Person("A").joins(world)
    assert enter(world, signed(person, claims(world, person, aud=["x", HERE]))).token
    wrong: list[object] = [[], {}, None, 7, [[HERE]], HERE.upper()]
    for odd in wrong:
        assert refused(world, signed(person, claims(world, person, aud=odd))) == "login.audience"


def test_no_algorithm_but_ours_is_taken(world: World) -> None:
    """`none`, and HMAC with the public key as its secret, are the classic forgeries."""
    person = Person("A").joins(world)
    kid, public = seal.thumbprint(person.key), seal.public(person.key)
    body = part(claims(world, person))
    for name in ("none", "None", "NONE", "", None):
        head = part({"alg": name, "kid": kid})
        assert refused(world, f"{head}.{body}.") == "login.assertion-malformed"
    secrets = [seal.decode(public["x"]), public["x"].encode(), seal.canonical(public)]
    for secret in secrets:
        text = f"{part({'alg': 'HS256', 'kid': kid})}.{body}"
        forged = f"{text}.{seal.encode(hmac.digest(secret, text.encode(), hashlib.sha256))}"
        assert refused(world, forged) == "login.assertion-malformed"
    for name in ("EdDSA", "ES256", "RS256"):
        assert refused(world, signed(person, claims(world, person), alg=name)) == "login.assertion-malformed"


def test_the_key_must_be_the_members_own(world: World) -> None:
    """A member cannot log in as another, neither by naming it nor by naming its key."""
    thief, victim = Person("A").joins(world), Person("B").joins(world)
    assert refused(world, assertion(world, thief, member=victim.id)) == "login.assertion-malformed"
    named = signed(thief, claims(world, victim), kid=seal.thumbprint(victim.key))
    assert refused(world, named) == "login.assertion-malformed"
    assert refused(world, signed(thief, claims(world, thief, iss=victim.id))) == "login.assertion-malformed"
    assert refused(world, assertion(world, Person("Stranger"))) == "login.key-unknown"
    dam = Person("The dam", key=world.secrets.private_key("sign"))
    assert refused(world, assertion(world, dam, member="dam")) == "login.key-unknown"


def test_a_replaced_key_opens_nothing_and_what_it_opened_is_closed(world: World) -> None:
    """The thief of an old key stays outside, and so do its tokens."""
    person = Person("A").joins(world)
    member = person.id
    token = enter(world, assertion(world, person)).token
    profile = login.issue_profile(world, member, "test.reading").token
    new = seal.new_key()
    facts = {"member": member, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    join.rotate(world, seal.envelope(seal.countersign(person.states(Kind.KEY, facts), new)))
    assert refused(world, assertion(world, person)) == "login.key-unknown"
    for old in (token, profile):
        with pytest.raises(Untrusted, match="login.token-unknown"):
            login.caller(world, old)
    fresh = enter(world, seal.login_assertion(new, member=member, audience=HERE, now=seconds(world)))
    assert login.caller(world, fresh.token).member == member


def test_who_was_expelled_is_outside_at_once(world: World) -> None:
    """The token in hand and a new login alike."""
    person = Person("A").joins(world)
    token = enter(world, assertion(world, person)).token
    join.expel(world, person.id, "rules")
    with pytest.raises(Untrusted, match="login.token-unknown"):
        login.caller(world, token)
    assert refused(world, assertion(world, person)) == "login.key-unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 10**18},
        {"iat": None},
        {"exp": "soon"},
        {"iat": 1.5},
        {"jti": 5},
        {"jti": None},
        {"sub": None, "iss": None},
        {"iat": -(10**30), "exp": 10**30},
    ],
)
def test_an_assertion_is_brief_and_whole(world: World, changes: dict[str, object]) -> None:
    """One that lives long, or lacks a time or a one-time id, is none; nothing odd makes the door fall over."""
    person = Person("A").joins(world)
    assert refused(world, signed(person, claims(world, person, **changes))) in {
        "login.too-long",
        "login.assertion-malformed",
        "login.clock",
        "login.expired",
    }


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["iss", "sub", "alg"]), inner),
    max_leaves=4,
)


@limits(max_examples=60)
@given(raw=st.text(max_size=60), header=ANY_JSON, body=ANY_JSON)
def test_whatever_is_sent_as_an_assertion_is_refused_in_order(
    world_of_one: tuple[World, Person],
    raw: str,
    header: object,
    body: object,
) -> None:
    """Texts, dots, JSON of any kind, also signed: always a refusal of ours."""
    world, person = world_of_one
    for sent in (raw, f"{part(header)}.{part(body)}.", f"{part(header)}.{part(body)}.{raw}", signed(person, body)):
        with pytest.raises(DamError):
            enter(world, sent)


@pytest.fixture(scope="module")
def world_of_one(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Person]:
    """A dam and its one member, for many hostile calls."""
    made = a_world(tmp_path_factory.mktemp("dam"))
    return made, Person("A").joins(made)


# --- share profiles ---------------------------------------------------------------------------------------------------


def test_a_share_profile_reads_one_reservoir_and_does_nothing_else(world: World) -> None:
    """As a login it is void: no deposit, no list of deposits, no report, no fits."""
    person = Person("A").joins(world)
    job = person.deposits(world, "test.reading", GOOD)
    given = login.issue_profile(world, person.id, "test.reading")
    caller = login.caller(world, given.token)
    assert caller == Caller(member=person.id, standard="test.reading")
    manifest = seal.envelope(person.manifest(fit_of(world, "test.reading", GOOD), GOOD))
    for verb in (
        lambda: deposit.announce(world, caller, manifest),
        lambda: journal.own(world, caller),
        lambda: journal.fits(world, caller, "test.reading"),
    ):
        with pytest.raises(Refused, match="ask.login-needed"):
            verb()
    for reading in (
        lambda: journal.own_job(world, caller, job.id),
        lambda: deposit.receive(world, caller, job.id, iter(())),
        lambda: report.faults(world, caller, job.id, limit=1),
        lambda: report.rejects(world, caller, job.id, str),
    ):
        with pytest.raises(NotFound, match="deposit.unknown"):
            reading()


def test_a_share_profile_lives_no_longer_than_it_may(world: World) -> None:
    """Ninety days at most, whatever is asked; then it is forgotten."""
    person = Person("A").joins(world)
    given = login.issue_profile(world, person.id, "test.reading", days=10_000)
    assert given.seconds == 90 * 86_400
    short = login.issue_profile(world, person.id, "test.reading", days=1)
    forward(world, days=1)
    with pytest.raises(Untrusted):
        login.caller(world, short.token)
    assert login.caller(world, given.token).standard == "test.reading"
    forward(world, days=89)
    with pytest.raises(Untrusted):
        login.caller(world, given.token)


def test_a_share_profile_is_of_a_standard_that_there_is(world: World) -> None:
    """An unknown one is not found."""
    with pytest.raises(NotFound, match="standard.unknown"):
        login.issue_profile(world, Person("A").joins(world).id, "test.nothing")


def test_a_member_revokes_its_own_profiles_only(world: World) -> None:
    """By hash or its first 12 digits; a login is no profile; another's is as unknown as none."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    token = enter(world, assertion(world, one)).token
    given = login.issue_profile(world, one.id, "test.reading")
    (held,) = login.profiles(world, one.id)
    for member, hash in (
        (other.id, held.hash),
        (one.id, held.hash[:11]),
        (one.id, ""),
        (one.id, "0" * 64),
        (one.id, seal.digest(token.encode())),
    ):
        with pytest.raises(NotFound, match="profile.unknown"):
            login.revoke_profile(world, member, hash)
    login.revoke_profile(world, one.id, held.hash[:12])
    with pytest.raises(Untrusted):
        login.caller(world, given.token)
    assert login.caller(world, token).member == one.id
    assert login.profiles(world, one.id) == [replace(held, revoked=True)]


def test_profiles_alive_at_once_are_limited(world: World) -> None:
    """Ended ones do not count."""
    person = Person("A").joins(world)
    for _ in range(login.MAX_PROFILES):
        login.issue_profile(world, person.id, "test.reading", days=1)
    with pytest.raises(Refused, match="profile.too-many"):
        login.issue_profile(world, person.id, "test.reading")
    forward(world, days=2)
    assert login.issue_profile(world, person.id, "test.reading").token
