"""Hidden shared suppliers: whole rounds against a plain computation, and what the bytes that leave show."""

import base64
import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import match_statistics
from datadam import overlap, seal
from datadam.overlap import bags, dams, wire
from datadam.seal import group
from drill import networks

FIRMS = tuple(f"BRN:KR:{number:010d}" for number in range(1_000_000, 1_000_014))


def edge(supplier: str, *, country: str = "CHN", stage: str = "processing", essential: int = 1) -> networks.Edge:
    """One line of a list."""
    return networks.Edge(supplier=supplier, country=country, stage=stage, essential=essential)


def network_of(lists: dict[str, tuple[str, ...]], makers: int, tiers: int) -> networks.Network:
    """A network in which the first firms are makers."""
    return networks.Network(
        makers=FIRMS[:makers],
        tiers=tiers,
        suppliers={firm: tuple(edge(one) for one in told) for firm, told in lists.items()},
        planted=None,
        dependent=(),
    )


@st.composite
def any_network(draw: st.DrawFn) -> networks.Network:
    """Few firms, so that much is shared: in several tiers, in circles, with itself; some firms keep no list."""
    makers, tiers = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    buys = st.lists(st.sampled_from(FIRMS), max_size=3, unique=True).map(tuple)
    lists = {firm: draw(buys) for firm in FIRMS if firm in FIRMS[:makers] or draw(st.booleans())}
    return network_of(lists, makers, tiers)


def roomy(network: networks.Network, decoys: int = 1) -> overlap.Plan:
    """A plan into which each of those goes."""
    caps = {2: (12, 3), 3: (39, 12, 3)}[network.tiers]
    return match_statistics.plan_of(network, decoys=decoys, caps=(caps[0] + 18 * decoys, *caps[1:]))


