"""What pooling brought: the SME's model from the pool, and from each single contributor's rows, on the same test names.

How it is judged was settled before any figure was seen:

- the same model, settings, benign names and test names for all; only the malicious names to learn from differ;
- a single contributor's rows are its own file, run through the same standard and mapping by the same engine;
- the rival is the best single contributor, chosen anew in each resample: that makes the gain smaller, never larger;
- the interval is a percentile bootstrap over zones of the test set (see `demo.sme`), since names of one zone resemble
  one another. It tells how far the figure hangs on these test names, not how another training set would do;
- names by length alone show how much of it needs no learning.
"""

import argparse
import json
import runpy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from datadam import client, mapping, planning, prepare, wiring
from datadam.formats import codelists, odcs
from datadam.ports import Outputs

REPLICATES: Final = 2000
SEED: Final = 20261122
LEVEL: Final = 0.95
STANDARD: Final = "cti.indicator"

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


# --- sums -------------------------------------------------------------------------------------------------------------


class Ranked:
    """Scores sorted once, so that each resample costs a count instead of a sort."""

    def __init__(self, labels: Bools, scores: Floats) -> None:
        """`labels` true for malicious; equal scores share a rank."""
        self._labels = labels
        values, self._rank = np.unique(scores, return_inverse=True)
        self._ranks = len(values)

    def auc(self, weights: Floats) -> float:
        """Share of (malicious, benign) pairs in the right order, ties half, each name counted `weights` times.

        Not a number where one of the two kinds has no weight.
        """
        bad = np.bincount(self._rank, weights * self._labels, self._ranks)
        good = np.bincount(self._rank, weights * ~self._labels, self._ranks)
        below = np.cumsum(good) - good / 2
        pairs = bad.sum() * good.sum()
        return float((bad * below).sum() / pairs) if pairs else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """AUC of the pool less that of the best single contributor, with its interval."""

    gain: float
    low: float
    high: float
    best: str
    zones: int
    replicates: int


def gain(pool: Floats, single: Mapping[str, Floats], labels: Bools, zones: npt.NDArray[Any], *, seed: int) -> Gain:
    """Compare scores on the same test names, resampling whole zones `REPLICATES` times."""
    found, place = np.unique(zones, return_inverse=True)
    ranked, rivals = Ranked(labels, pool), {name: Ranked(labels, scores) for name, scores in single.items()}

    def once(weights: Floats) -> tuple[float, str]:
        told = {name: one.auc(weights) for name, one in rivals.items()}
        best = max(told, key=lambda name: told[name])
        return ranked.auc(weights) - told[best], best

    value, best = once(np.ones(len(labels)))
    chance = np.random.default_rng(seed)
    even = np.full(len(found), 1 / len(found))
    drawn = (chance.multinomial(len(found), even)[place].astype(np.float64) for _ in range(REPLICATES))
    resampled = np.array([once(weights)[0] for weights in drawn])
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    replicates = int(np.isfinite(resampled).sum())
    return Gain(gain=value, low=float(low), high=float(high), best=best, zones=len(found), replicates=replicates)


# --- one contributor alone --------------------------------------------------------------------------------------------


def alone(home: Path, file: Path) -> pl.DataFrame:
    """What the standard makes of one contributor's file, by the mapping that it confirmed: its own rows only."""
    profile = json.loads((home / "profile.json").read_text(encoding="utf-8"))
    with client.connect(profile["url"], key=profile["key"]) as dam:
        standard = odcs.read(dam.standard_text(STANDARD))
        fits = [mapping.fit_from_json(held) for held in dam.fits(STANDARD)]
    layout = client.look(file)
    fit = next(fit for fit in fits if not any(mapping.fit_faults(fit, standard, layout)))
    made = planning.compile_plan(standard, fit, codelists.packaged())
    with tempfile.TemporaryDirectory() as folder:
        into = Outputs(
            admitted=Path(folder) / "admitted.parquet",
            rejects=Path(folder) / "rejects.parquet",
            deposit=file.stem,
            unit_keys={},  # this standard has no unit ids
            key_secret=b"\0" * 32,  # uniqueness within one file, gone with the folder
        )
        source = client.source(file)
        prepare.prepare(wiring.local_engine(), made, source, into, lambda *_: None)
        return pl.read_parquet(into.admitted, columns=["type", "value"])


def domains(frame: pl.DataFrame) -> list[str]:
    """The domain names of a contributor's rows, each once, as the SME's lines write them."""
    values = frame.filter(pl.col("type") == "domain")["value"]
    return values.str.to_lowercase().str.strip_prefix("www.").unique().sort().to_list()


