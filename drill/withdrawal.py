"""Act five: a maker takes its rows back; who had them and what was trained on them is named in both dams."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import polars as pl

from datadam.errors import Refused
from demo.shell import must
from drill import cast
from drill.cast import MESA, NOEUL, SEOUL, SHARED, WASHINGTON
from drill.scene import Scene
from drill.site import DAM

MODEL: Final = "quietfox-sorter 1.0.0"


def take_back(scene: Scene) -> None:
    """Rows taken as a guest train a model at home; then they are withdrawn."""
    scene.story.chapter("withdrawal")
    mesa, noeul = scene.shell(MESA), scene.shell(NOEUL)
    training = ("--action", "train", "--purpose", "model-training")
    mesa.type("datadam", "get", SHARED, "rows", *training, *scene.at(SEOUL), lines=slice(-2, None))
    (mesa.home / "card.yaml").write_text(cast.CARD, encoding="utf-8")
    scene.until(lambda: _taken(scene), "Washington knows what its member took in Seoul")
    register = ("datadam", "model", "register", "card.yaml", "--yes", *scene.at(WASHINGTON))
    mesa.type(*register, lines=slice(-3, None))
    held, _ = holding(scene.seoul.folder / DAM)
    must(held > 0, "no file holds what is to be erased")
    with scene.reach(NOEUL, scene.seoul) as dam:
        (deposit,) = [one["id"] for one in dam.deposits()]
    words = ("datadam", "withdraw", deposit, "--reason", "We have changed our mind.", "--yes")
    noeul.type(*words, *scene.at(SEOUL))
    told = noeul.type("datadam", "withdrawals", *scene.at(SEOUL))
    must("mesa" not in told.stdout.lower(), "a name was told that stays at home")
    scene.until(lambda: _noticed(scene), "the recipient is told in its own dam")
    notices = " ".join(mesa.type("datadam", "notices", *scene.at(WASHINGTON)).stdout.split())
    must(MODEL in notices and "Delete" in notices, "the other dam does not name the model")
    with scene.reach(NOEUL, scene.seoul) as dam:
        (taken,) = dam.withdrawals()
        must(not dam.open(SHARED).info.get("rows"), "rows are left")
    reached, beyond = taken["purge"]["reached"], taken["purge"]["beyond"]
    must(reached["rows"] == len(cast.WATCHES[0].rows()), f"{reached['rows']} rows were erased")
    left, files = holding(scene.seoul.folder / DAM)
    must(not left, f"{left} files still hold a name that was withdrawn")
    scene.story.fact("erased", rows=reached["rows"], recipients=beyond["recipients"], held=held, files=files)
    scene.story.fact("named", model=MODEL)


def holding(folder: Path) -> tuple[int, int]:
    """How many files of a folder hold any name that was handed in, and how many there are: each is read."""
    names = [row[1] for row in cast.WATCHES[0].rows()]
    held = files = 0
    for path in filter(Path.is_file, folder.rglob("*")):
        with suppress(FileNotFoundError):  # a dam that works makes and removes files
            text = _text(path)
            files += 1
            held += any(name in text for name in names)
    return held, files


def _text(path: Path) -> str:
    if path.suffix == ".parquet":
        return repr(pl.read_parquet(path).rows())  # packed: its bytes would not show it
    return path.read_bytes().decode("latin-1")


def _taken(scene: Scene) -> bool:
    with scene.reach(MESA, scene.washington) as dam:
        try:
            return bool(dam.draft_model(cast.CARD).get("elsewhere"))
        except Refused:  # nothing that it took to train on is known there yet
            return False


def _noticed(scene: Scene) -> bool:
    with scene.reach(MESA, scene.washington) as dam:
        return any(one["topic"] == "withdrawal" for one in dam.notices())
