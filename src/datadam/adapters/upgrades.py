"""Bring a folder that an older version made up to the formats of this one, a step a version of a part.

A step can be done again: `format.json` tells a part's new version only after its step was done. What is newer than this
version, or older than any step knows, is refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from datadam import seal
from datadam.adapters import body_files, durable, private_files
from datadam.adapters.durable import disk
from datadam.adapters.folder import FORMAT_FILE, FORMATS, Folder
from datadam.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part's way from a version to the next."""

    part: str
    before: int

    @property
    def name(self) -> str:
        """What a person reads: `folder 1 → 2`."""
        return f"{self.part} {self.before} → {self.before + 1}"


def _editions(folder: Folder, formats: dict[str, Any]) -> None:
    """Folder 2: editions are a part of their own.

    A version that knows folder 1 only would not erase withdrawn rows from them, so it must not open this folder again.
    """
    private_files.make_folder(folder.editions)
    formats["editions"] = 1


def _twins(folder: Folder, formats: dict[str, Any]) -> None:
    """Folder 3: so are bounded twins, from which a version that knows folder 2 would not drop withdrawn rows."""
    private_files.make_folder(folder.twins)
    formats["twins"] = 1


def _packs(folder: Folder, _: dict[str, Any]) -> None:
    """Bodies 2: those that come together lie together, where a version that knows bodies 1 would not look for them."""
    private_files.write(folder.bodies / durable.FORMAT, f"{body_files.FORMAT}\n".encode())


STEPS: Final[Mapping[tuple[str, int], Callable[[Folder, dict[str, Any]], None]]] = {
    ("folder", 1): _editions,
    ("folder", 2): _twins,
    ("bodies", 1): _packs,
}
"""What to do to a part of that version, to make it one of the next."""


def versions(folder: Folder) -> dict[str, int]:
    """The format version of every part as the folder tells it; a folder that cannot be upgraded is `Unavailable`."""
    try:
        Folder.open(folder.path)
    except Unavailable as error:
        if error.code != "folder.format-older":
            raise
    found = seal.parse((folder.path / FORMAT_FILE).read_bytes())["format"]
    return {part: int(found[part]) for part in found}


def planned(found: Mapping[str, int]) -> list[Step]:
    """The steps from the versions `found` to those of this program, in the order of the parts."""
    steps = []
    for part, version in found.items():
        for before in range(version, FORMATS[part]):
            if (part, before) not in STEPS:
                raise Unavailable("folder.format-unknown", part=part, found=str(version), known=FORMATS[part])
            steps.append(Step(part=part, before=before))
    return steps


def upgrade(folder: Folder) -> list[Step]:
    """Do every step that is needed, alone in the folder; those that were done."""
    with folder.lock(), disk(folder.path):
        steps = planned(versions(folder))
        for step in steps:
            formats: dict[str, Any] = seal.parse((folder.path / FORMAT_FILE).read_bytes())["format"]
            STEPS[step.part, step.before](folder, formats)
            formats[step.part] = step.before + 1
            private_files.write(folder.path / FORMAT_FILE, json.dumps({"format": formats}, indent=1).encode() + b"\n")
        return steps
