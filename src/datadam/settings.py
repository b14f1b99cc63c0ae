"""What an operator may set: one field a setting, each checked, every fault told at once.

Strongest first: what the command line gave, `DATADAM_*` variables, the TOML file, the default. Nothing here reads a
file or the environment: both are handed in.
"""

import difflib
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

from datadam.errors import DamError, Faults, Invalid

PREFIX: Final = "DATADAM_"
MIN_BATCH: Final = 3  # two snapshots that differ by fewer contributors show one of them to the other
MAX_TOKEN_SECONDS: Final = 3600  # a stolen token is worth an hour at most
GIB: Final = 2**30
MIN_METRICS_TOKEN: Final = 32  # characters: it must not be guessed
LOG_FORMATS: Final = ("text", "json")

_DAY: Final = 86_400
_NAME: Final = re.compile(
    r"(?=.{1,200}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(/[a-z0-9._-]+)*"
)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_TOKEN: Final = re.compile(rf"[A-Za-z0-9._~+/-]{{{MIN_METRICS_TOKEN},200}}=*")  # RFC 6750 §2.1
_STORE: Final = re.compile(  # as libpq writes it; `?host=` is the folder of a Unix socket
    r"postgresql://[A-Za-z0-9_.-]{1,63}@"
    r"(([A-Za-z0-9][A-Za-z0-9.-]{0,251}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?/[A-Za-z0-9_.-]{1,63}"
    r"|(:[0-9]{1,5})?/[A-Za-z0-9_.-]{1,63}\?host=/[A-Za-z0-9_./-]{1,90})"
)
_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not listened on)
_NEAR: Final = 0.8  # how alike (difflib) an unknown variable must be to a known one to be taken for a slip


