"""What this machine keeps: keys, the default profile, and the pins of logs seen before."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from datadam import seal
from datadam.client.signing import signing_key
from datadam.cosigners import Quorum
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import note
from datadam.model import Checkpoint, Json
from datadam.succession import Former

HOME_VARIABLE: Final = "DATADAM_HOME"


def home() -> Path:
    """The folder of keys, profile and pins: `DATADAM_HOME`, else the platform's place for settings."""
    return Path(os.environ.get(HOME_VARIABLE) or platformdirs.user_config_dir("datadam"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which dam, as whom: what `datadam.open` uses when it is told nothing."""

    url: str
    key: Path | None = None
    member: str | None = None


def save_profile(profile: Profile) -> Path:
    """Make this the default profile."""
    return write_private(
        home() / "profile.json",
        {"url": profile.url, "key": str(profile.key) if profile.key else None, "member": profile.member},
    )


def default_profile() -> Profile:
    """The default profile: `DATADAM_URL` and `DATADAM_KEY`, else the saved one; `NotFound` when there is neither."""
    if url := os.environ.get("DATADAM_URL"):
        key = os.environ.get("DATADAM_KEY")
        return Profile(url=url, key=Path(key) if key else None, member=os.environ.get("DATADAM_MEMBER"))
    try:
        held = json.loads((home() / "profile.json").read_text(encoding="utf-8"))
        return Profile(url=held["url"], key=Path(held["key"]) if held["key"] else None, member=held["member"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound("profile.none", folder=str(home())) from error


def new_key(path: Path) -> seal.Jwk:
    """Make a key and write it to `path`, readable by its owner only. A file that exists is not overwritten."""
    key = seal.new_key()
    partial = _partial(path, key)
    try:
        os.link(partial, path)  # unlike a rename, a link never replaces, also not what came between
    except FileExistsError:
        raise Refused("key.exists", path=str(path)) from None
    finally:
        partial.unlink()
    return key


def read_key(path: Path) -> seal.Jwk:
    """Read a private key file, or a signer file: the public key and the command that signs with it."""
    try:
        key = seal.parse(path.read_bytes())
    except OSError as error:
        raise Invalid("key.unreadable", path=str(path)) from error
    if isinstance(key, dict) and "sign" in key:
        return signing_key(key)
    if not isinstance(key, dict) or not isinstance(key.get("d"), str):
        raise Invalid("key.malformed", field="d")
    seal.public(key)
    return key


def write_private(path: Path, value: object) -> Path:
    """Write JSON for the owner only, whole or not at all."""
    _partial(path, value).replace(path)
    return path


@contextmanager
def kept_private(path: Path, value: object) -> Iterator[None]:
    """Write it before something is sent that it belongs to; where that is refused, what stood there stands again.

    No answer is no refusal: then it stays, because the other side may have taken it.
    """
    before = path.read_bytes() if path.exists() else None
    write_private(path, value)
    try:
        yield
    except Unavailable:
        raise
    except DamError:
        if before is not None:
            write_private(path, json.loads(before))
        raise


def note_name(deposit: str, name: str) -> None:
    """Keep under which name a file lies on this machine of which a dam was told no name."""
    write_private(_names(), {**names_here(), deposit: name})


def names_here() -> dict[str, str]:
    """Those names, by deposit; a file of them that cannot be read is as good as none."""
    try:
        held = json.loads(_names().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(id): str(name) for id, name in held.items()} if isinstance(held, dict) else {}


def _names() -> Path:
    return home() / "names.json"


def _partial(path: Path, value: object) -> Path:
    """The same, whole on the disk beside `path` and not yet under its name."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def read_pins() -> dict[str, Any]:
    """What was pinned. A file that is there but broken is `Untrusted`: to start anew would be to trust anybody."""
    path = home() / "pins.json"
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Untrusted("client.pins-broken", path=str(path)) from error
    fields = ("vkey", "checkpoint")
    whole = isinstance(pins, dict) and all(
        isinstance(pin, dict) and all(isinstance(pin.get(name), str) for name in fields) for pin in pins.values()
    )
    if not whole:
        raise Untrusted("client.pins-broken", path=str(path))
    return dict(pins)


def pinned_keys() -> list[str]:
    """Every log key that was pinned on this machine."""
    pins = read_pins().values()
    return [*(str(pin["vkey"]) for pin in pins), *(former.vkey for pin in pins for former in read_formers(pin))]


def pinned_formers() -> list[Former]:
    """The keys among them that others took the place of."""
    return [former for pin in read_pins().values() for former in read_formers(pin)]


def read_formers(pin: Json) -> list[Former]:
    """The former keys of one log that was pinned; what cannot be read is `Untrusted`, like the rest of the pins."""
    try:
        return [Former(vkey=str(one["vkey"]), size=int(one["size"])) for one in pin.get("formers", [])]
    except (KeyError, TypeError, ValueError) as error:
        raise Untrusted("client.pins-broken", path=str(home() / "pins.json")) from error


def read_quorum(pin: Json) -> Quorum | None:
    """The cosigners that a log's pin asks for, None if it asks for none; what cannot be read is `Untrusted`."""
    asked = pin.get("quorum")
    if asked is None:
        return None
    try:
        return Quorum(keys=tuple(map(str, asked["keys"])), least=int(asked["least"]))
    except (Invalid, KeyError, TypeError, ValueError) as error:
        raise Untrusted("client.pins-broken", path=str(home() / "pins.json")) from error


def read_vouched(pin: Json, origin: str) -> Checkpoint | None:
    """The last checkpoint of a log that enough cosigners vouched for, if there was one."""
    told = pin.get("vouched")
    if told is None:
        return None
    try:
        return Checkpoint(origin=origin, size=int(told["size"]), root=seal.decode(told["root"]))
    except (Invalid, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Untrusted("client.pins-broken", path=str(home() / "pins.json")) from error


def pinned_url(vkey: str) -> str | None:
    """The dam whose log has that key, if it was pinned on this machine."""
    return next((url for url, pin in read_pins().items() if pin["vkey"] == vkey), None)


def pinned_checkpoint(url: str, vkey: str) -> Checkpoint | None:
    """The last checkpoint seen of the dam at `url`."""
    held = read_pins().get(url)
    return note.open_checkpoint(held["checkpoint"], vkey) if held and held["vkey"] == vkey else None
