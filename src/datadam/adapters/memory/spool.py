"""The spool of a dam in memory: engines read files, so it is a temporary folder that goes with the process."""

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Final

from datadam.adapters.spool_files import SpoolFiles

MAX_BYTES: Final = 2**30


class MemorySpool(SpoolFiles):
    """A `ports.Spool` in a temporary folder of its own, removed when nobody holds it any longer."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        """Start empty."""
        folder = tempfile.mkdtemp(prefix="datadam-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        super().__init__(Path(folder), max_bytes=max_bytes)
