"""An attack on shares: cluster served rows by contributor. It must do no better than chance, and it must be able to.

The attacker holds every snapshot: files, order of rows, statistics, times, names, sizes and Parquet footers, but not
the values themselves (what the values give away is the standard's business). Who contributed a row is known to the
judge by its `note`. Each feature is put to a permutation test, and all of them together to a fitted classifier.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from datadam.adapters.polars_share import PolarsShareWriter
from datadam.dam import grant, publish, release
from datadam.model import Attribution, Column, Type
from datadam.ports import ShareOrder, SharePart
from worlds import Person, a_world, forward, standard_text

CONTRIBUTORS = 4
ROWS = 3_000  # a contributor and snapshot: n = 24,000 rows in the second of two snapshots
COLUMNS = (
    Column(name="note", type=Type.TEXT),
    Column(name="amount", type=Type.INTEGER, safe_statistics=True),
)
SHUFFLES = 999
LEAST_P = (
    0.001  # what a true shuffle falls under once in a thousand; the inputs are fixed by seeds, so it does not flicker
)
WINDOW = 16

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Served:
    """What a recipient holds: a folder for each snapshot, its files in the order in which they were listed."""

    snapshots: tuple[tuple[Path, ...], ...]


def stored(folder: Path) -> list[list[SharePart]]:
    """Two rounds of deposits: each contributor has its own range of amounts and, in file order, its own rhythm."""
    rng = np.random.default_rng(7)
    rounds = []
    for turn in range(2):
        parts = []
        for who in range(CONTRIBUTORS):
            deposit = hashlib.sha256(f"{turn} {who}".encode()).hexdigest()
            frame = pl.DataFrame(
                {
                    "note": [f"{who}" for _ in range(ROWS)],
                    "amount": np.sort(rng.integers(0, 10**6, ROWS)),
                    "_deposit": [deposit] * ROWS,
                    "_row": np.arange(ROWS),
                }
            ).with_columns(_key=pl.lit(None, pl.Binary()))
            path = folder / f"{deposit}.parquet"
            frame.write_parquet(path)
            sequence = turn * CONTRIBUTORS + who
            parts.append(
                SharePart(path=path, tag=f"{who}", sequence=sequence, contributor=f"{who}", country="KR", own=False)
            )
        rounds.append(parts)
    return rounds


def shared(tmp_path: Path, rounds: list[list[SharePart]]) -> Served:
    """The dam's way."""
    writer, snapshots, parts = PolarsShareWriter(tmp_path / "shares"), [], list[SharePart]()
    for turn, added in enumerate(rounds):
        parts += added
        into = writer.place("test.reading", "*", turn)
        order = ShareOrder(
            columns=COLUMNS,
            attribution=Attribution.NONE,
            attributed=None,
            files=tuple(parts),
            into=into,
            order_key=b"k" * 32,
            recipient_keys={},
            own_keys={},
            rows_per_file=2_500,
        )
        snapshots.append(tuple(into / file.name for file in writer.write(order)))
    return Served(tuple(snapshots))


def copied(tmp_path: Path, rounds: list[list[SharePart]]) -> Served:
    """The naive way: each stored file copied without its system columns."""
    snapshots, parts = [], list[SharePart]()
    for turn, added in enumerate(rounds):
        parts += added
        folder = tmp_path / f"copy {turn}"
        folder.mkdir()
        for part in parts:
            pl.read_parquet(part.path, columns=["note", "amount"]).write_parquet(folder / part.path.name)
        snapshots.append(tuple(folder / part.path.name for part in parts))
    return Served(tuple(snapshots))


def concatenated(tmp_path: Path, rounds: list[list[SharePart]]) -> Served:
    """Nearly as naive: one file, contributors one after the other."""
    snapshots, parts = [], list[SharePart]()
    for turn, added in enumerate(rounds):
        parts += added
        path = tmp_path / f"whole {turn}.parquet"
        pl.concat([pl.read_parquet(part.path, columns=["note", "amount"]) for part in parts]).write_parquet(path)
        snapshots.append((path,))
    return Served(tuple(snapshots))


def evidence(served: Served) -> tuple[Floats, Ints, Ints]:
    """For each row of the last snapshot: what the attacker sees around it, who it is of, and its stretch of rows."""
    features, truth = [], []
    earlier = np.array([pl.scan_parquet(path).select(pl.len()).collect().item() for path in served.snapshots[0]])
    position = 0
    for number, path in enumerate(served.snapshots[-1]):
        rows = pl.read_parquet(path)
        footer = pyarrow.parquet.ParquetFile(path).metadata
        height, place = rows.height, np.arange(rows.height)
        of_file = [
            number,
            int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16),
            path.stat().st_mtime,
            path.stat().st_size,
            height,
            footer.serialized_size,
            footer.row_group(0).total_byte_size,
            footer.row_group(0).column(1).total_compressed_size,
            float(rows["amount"].to_numpy().min()),
            float(rows["amount"].to_numpy().max()),
            float(np.searchsorted(np.cumsum(earlier), position)),
        ]
        drawn = np.column_stack(
            [place, place / height, position + place, place % 100, *(np.full(height, v) for v in of_file)]
        )
        features.append(drawn)
        truth.append(rows["note"].cast(pl.Int64).to_numpy())
        position += height
    seen, who = np.vstack(features), np.concatenate(truth)
    # rows that stand together are held out together, so that nothing is learnt by heart but what would carry over
    return seen, who, np.arange(len(who)) // WINDOW