# --- all together -----------------------------------------------------------------------------------------------------


def compare(sme: Mapping[str, Any], single: Mapping[str, list[str]]) -> dict[str, Any]:
    """Judge the SME's model beside the same one from each contributor's names alone, and beside length."""
    names, labels, zones = sme["names"], sme["labels"].astype(bool), sme["zones"]
    train, test = sme["train"], sme["test"]
    if set(zones[train]) & set(zones[test]):
        raise ValueError("a zone stands on both sides")  # noqa: TRY003  (nobody catches it)
    scores: dict[str, Floats] = {}
    learnt: dict[str, int] = {}
    for who, known in single.items():
        own = train[~labels[train] | np.isin(names[train], known)]
        scores[who] = clone(sme["model"]).fit(names[own], labels[own]).predict_proba(names[test])[:, 1]
        learnt[who] = int(labels[own].sum())
    found = gain(sme["scores"], scores, labels[test], zones[test], seed=SEED)
    lengths = np.array([[len(name)] for name in names])
    by_length = LogisticRegression(class_weight="balanced").fit(lengths[train], labels[train])
    once = np.ones(len(test))
    return {
        "pool": {"auc": Ranked(labels[test], sme["scores"]).auc(once), "learnt": int(labels[train].sum())},
        "single": {who: {"auc": Ranked(labels[test], scores[who]).auc(once), "learnt": learnt[who]} for who in scores},
        "length": Ranked(labels[test], by_length.predict_proba(lengths[test])[:, 1]).auc(once),
        "best": found.best,
        "gain": {"value": found.gain, "low": found.low, "high": found.high, "level": LEVEL},
        "test": {
            "malicious": int(labels[test].sum()),
            "benign": int((~labels[test]).sum()),
            "zones": found.zones,
            "replicates": found.replicates,
            "families": families(sme, set(names[test])),
        },
    }


def families(sme: Mapping[str, Any], tested: set[str]) -> dict[str, list[int]]:
    """For each malware family with domains in the pool: how many of them are tested, and how many there are."""
    rows = sme["datadam"].open(STANDARD).to_polars(columns=["malware", "value"], filter=[("type", "=", "domain")])
    found: dict[str, set[str]] = {}
    for family, value in rows.iter_rows():
        found.setdefault(family or "(not named)", set()).add(value.lower().removeprefix("www."))
    return {family: [len(values & tested), len(values)] for family, values in sorted(found.items())}


def tell(told: Mapping[str, Any]) -> None:
    """Print the comparison."""
    test, spread = told["test"], told["gain"]
    tested = test["families"]
    print(f"test: {test['malicious']:,} malicious and {test['benign']:,} benign names of {test['zones']:,} zones,")
    print(f"      all {len(tested)} families; no registrable domain is in both training and test")
    print()
    print(f"{'learnt from':32}{'malicious names':>16}{'AUC':>8}")
    print(f"{'the pool':32}{told['pool']['learnt']:>16,}{told['pool']['auc']:>8.3f}")
    for who, one in told["single"].items():
        best = "  best single" if who == told["best"] else ""
        print(f"{who + ' alone':32}{one['learnt']:>16,}{one['auc']:>8.3f}{best}")
    print(f"{'length of the name only':32}{told['pool']['learnt']:>16,}{told['length']:>8.3f}")
    print()
    print(f"gain of the pool over the best single contributor: {spread['value']:+.3f}")
    print(f"{spread['level']:.0%} interval {spread['low']:+.3f} to {spread['high']:+.3f}")
    print(f"(bootstrap over the zones of the test set, {test['replicates']:,} resamples, seed {SEED};")
    print("the best single contributor is chosen anew in each)")
    if spread["low"] <= 0:
        print("The interval includes 0: on these test names no gain is shown.")


def main() -> None:
    """Run the SME's lines, then compare; `--alone NAME HOME FILE` for each contributor, `--json` for the figures."""
    parser = argparse.ArgumentParser(description="What pooling brought.")
    parser.add_argument("--alone", nargs=3, action="append", required=True, metavar=("NAME", "HOME", "FILE"))
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    sme = runpy.run_path(str(Path(__file__).with_name("sme.py")))
    single = {name: domains(alone(Path(home), Path(file))) for name, home, file in given.alone}
    told = compare(sme, single)
    given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    tell(told)


if __name__ == "__main__":
    main()
