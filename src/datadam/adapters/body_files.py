"""Statement bodies as files named by their ids, `ab/<id>.json`; those of a batch in `packs`. Durable, erasable each."""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from datadam.adapters import durable
from datadam.adapters.body_packs import BodyPacks
from datadam.errors import Invalid, NotFound, Untrusted

FORMAT: Final = "datadam-bodies 2"
FEW: Final = 4  # bodies that come at once and still get a file each
PACKS: Final = "packs"

_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUFFIX: Final = ".json"


def checked_id(id: str) -> str:
    """The id if it is 64 lower-case hex digits; anything else could name another place and is `Invalid`."""
    if not _ID.fullmatch(id):
        raise Invalid("body.id-malformed", id=id[:80])
    return id


class BodyFiles:
    """The `Bodies` port over a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, or begin it where there is none."""
        self._folder = folder
        self._lock = threading.Lock()
        with durable.disk(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._aside = durable.clean_aside(folder)
            if not durable.check_format(folder, FORMAT):
                durable.write(folder / durable.FORMAT, f"{FORMAT}\n".encode(), aside=self._aside)
                durable.sync_folder(folder)
            self._packs = BodyPacks(folder / PACKS)

    def close(self) -> None:
        """Let go of the files; nothing is lost without it."""
        self._packs.close()

    def put(self, id: str, data: bytes) -> None:
        """Keep `data` under `id`; the same again is fine, other data under a held id is `Untrusted`."""
        self.put_all([(id, data)])

    def put_all(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Keep all, with one wait for the disk; nothing is written if any of them is refused."""
        with self._lock, durable.disk(self._folder):
            wanted, filed = dict[str, bytes](), dict[str, bytes]()
            for id, data in items:
                path = self._path(id)
                if path.exists():
                    filed[id] = path.read_bytes()
                if wanted.setdefault(id, data) != data:
                    raise Untrusted("body.differs", id=id)
            held = filed | self._packs.held(wanted)
            for id in held:
                if held[id] != wanted[id]:
                    raise Untrusted("body.differs", id=id)
            new = {id: data for id, data in wanted.items() if id not in held}
            if len(new) > FEW:
                self._packs.put(new)
                new = {}
            self._keep({self._path(id): data for id, data in (filed | new).items()})

    def _keep(self, wanted: dict[Path, bytes]) -> None:
        parents = {path.parent for path in wanted}
        made = [parent for parent in parents if not parent.exists()]
        for parent in made:
            parent.mkdir(mode=0o700)
        for item in wanted.items():
            self._keep_one(item)
        for folder in [*sorted(parents), *([self._folder] if made else [])]:
            durable.sync_folder(folder)

    def _keep_one(self, item: tuple[Path, bytes]) -> None:
        path, data = item
        if path.exists():
            durable.sync_file(path)  # whoever wrote it may have been stopped before the disk had it
        else:
            durable.write(path, data, aside=self._aside)

    def get(self, id: str) -> bytes:
        """The bytes kept under `id`, or `NotFound`."""
        path = self._path(id)
        with durable.disk(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                found = self._packs.get(id)
        if found is None:
            raise NotFound("body.unknown", id=id)
        return found

    def erase(self, id: str) -> None:
        """Remove the body for good; an absent one is fine."""
        path = self._path(id)
        with self._lock, durable.disk(path):
            if path.exists():
                path.unlink()
                durable.sync_folder(path.parent)
            self._packs.erase(id)

    def ids(self) -> Iterator[str]:
        """Every id held, in any order."""
        with durable.disk(self._folder), os.scandir(self._folder) as folders:
            names = sorted(f.name for f in folders if f.is_dir() and f.name not in {durable.ASIDE, PACKS})
        for name in names:
            with durable.disk(self._folder):
                held = sorted(file.name for file in (self._folder / name).iterdir())
            for file in held:
                yield checked_id(file.removesuffix(_SUFFIX))
        yield from self._packs.ids()

    def _path(self, id: str) -> Path:
        return self._folder / checked_id(id)[:2] / f"{id}{_SUFFIX}"