def agreement(who: Ints) -> float:
    """How often neighbours in the order are of the same contributor."""
    return float(np.mean(who[1:] == who[:-1]))


def by_file(who: Ints, files: Ints) -> float:
    """How unevenly contributors are spread over files: the chi-square statistic of their table."""
    table = np.zeros((int(files.max()) + 1, CONTRIBUTORS))
    np.add.at(table, (files, who), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def by_place(who: Ints) -> float:
    """How far apart contributors' mean places are."""
    place = np.arange(len(who)) / len(who)
    return float(np.ptp([place[who == one].mean() for one in range(CONTRIBUTORS)]))


def by_run(who: Ints) -> float:
    """The longest run of one contributor."""
    breaks = np.flatnonzero(np.diff(who)) + 1
    return float(np.diff(np.concatenate([[0], breaks, [len(who)]])).max())


def p_values(served: Served) -> dict[str, float]:
    """For each statistic, how often a true shuffle of the contributors looks at least as telling."""
    seen, who, _ = evidence(served)
    files = seen[:, 4].astype(np.int64)
    statistics: dict[str, Callable[[Ints], float]] = {
        "neighbours": agreement,
        "files": lambda labels: by_file(labels, files),
        "places": by_place,
        "runs": by_run,
    }
    rng, found = np.random.default_rng(11), {}
    for name, statistic in statistics.items():
        held = statistic(who)
        telling = sum(statistic(rng.permutation(who)) >= held for _ in range(SHUFFLES))
        found[name] = (telling + 1) / (SHUFFLES + 1)
    return found


def advantage(served: Served) -> tuple[float, float]:
    """By how much a fitted classifier beats guessing, and three standard errors of a guess."""
    seen, who, stretch = evidence(served)
    forest = RandomForestClassifier(n_estimators=25, max_depth=10, random_state=3)
    folds = StratifiedGroupKFold(n_splits=3, shuffle=True, random_state=3)
    guessed = cross_val_predict(forest, seen, who, groups=stretch, cv=folds)
    chance = 1 / CONTRIBUTORS
    return float(np.mean(guessed == who) - chance), 3 * float(np.sqrt(chance * (1 - chance) / len(who)))


def test_a_share_does_not_cluster_by_contributor(tmp_path: Path) -> None:
    """N = 24,000 rows of 4 contributors: no statistic beyond p = 0.001, no classifier beyond 3 standard errors."""
    served = shared(tmp_path, stored(tmp_path))
    assert min(p_values(served).values()) > LEAST_P
    gained, bound = advantage(served)
    assert gained < bound


@pytest.mark.parametrize("naive", [copied, concatenated])
def test_the_same_attack_takes_a_naive_copy_apart(
    tmp_path: Path, naive: Callable[[Path, list[list[SharePart]]], Served]
) -> None:
    """The test can fail: on plain copies every statistic tells, and the classifier is nearly always right."""
    served = naive(tmp_path, stored(tmp_path))
    found = p_values(served)
    assert {found["neighbours"], found["places"], found["runs"]} == {1 / (SHUFFLES + 1)}
    gained, _ = advantage(served)
    assert gained > 0.7


def test_what_came_between_two_snapshots_does_not_cluster_either(tmp_path: Path) -> None:
    """The new rows of the second snapshot (n = 12,000, what the first lacks) stand in any order among themselves."""
    rounds = stored(tmp_path)
    served = shared(tmp_path, [[replace(part) for part in parts] for parts in rounds])
    first, second = (pl.concat([pl.read_parquet(path) for path in paths]) for paths in served.snapshots)
    known = first.with_columns(old=True).unique()
    both = second.join(known, on=["note", "amount"], how="left", maintain_order="left")
    kept = both.filter(pl.col("old").fill_null(value=False))
    assert kept.height >= first.height
    fresh = both.filter(pl.col("old").is_null())["note"].cast(pl.Int64).to_numpy()
    rng = np.random.default_rng(5)
    for statistic in (agreement, by_place, by_run):
        held = statistic(fresh)
        telling = sum(statistic(rng.permutation(fresh)) >= held for _ in range(SHUFFLES))
        assert (telling + 1) / (SHUFFLES + 1) > LEAST_P, statistic.__name__


def test_every_step_between_snapshots_mixes_three_contributors(tmp_path: Path) -> None:
    """Through the whole dam, 8 deposits and an ask an hour: what is new is of nobody, or of three or more."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(attribution="none", repeat="keep"))
    people = [Person(f"Firm {number}").joins(world) for number in range(5)]
    reader = Person("Reader", roles=("consumer",)).joins(world)
    grant.grant(world, reader.id, "test.reading")
    held: set[str] = set()
    steps = []
    for turn, who in enumerate([0, 0, 1, 2, 2, 3, 4, 1]):
        rows = "".join(f"P{who}t{turn}r{row},{row}\n" for row in range(4))
        people[who].deposits(world, "test.reading", f"meter,amount\n{rows}".encode())
        forward(world, hours=1)
        share = release.open_share(world, reader.caller, "test.reading")
        paths = [
            release.file(world, share.standard, share.recipient, share.version, one["name"]) for one in share.files
        ]
        now = set(pl.concat([pl.read_parquet(path) for path in paths])["meter"]) if paths else set()
        assert held <= now
        steps.append(len({meter[:2] for meter in now - held}))
        held = now
        told = json.dumps([dict(one) for one in share.files])
        assert not any(person.id in told for person in people)
    assert steps == [0, 0, 0, 3, 0, 0, 3, 0]
