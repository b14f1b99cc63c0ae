"""What a consumer or contributor imports: `connect(url, key=…)`, `open(id).to_polars()`.

It talks HTTP and holds the member's key.

- The log's key is pinned at the first contact, and the last checkpoint with it: a dam that shows another key, a smaller
  log or one that does not extend the pinned one is refused (`Untrusted`).
- The member's private key stays in its file; only signatures leave.
- Data frames are loaded by whichever library is asked for; the client itself needs none.
"""

from datadam.client.checks import check_receipt, choose_key, folder_bodies, folder_reader, key_of_folder
from datadam.client.dam import Dam, connect, open  # noqa: A004  (datadam.open reads well)
from datadam.client.files import count_values, look, source
from datadam.client.folders import as_one, showing
from datadam.client.frames import Filter, Reservoir, Reservoirs
from datadam.client.home import (
    HOME_VARIABLE,
    Profile,
    default_profile,
    home,
    names_here,
    new_key,
    note_name,
    pinned_checkpoint,
    pinned_keys,
    pinned_url,
    read_key,
    save_profile,
    write_private,
)
from datadam.client.signing import CommandSigner, described
from datadam.client.strangers import as_stranger

__all__ = [
    "HOME_VARIABLE",
    "CommandSigner",
    "Dam",
    "Filter",
    "Profile",
    "Reservoir",
    "Reservoirs",
    "as_one",
    "as_stranger",
    "check_receipt",
    "choose_key",
    "connect",
    "count_values",
    "default_profile",
    "described",
    "folder_bodies",
    "folder_reader",
    "home",
    "key_of_folder",
    "look",
    "names_here",
    "new_key",
    "note_name",
    "open",
    "pinned_checkpoint",
    "pinned_keys",
    "pinned_url",
    "read_key",
    "save_profile",
    "showing",
    "source",
    "write_private",
]