def _about(meaning: str, *, least: int = 0, most: int = 0, secret: bool = False) -> dict[str, object]:
    return {"meaning": meaning, "least": least, "most": most, "secret": secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one dam. Wrong ones cannot be made: `Faults` with every fault."""

    folder: Path = field(metadata=_about("The dam's folder; given on the command line, never in the file."))
    name: str = field(
        metadata=_about("Origin of the log, signed into every checkpoint and never changed, like dam.example/log.")
    )
    jurisdiction: str = field(metadata=_about("Country whose law the dam is under (ISO 3166-1 alpha-2)."))
    title: str = field(default="A data dam", metadata=_about("What people read at the top of a page."))
    host: str = field(default="127.0.0.1", metadata=_about("Address to listen on."))
    port: int = field(default=8420, metadata=_about("Port to listen on; 0 takes any free one.", most=65_535))
    url: str = field(
        default="", metadata=_about("Public URL under which members reach the dam; empty: made of host and port.")
    )
    tls_cert: Path | None = field(
        default=None, metadata=_about("PEM file of the certificate chain; relative to the dam's folder.")
    )
    tls_key: Path | None = field(
        default=None, metadata=_about("PEM file of the certificate's key; relative to the dam's folder.")
    )
    behind_proxy: bool = field(default=False, metadata=_about("Whether a proxy in front of the dam does TLS."))
    max_file_bytes: int = field(
        default=20 * GIB, metadata=_about("Largest file of one deposit, in bytes.", least=1, most=2**50)
    )
    max_spool_bytes: int = field(
        default=100 * GIB,
        metadata=_about("Most that deposits under way may take on disk together, in bytes.", least=1, most=2**53),
    )
    keep_original: bool = field(
        default=False, metadata=_about("Whether a deposit's file is kept after the seal; otherwise it is deleted then.")
    )
    rejects_days: int = field(
        default=30, metadata=_about("Days for which a contributor can fetch its rejected rows.", most=3650)
    )
    share_refresh_seconds: int = field(
        default=3600,
        metadata=_about("Seconds for which a share stays as it is, whatever is deposited meanwhile.", most=365 * _DAY),
    )
    url_seconds: int = field(
        default=900, metadata=_about("Seconds for which a signed file address works.", least=1, most=_DAY)
    )
    token_seconds: int = field(
        default=3600, metadata=_about("Seconds for which a login holds.", least=1, most=MAX_TOKEN_SECONDS)
    )
    batch_contributors: int = field(
        default=MIN_BATCH,
        metadata=_about(
            "Contributors whose new rows must come together before a share without attribution shows any.",
            least=MIN_BATCH,
            most=1000,
        ),
    )
    erase_hours: int = field(
        default=24,
        metadata=_about("Hours within which what was withdrawn is erased; it is begun at once.", least=1, most=8760),
    )
    backup_days: int = field(
        default=30,
        metadata=_about(
            "Days for which backups of the folder are kept, as a withdrawal's receipt says; 0: none.", most=3650
        ),
    )
    trust_list: Path | None = field(
        default=None,
        metadata=_about("Folder of PEM files: the roots that vouch for organisations; relative to the dam's folder."),
    )
    recovery_days: int = field(
        default=14,
        metadata=_about("Days that a member's old key has to object to a recovery, at the least.", least=1, most=365),
    )
    key_overlap_days: int = field(
        default=30,
        metadata=_about("Days for which the log's former key signs beside the next one, at the least.", most=3650),
    )
    workers: int = field(
        default=2, metadata=_about("Deposits judged at once; each may take 2 GB of memory.", least=1, most=256)
    )
    max_applications_pending: int = field(
        default=1000, metadata=_about("Applications that may wait for the operator.", most=1_000_000)
    )
    requests_per_minute: int = field(
        default=60,
        metadata=_about("Requests a minute from an address that is not logged in.", least=1, most=1_000_000),
    )
    member_deposits_per_day: int = field(
        default=0, metadata=_about("Deposits that one member may send a day (UTC); 0: any number.", most=2**31)
    )
    member_bytes_per_day: int = field(
        default=0, metadata=_about("Bytes that one member may send a day (UTC); 0: any number.", most=2**53)
    )
    member_rows_per_day: int = field(
        default=0, metadata=_about("Rows that one member may send a day (UTC); 0: any number.", most=2**53)
    )
    member_bytes: int = field(
        default=0,
        metadata=_about("Bytes of files that one member may have in the dam, as they were sent; 0: any.", most=2**53),
    )
    member_rows: int = field(
        default=0, metadata=_about("Admitted rows that one member may have in the dam; 0: any number.", most=2**53)
    )
    member_refusals_per_day: int = field(
        default=10_000,
        metadata=_about("New refusals of rows that are logged for one member a day (UTC); 0: any number.", most=2**31),
    )
    answer_quantum_ms: int = field(
        default=500,
        metadata=_about(
            "Milliseconds to whose next multiple each private answer is held back, so that its time tells nothing.",
            most=60_000,
        ),
    )
    dispute_answer_days: int = field(
        default=14, metadata=_about("Days that whoever a dispute concerns has to answer it.", least=1, most=365)
    )
    dispute_decide_days: int = field(
        default=30, metadata=_about("Days within which a dispute is to be decided.", least=1, most=365)
    )
    dispute_appeal_days: int = field(
        default=14, metadata=_about("Days to appeal against what was decided about a dispute.", least=1, most=365)
    )
    metrics_token: str = field(
        default="",
        repr=False,
        metadata=_about("Bearer token for /metrics; empty: only this machine reads them, and nobody behind a proxy."),
    )
    log_format: str = field(
        default="text", metadata=_about("How log lines look: text, or json, which has no values and a line a request.")
    )
    witnesses: tuple[str, ...] = field(
        default=(),
        metadata=_about("Witnesses that cosign the log's checkpoints, each its verifier key, a blank and its address."),
    )
    peer_pull_seconds: int = field(
        default=30,
        metadata=_about(
            "Seconds after which each peer is asked for what is new, if it told nothing.", least=1, most=3600
        ),
    )
    store: str = field(
        default="",
        metadata=_about("PostgreSQL database for the dam's state, like postgresql://dam@host/dam; empty: a file here."),
    )
    store_password: str = field(
        default="",
        repr=False,
        metadata=_about("Password for that database; from the environment alone, never from the file.", secret=True),
    )
    store_ca: Path | None = field(
        default=None,
        metadata=_about("PEM file of the authority that vouches for that database's server; empty: the system's."),
    )
    languages: tuple[str, ...] = field(
        default=("en", "ko"), metadata=_about("Languages offered, the first where a reader asks for none of them.")
    )

    def __post_init__(self) -> None:
        """Refuse what is wrong, all of it at once."""
        if faults := list(_faults({f.name: getattr(self, f.name) for f in fields(self)})):
            raise Faults("settings.wrong", faults)

    @property
    def public_url(self) -> str:
        """The address under which members reach the dam, without a slash at its end."""
        if self.url:
            return self.url.rstrip("/")
        scheme, host = "https" if self.tls_cert else "http", _ANY.get(self.host, self.host)
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def read(table: Mapping[str, object], environ: Mapping[str, str], **given: object) -> Settings:
    """Settings of a parsed TOML file, the environment and the command line (`given`; None counts as not given).

    Raises `Faults` with every fault: unknown keys with the nearest known one, wrong types, ranges, an open address.
    """
    values, faults = _defaults(), list(_strangers(table, environ))
    for name, kind in _TYPES.items():
        try:
            if given.get(name) is not None:
                values[name] = _typed(name, given[name], kind)
            elif variable(name) in environ:
                values[name] = _typed(name, _spelled(name, environ[variable(name)], kind), kind)
            elif name in table and name in _SECRET:
                raise Invalid("settings.secret-in-file", key=name, variable=variable(name))
            elif name in table and name != "folder":
                values[name] = _typed(name, table[name], kind)
            elif name not in values:
                faults.append(Invalid("settings.missing", key=name, variable=variable(name)))
        except Invalid as fault:
            values.pop(name, None)
            faults.append(fault)
    _anchor(values)
    if faults := [*faults, *_faults(values)]:
        raise Faults("settings.wrong", faults)
    return Settings(**values)


def to_toml(settings: Settings) -> str:
    """The settings as a TOML file with what each means; one that has its default stands there commented out."""
    lines = ["# Settings of this data dam. A DATADAM_* variable wins over this file, the command line over both."]
    defaults = _defaults()
    for each in fields(settings):
        if each.name == "folder":
            continue
        value = getattr(settings, each.name)
        lines += ["", f"# {each.metadata['meaning']} {variable(each.name)}"]
        if value is None or each.name in _SECRET:
            lines.append(f'# {each.name} = ""')
        elif each.name in defaults and value == defaults[each.name]:
            lines.append(f"# {each.name} = {_literal(value)}")
        else:
            lines.append(f"{each.name} = {_literal(value)}")
    return "\n".join(lines) + "\n"


# --- reading ----------------------------------------------------------------------------------------------------------

_TYPES: Final[Mapping[str, object]] = {f.name: get_type_hints(Settings)[f.name] for f in fields(Settings)}
_SECRET: Final = frozenset(f.name for f in fields(Settings) if f.metadata["secret"])


def _defaults() -> dict[str, Any]:
    return {f.name: f.default for f in fields(Settings) if f.default is not MISSING}


def _strangers(table: Mapping[str, object], environ: Mapping[str, str]) -> Iterator[DamError]:
    known = [name for name in _TYPES if name != "folder"]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            yield _unknown(key, near[0] if near else None)
    variables = {variable(name) for name in _TYPES}
    for key in environ:
        # The client has variables of its own under the same prefix: only what looks like a slip of ours is refused.
        if key.startswith(PREFIX) and key not in variables:
            name = key.removeprefix(PREFIX).lower()
            if near := difflib.get_close_matches(name, _TYPES, n=1, cutoff=_NEAR):
                yield _unknown(key, variable(near[0]))


def _unknown(key: str, near: str | None) -> Invalid:
    if near is None:
        return Invalid("settings.key-unknown", key=key[:60])
    return Invalid("settings.key-unknown-near", key=key[:60], near=near)


def _spelled(name: str, text: str, kind: object) -> object:
    """What a variable's text says, as TOML would have it."""
    if kind is bool:
        if text.strip().lower() in _YES | _NO:
            return text.strip().lower() in _YES
        raise Invalid("settings.not-yes-or-no", key=name, value=text[:60])
    if kind is int:
        if re.fullmatch(r"-?[0-9]{1,19}", text.strip(), re.ASCII):
            return int(text)
        raise Invalid("settings.not-a-number", key=name, value=text[:60])
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _typed(name: str, value: object, kind: object) -> object:
    """The value as the setting holds it; TOML's own types only."""
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise Invalid("settings.not-yes-or-no", key=name, value=str(value)[:60])
    if kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise Invalid("settings.not-a-number", key=name, value=str(value)[:60])
    if kind == tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise Invalid("settings.not-a-list", key=name, value=str(value)[:60])
    if kind is str and isinstance(value, str):
        return value
    if kind is not str and isinstance(value, str | Path):
        return Path(value) if str(value) else None
    raise Invalid("settings.not-text", key=name, value=str(value)[:60])


def _anchor(values: dict[str, Any]) -> None:
    """Read the paths of the TLS files from the dam's folder."""
    for name in ("tls_cert", "tls_key", "store_ca", "trust_list"):
        if values.get(name) is not None and isinstance(values.get("folder"), Path):
            values[name] = values["folder"] / values[name]


def _literal(value: object) -> str:
    """A value as TOML; JSON's texts, numbers and arrays are TOML's too, but for DEL, which TOML wants escaped."""
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- checking ---------------------------------------------------------------------------------------------------------


def _faults(values: Mapping[str, Any]) -> Iterator[DamError]:
    """All that is wrong with well-typed values; a rule over several is judged only where all of them are there."""
    for each in fields(Settings):
        value, least, most = values.get(each.name), each.metadata["least"], each.metadata["most"]
        if _TYPES[each.name] is int and value is not None and not least <= value <= most:
            yield Invalid("settings.range", key=each.name, value=value, least=least, most=most)
    if "name" in values and not _NAME.fullmatch(values["name"]):
        yield Invalid("settings.name-malformed", value=values["name"][:120])
    if "jurisdiction" in values and not _COUNTRY.fullmatch(values["jurisdiction"]):
        yield Invalid("settings.jurisdiction-malformed", value=values["jurisdiction"][:20])
    if "folder" in values and values["folder"] is None:
        yield Invalid("settings.missing", key="folder", variable=variable("folder"))
    if "title" in values and not (values["title"].strip() and values["title"].isprintable()):
        yield Invalid("settings.title-malformed", value=values["title"][:60])
    if "languages" in values:
        yield from _language_faults(values["languages"])
    if {"max_file_bytes", "max_spool_bytes"} <= values.keys() and values["max_file_bytes"] > values["max_spool_bytes"]:
        yield Invalid("settings.spool-small", file=values["max_file_bytes"], spool=values["max_spool_bytes"])
    yield from _operation_faults(values)
    yield from _address_faults(values)


def _operation_faults(values: Mapping[str, Any]) -> Iterator[DamError]:
    """Of who watches the dam: its witnesses, and whoever reads its figures and its log."""
    for witness in values.get("witnesses", ()):
        _, blank, url = witness.partition(" ")
        if not blank or list(_url_faults(url)):
            yield Invalid("settings.witness-malformed", value=witness[:160])
    if values.get("metrics_token") and not _TOKEN.fullmatch(values["metrics_token"]):
        yield Invalid("settings.metrics-token", least=MIN_METRICS_TOKEN)
    if store := values.get("store"):
        if re.match(r"[^/]*//[^:@]*:[^@]*@", store):  # not told back: whoever reads the fault would have it
            yield Invalid("settings.store-secret", variable=variable("store_password"))
        elif not _STORE.fullmatch(store):
            yield Invalid(
                "settings.store-malformed", value=re.split(r"[?#]", store)[0][:160]
            )  # may have a password behind
    if "log_format" in values and values["log_format"] not in LOG_FORMATS:
        yield Invalid("settings.log-format", value=values["log_format"][:20], known=", ".join(LOG_FORMATS))


def _language_faults(languages: tuple[str, ...]) -> Iterator[DamError]:
    if not languages or len(set(languages)) != len(languages):
        yield Invalid("settings.languages-repeat")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            yield Invalid("settings.language-malformed", value=language[:20])


def _address_faults(values: Mapping[str, Any]) -> Iterator[DamError]:
    """What would let passwords and rows cross a network in clear, or lead members astray."""
    tls = {"tls_cert", "tls_key"} <= values.keys()
    certified = tls and values["tls_cert"] is not None
    if tls and certified != (values["tls_key"] is not None):
        yield Invalid("settings.tls-half", missing="tls_key" if certified else "tls_cert")
    if "host" in values and not (_HOST.fullmatch(values["host"]) or _address(values["host"])):
        yield Invalid("settings.host-malformed", value=values["host"][:120])
    elif {"host", "behind_proxy"} <= values.keys() and tls:
        protected = values["behind_proxy"] or (certified and values["tls_key"] is not None)
        if not protected and not is_loopback(values["host"]):
            yield Invalid("settings.address-open", host=values["host"][:120])
    if values.get("url"):
        yield from _url_faults(values["url"])


def _url_faults(url: str) -> Iterator[DamError]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a port that is no number shows only when it is asked for
    except ValueError:
        yield Invalid("settings.url-malformed", value=url[:120])
        return
    plain = not (parts.query or parts.fragment or parts.username or parts.password or "@" in parts.netloc)
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not host or not plain or not printable:
        yield Invalid("settings.url-malformed", value=url[:120])
    elif parts.scheme == "http" and not is_loopback(host):
        yield Invalid("settings.url-open", value=url[:120])


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`: a loopback address, or `localhost` (RFC 6761 §6.3)."""
    address = _address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)
