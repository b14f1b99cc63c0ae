"""The ports made real; only wiring may import from here."""

import os
from typing import Final

MEMORY: Final = f"narenas:{os.cpu_count() or 1},dirty_decay_ms:600000,muzzy_decay_ms:600000"
"""How Polars' allocator (jemalloc) keeps freed memory: for the next file instead of giving it back and asking again,
which costs up to a fifth of a deposit's CPU on a virtual machine; what lies idle for ten minutes is given back."""

os.environ.setdefault("_RJEM_MALLOC_CONF", MEMORY)  # read once, when Polars loads: so before any adapter