@settings(max_examples=10, deadline=None)
@given(network=any_network())
def test_a_round_finds_what_all_lists_in_one_hand_would_show(network: networks.Network) -> None:
    """The law: which makers share how many, no more and no less; and each reads of just so many."""
    played = match_statistics.play(network, roomy(network))
    truth = match_statistics.plain(network)
    assert played.counts == truth
    for maker, readings in played.readings.items():
        assert sorted(reading.makers for reading in readings) == sorted(
            len(makers) for makers, count in truth.items() for _ in range(count) if maker in makers
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_supplier_hidden_three_tiers_down_is_found_and_read(seed: int) -> None:
    """The makers that depend on it read country, stage and band; the third reads nothing."""
    outcome = match_statistics.judge("planted", seed)
    assert (outcome.found, outcome.as_plain, outcome.alarms) == (True, True, 0)


@pytest.mark.parametrize("seed", [1, 2])
def test_where_nothing_is_shared_nothing_is_found(seed: int) -> None:
    """No false alarm; n is in docs/match.md."""
    outcome = match_statistics.judge("none", seed)
    assert (outcome.found, outcome.as_plain, outcome.alarms) == (False, True, 0)


# --- what the bytes show ----------------------------------------------------------------------------------------------

SMALL = network_of(
    {FIRMS[0]: (FIRMS[3],), FIRMS[1]: (FIRMS[4],), FIRMS[2]: (), FIRMS[3]: (FIRMS[6],), FIRMS[4]: (FIRMS[6],)}, 3, 2
)
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")


def traces(firm: str, this: overlap.Round) -> Iterable[bytes]:
    """All by which a reader of bytes could know an id: itself, unkeyed hashes, points of it that are not blinded."""
    number = firm.rpartition(":")[2]
    for text in (firm, firm.lower(), number, firm.replace(":", "")):
        raw = text.encode()
        digests = [hashlib.new(name, raw).digest() for name in HASHES]
        points = [group.hashed(raw, tag) for tag in (b"datadam/match/id/v1", b"datadam/match/value/v1")]
        for one in (raw, *digests, *points):
            yield from (one, one.hex().encode(), base64.b64encode(one)[:-4], base64.urlsafe_b64encode(one)[:-4])
    yield bags.id_point(this, firm)
    yield group.hashed(this.id + firm.encode(), b"datadam/match/value/v1")


def test_no_byte_that_leaves_anybody_shows_an_id() -> None:
    """Members, dams, everything written down: no id, no unkeyed hash, no point of an id or code that is not blinded."""
    played = match_statistics.play(SMALL, roomy(SMALL))
    assert played.counts == {(FIRMS[0], FIRMS[1]): 1}
    told = b"".join(one.data for one in played.sent) + seal.canonical(played.this.to_json())
    shown = [firm for firm in FIRMS for trace in traces(firm, played.this) if trace in told]
    assert not shown
    codes = [group.public_of(code.to_bytes(32, "little")) for code in range(1, 200)]
    assert not [code for code in codes if code in told]


def test_the_recorder_would_have_seen_it() -> None:
    """The check above can fail: a point that was not encrypted, and a hash, are found in bytes that hold them."""
    played = match_statistics.play(SMALL, roomy(SMALL))
    for leaked in (bags.id_point(played.this, FIRMS[6]), hashlib.sha256(FIRMS[6].encode()).digest(), FIRMS[6].encode()):
        told = played.sent[0].data + leaked
        assert [trace for trace in traces(FIRMS[6], played.this) if trace in told]


def sizes(network: networks.Network) -> list[tuple[str, str, int]]:
    """Who sent whom how many bytes, but for the codes, whose number both dams know."""
    played = match_statistics.play(network, roomy(network))
    return [(one.by, one.to, len(one.data)) for one in played.sent if wire.form_of(one.data) != wire.Form.HANDED]


def test_neighbours_differ_in_no_size() -> None:
    """One supplier more, another one, none at all, or a shared one: nobody who counts bytes can tell."""
    lists = {firm: tuple(one.supplier for one in edges) for firm, edges in SMALL.suppliers.items()}
    expected = sizes(SMALL)
    for told in ((), (FIRMS[7],), (FIRMS[7], FIRMS[8], FIRMS[9])):
        assert sizes(network_of({**lists, FIRMS[3]: told}, 3, 2)) == expected


def test_all_bags_look_new_each_time() -> None:
    """Two customers who lay their bags side by side find no row, and no point, twice."""
    this, _ = dealt(roomy(SMALL))
    below = overlap.bag(this, 1, items(FIRMS[7]), [])
    first, second = (overlap.bag(this, 0, items(FIRMS[8]), [below]) for _ in range(2))
    points = [*wire.cut(below[48:], 32), *wire.cut(first[48:], 32), *wire.cut(second[48:], 32)]
    assert len(set(points)) == len(points)


# --- dummies, decoys, codes -------------------------------------------------------------------------------------------


def dealt(plan: overlap.Plan) -> tuple[overlap.Round, list[overlap.Secret]]:
    """A round of a plan, and both dams' secrets."""
    secrets = [overlap.new_secret() for _ in plan.dams]
    parts = [overlap.part(plan, dam, secret) for dam, secret in zip(plan.dams, secrets, strict=True)]
    return overlap.Round.of(plan, parts), secrets


def items(*suppliers: str, **facts: Any) -> list[overlap.Item]:
    """A list."""
    return match_statistics.items_of(edge(one, **facts) for one in suppliers)


def mixed_of(this: overlap.Round, secrets: list[overlap.Secret], bag: bytes, **more: Any) -> tuple[bytes, bytes]:
    """A bag's SECOND and LAST."""
    first, second = this.plan.dams
    middle = overlap.mix(this, second, secrets[1], overlap.mix(this, first, secrets[0], bag, **more), **more)
    return middle, overlap.mix(this, first, secrets[0], middle, **more)


def tokens_of(this: overlap.Round, secrets: list[overlap.Secret], mixed: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    """What both dams decrypt together."""
    both = [
        overlap.shares(this, dam, secret, mixed[1], mixed[0])
        for dam, secret in zip(this.plan.dams, secrets, strict=True)
    ]
    return overlap.tokens(this, mixed[1], both)


def opened(
    this: overlap.Round, secrets: list[overlap.Secret], handed_in: dict[str, bytes]
) -> tuple[dict[str, bytes], dict[str, tuple[bytes, ...]]]:
    """The LAST of each bag, and its tokens."""
    mixed = {maker: mixed_of(this, secrets, data) for maker, data in handed_in.items()}
    tokens = {maker: tokens_of(this, secrets, pair) for maker, pair in mixed.items()}
    return {maker: last for maker, (_, last) in mixed.items()}, tokens


def counted(this: overlap.Round, secrets: list[overlap.Secret], handed_in: dict[str, bytes]) -> dict[Any, int]:
    """Which makers share how many."""
    return overlap.found(opened(this, secrets, handed_in)[1]).counts()


def test_makers_with_a_common_supplier_do_not_share_its_padding() -> None:
    """Plain ElGamal padding fails here: what passes through a common supplier would match like suppliers."""
    this, secrets = dealt(roomy(SMALL, decoys=0))
    honest = overlap.bag(this, 1, items(FIRMS[6]), [])
    assert counted(
        this, secrets, {maker: overlap.bag(this, 0, items(FIRMS[5]), [honest]) for maker in ("one", "two")}
    ) == {("one", "two"): 2}
    naive = [  # a dummy as plain ElGamal would have it: an encrypted random point, which everybody passes on as it is
        b"".join((*group.encrypt(this.key, group.random_point()), *group.zero(this.key), *group.zero(this.key)))
        for _ in range(this.plan.cap(1))
    ]
    padded = wire.write(wire.Head(form=wire.Form.BAG, round_id=this.id, rows=len(naive), tier=1), *naive)
    handed_in = {maker: overlap.bag(this, 0, items(FIRMS[5]), [padded]) for maker in ("one", "two")}
    assert counted(this, secrets, handed_in) == {("one", "two"): 1 + len(naive)}


def test_who_made_a_dummy_does_not_know_it_again() -> None:
    """Its maker knows the logarithms of its points; multiples of them alone would keep their ratio."""
    this, _ = dealt(roomy(SMALL))
    knows = group.random_scalar(), group.random_scalar()
    unit = group.public_of(knows[0]), group.public_of(knows[1])
    row = b"".join((*group.zero(this.key), *group.zero(this.key), *unit))
    ratio = group._sodium().crypto_core_ristretto255_scalar_mul(knows[1], group.inverse(knows[0]))
    naive = group.times(group.random_scalar(), unit)
    assert group.multiply(ratio, naive[0]) == naive[1]
    ours = wire.pairs_of(bags._carried(this.key, 1, row))[2]
    assert group.multiply(ratio, ours[0]) != ours[1]


def test_what_is_alike_in_one_bag_may_be_made_up() -> None:
    """Groups of two, three and four decoys; how many differs from bag to bag; none of them is in two bags."""
    plan = match_statistics.plan_of(SMALL, decoys=3, caps=(12 + 54, 3))
    this, secrets = dealt(plan)
    seen = []
    _, all_tokens = opened(this, secrets, {str(maker): overlap.bag(this, 0, [], []) for maker in range(5)})
    for tokens in all_tokens.values():
        alike = [tokens.count(one) for one in set(tokens)]
        assert set(alike) <= {1, 2, 3, 4}
        assert all(alike.count(size) <= 2 * plan.decoys for size in (2, 3, 4))
        seen.append(tuple(alike.count(size) for size in (2, 3, 4)))
    assert len(set(seen)) > 1
    assert not overlap.found(all_tokens).shared


def read_by(this: overlap.Round, secrets: list[overlap.Secret], handed_in: dict[str, bytes], maker: str) -> Any:
    """What a maker reads."""
    finals, tokens = opened(this, secrets, handed_in)
    found = overlap.found(tokens)
    kept = overlap.new_reader()
    to = overlap.Reader(maker=maker, key=overlap.check_reader(this, maker, overlap.reader(this, maker, kept)))
    told = [
        overlap.handed(this, dam, secret, to, found, finals)
        for dam, secret in zip(this.plan.dams, secrets, strict=True)
    ]
    return overlap.readings(this, kept, told)


def test_who_labels_what_it_probes_reads_the_others_labels() -> None:
    """A maker that gives each made-up id a code of its own would know which ids were hit, if it read its own codes."""
    this, secrets = dealt(roomy(SMALL, decoys=0))
    probes = [*items(FIRMS[6], stage="anode"), *items(FIRMS[7], stage="cell"), *items(FIRMS[8], stage="mining")]
    handed_in = {
        "prober": overlap.bag(this, 0, probes, []),
        "victim": overlap.bag(this, 0, items(FIRMS[7], stage="refining", essential=2), []),
    }
    assert read_by(this, secrets, handed_in, "prober") == (
        overlap.Reading(country="CHN", stage="refining", essential=2, makers=2),
    )


def test_a_code_that_is_in_no_table_is_read_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member may put anything into a ciphertext: nobody finds out but its reader, whom it does not stop."""
    this, secrets = dealt(roomy(SMALL, decoys=0))
    honest = overlap.bag(this, 0, items(FIRMS[6]), [])
    monkeypatch.setattr(bags, "codes_of", lambda _, told: {one.supplier: 10**6 for one in told})
    handed_in = {"one": honest, "two": overlap.bag(this, 0, items(FIRMS[6]), [])}
    assert read_by(this, secrets, handed_in, "one") == (overlap.Reading("", "", -1, 2),)


def test_of_several_lines_the_hardest_to_replace_counts() -> None:
    """One row a supplier, whatever it delivers."""
    this, _ = dealt(roomy(SMALL))
    told = [*items(FIRMS[6], essential=0), *items(FIRMS[6], essential=2, stage="cell"), *items(FIRMS[6], essential=1)]
    assert bags.codes_of(this, told) == {FIRMS[6]: this.plan.code(told[1])}


def test_what_encrypts_the_identity_matches_nothing() -> None:
    """Two makers who hand in rows of nothing share nothing."""
    this, secrets = dealt(roomy(SMALL, decoys=0))
    rows = [b"".join((*group.zero(this.key), *group.zero(this.key))) for _ in range(this.plan.cap(0))]
    data = wire.write(wire.Head(form=wire.Form.BAG, round_id=this.id, rows=len(rows)), *rows)
    _, tokens = opened(this, secrets, {"one": data, "two": data})
    assert set(tokens["one"]) == {group.IDENTITY}
    assert overlap.found(tokens).counts() == {}


def test_one_dam_alone_sees_no_equal_tokens() -> None:
    """Its own share and exponent, on all that it is sent: the same supplier looks different in each bag."""
    this, secrets = dealt(roomy(SMALL, decoys=0))
    seen: list[set[bytes]] = []
    for _ in range(2):
        bag = overlap.bag(this, 0, items(FIRMS[6]), [])
        points = set()
        for form, data in zip((wire.Form.SECOND, wire.Form.LAST), mixed_of(this, secrets, bag), strict=True):
            step = dams.Step.read(this, form, data)
            for row in range(len(step.rows)):
                (head, tail), _ = step.of(row)
                for secret in secrets:
                    once = group.subtract(tail, group.multiply(secret.opening, head))
                    points |= {
                        once,
                        *(group.multiply(by, once) for by in (secret.raising, group.inverse(secret.raising))),
                    }
        seen.append(points)
    assert not seen[0] & seen[1]


def test_work_can_be_spread_over_processes() -> None:
    """What is spread can be pickled, and the order of the pieces is that of the rows."""

    def spread(work: Callable[[bytes], Any], pieces: Iterable[bytes]) -> list[Any]:
        return [pickle.loads(pickle.dumps(work))(piece) for piece in pieces]  # noqa: S301  (made here)

    plan = match_statistics.plan_of(SMALL, decoys=0, caps=(600, 3))
    this, secrets = dealt(plan)
    below = overlap.bag(this, 1, items(FIRMS[7]), [], spread=spread)
    tokens = {}
    for maker in ("one", "two"):
        data = overlap.bag(this, 0, items(FIRMS[6]), [below], spread=spread)
        middle, last = mixed_of(this, secrets, data, spread=spread)
        overlap.check_mixed(this, last, middle, spread=spread)
        both = [
            overlap.shares(this, dam, secret, last, middle, spread=spread)
            for dam, secret in zip(plan.dams, secrets, strict=True)
        ]
        tokens[maker] = overlap.tokens(this, last, both, spread=spread)
    assert overlap.found(tokens).counts() == {("one", "two"): 2}


def test_a_commitment_binds_and_tells_nothing() -> None:
    """Another order is the same list; another list, nonce or round is another digest."""
    this, _ = dealt(roomy(SMALL))
    nonce, told = bytes(range(32)), [*items(FIRMS[6]), *items(FIRMS[7])]
    digest = overlap.commitment(this, told, nonce)
    assert overlap.commitment(this, told[::-1] + told, nonce) == digest
    others = {
        overlap.commitment(this, told[:1], nonce),
        overlap.commitment(this, items(FIRMS[6], FIRMS[7], essential=2), nonce),
        overlap.commitment(this, told, nonce[::-1]),
        overlap.commitment(dealt(roomy(SMALL))[0], told, nonce),
    }
    assert len(others | {digest}) == 5


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """Importing the protocol, and all that a start imports, loads no arithmetic."""
    code = "import sys, datadam.overlap, datadam.cli; sys.exit('rbcl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
