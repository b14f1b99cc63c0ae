"""The manners of every HTTP edge by themselves: pace, languages, statuses, bearer tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request

from datadam.edges import manners
from datadam.edges.manners import Pace
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Unavailable, Untrusted


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        """Begin at nought."""
        self.now = 0.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now


def request(headers: dict[str, str] | None = None, *, client: tuple[str, int] | None = ("192.0.2.1", 7)) -> Request:
    """A request as a server makes it."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": raw, "client": client, "query_string": b""}
    return Request({**scope, "server": ("dam", 80), "scheme": "http", "root_path": ""})


@given(
    per_minute=st.integers(1, 50),
    steps=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 90)), max_size=120),
)
def test_no_address_gets_more_than_its_pace(per_minute: int, steps: list[tuple[str, float]]) -> None:
    """The law of the bucket: in any stretch at most a full one and what refilled meanwhile; addresses do not mix."""
    clock = Hand()
    pace = Pace(per_minute, clock=clock)
    admitted: dict[str, list[float]] = {"a": [], "b": []}
    for address, passed in steps:
        clock.now += passed
        if pace.admits(address):
            admitted[address].append(clock.now)
    for times in admitted.values():
        for first, start in enumerate(times):
            for last in range(first, len(times)):
                stretch = times[last] - start
                assert last - first + 1 <= per_minute + stretch * per_minute / 60 + 1e-6


def test_who_waits_gets_in_again() -> None:
    """A bucket refills steadily, and never beyond full; what is given back counts no more."""
    clock = Hand()
    pace = Pace(6, clock=clock)
    assert [pace.admits("a") for _ in range(7)] == [True] * 6 + [False]
    clock.now += 10
    assert [pace.admits("a") for _ in range(2)] == [True, False]
    pace.give_back("a")
    assert [pace.admits("a") for _ in range(2)] == [True, False]
    pace.give_back("nobody")
    clock.now += 10_000
    assert sum(pace.admits("a") for _ in range(20)) == 6
    assert [pace.admits("b", count=False) for _ in range(20)] == [True] * 20


def test_only_so_many_strangers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest silent is forgotten first: memory does not grow with the number of addresses."""
    monkeypatch.setattr(manners, "MAX_ADDRESSES", 3)
    pace = Pace(1, clock=Hand())
    assert [pace.admits(name) for name in "abc"] == [True] * 3
    assert pace.admits("a") is False
    assert pace.admits("d")
    assert pace.admits("a") is False
    assert pace.admits("b")
    assert len(pace._left) == 3


@pytest.mark.parametrize(
    ("error", "status", "branch"),
    [
        (Invalid("profile.malformed"), 400, "Invalid"),
        (Faults("odcs.faults", []), 400, "Invalid"),
        (Untrusted("profile.digest-wrong"), 400, "Untrusted"),
        (Refused("deposit.not-contributor"), 403, "Refused"),
        (NotFound("member.unknown"), 404, "NotFound"),
        (Unavailable("spool.full"), 503, "Unavailable"),
        (Untrusted("login.token-unknown"), 401, "Untrusted"),
        (Refused("ask.login-needed"), 401, "Refused"),
        (Refused("request.too-often"), 429, "Refused"),
        (Invalid("request.too-large"), 413, "Invalid"),
    ],
)
def test_each_refusal_has_its_status_and_names_its_branch(error: DamError, status: int, branch: str) -> None:
    """And the branch leads back to its class."""
    assert manners.status_of(error) == status
    assert manners.branch_of(error) == branch
    assert manners.as_branch(branch) is {"Invalid": Invalid}.get(branch, type(error))
    assert manners.problem(request(), error).status_code == status


def test_an_unknown_branch_is_invalid() -> None:
    """What another version of us may send."""
    assert manners.as_branch("Whatever") is Invalid
    assert manners.as_branch(None) is Invalid


def test_what_the_framework_raises_is_told_in_our_words() -> None:
    """404, 405 with its header, anything else; a refusal of ours inside one of the framework's; a bug."""
    assert b"request.path-unknown" in manners.problem(request(), HTTPException(404)).body
    unknown = manners.problem(request(), HTTPException(405, headers={"Allow": "GET"}))
    assert (unknown.status_code, unknown.headers["allow"]) == (405, "GET")
    assert manners.problem(request(), HTTPException(405)).status_code == 405
    assert b"request.unreadable" in manners.problem(request(), HTTPException(400)).body
    wrapped = HTTPException(400)
    wrapped.__cause__ = Invalid("request.too-large", limit=1)
    assert manners.problem(request(), wrapped).status_code == 413
    broke = manners.problem(request(), ZeroDivisionError("secret"))
    assert (broke.status_code, broke.headers["x-content-type-options"]) == (500, "nosniff")
    assert b"secret" not in broke.body


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "en"), ("ko", "ko"), ("fr, ko;q=0.5", "ko"), ("ko;q=0", "en"), ("\xff" * 50, "en"), ("ko" * 9999, "en")],
)
def test_the_language_is_the_best_of_ours(header: str | None, language: str) -> None:
    """RFC 9110 §12.5.4; nonsense is English."""
    assert manners.language_of(request({"Accept-Language": header} if header else {})) == language


@pytest.mark.parametrize("header", ["Basic x", "Bearer", "Bearer  ", "x"])
def test_a_header_without_a_bearer_token_is_not_taken_for_a_stranger(header: str) -> None:
    """Who shows something means to be somebody."""
    with pytest.raises(Untrusted, match="login.scheme"):
        manners.bearer(request({"Authorization": header}))


def test_a_bearer_token_is_read_whatever_its_case() -> None:
    """RFC 6750 §2.1, RFC 9110 §11.1: the scheme's case does not matter."""
    assert manners.bearer(request({"Authorization": "bEARER  abc "})) == "abc"
    assert manners.bearer(request()) is None


def test_a_connection_without_an_address_is_paced_too() -> None:
    """Behind a socket of its own there may be none: all such are one stranger."""
    assert manners._address(request(client=None)) == ""
