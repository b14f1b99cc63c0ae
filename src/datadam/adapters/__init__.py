"""The ports made real; only wiring may import from here."""

import os
from typing import Final

MEMORY: Final = f"narenas:{os.cpu_count() or 1},dirty_decay_ms:10000,muzzy_decay_ms:10000,oversize_threshold:0"
"""How Polars' allocator (jemalloc) keeps freed memory: for the next file instead of giving it back and asking again,
which costs up to a fifth of a deposit's CPU on a virtual machine. What lies idle for ten seconds is given back: kept
for ten minutes, a file of 50 million rows held half a gigabyte more that nothing used, and was judged no faster. The
same holds for pieces of 8 MB and more, which jemalloc else gives back at once."""

os.environ.setdefault("_RJEM_MALLOC_CONF", MEMORY)  # read once, when Polars loads: so before any adapter
