"""Evidence bundles on this machine: made from dams that are asked, opened from a folder or a zip, and verified."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from datadam import bundled, seal
from datadam.client.dam import Dam
from datadam.client.home import pinned_keys
from datadam.errors import Invalid, NotFound, Untrusted
from datadam.formats import bundle

_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the least that a zip can say
_MODE: Final = 0o100644 << 16  # a plain file, as Unix says it
_UNIX: Final = 3
_CHUNK: Final = 1 << 20  # bytes


# --- making one -------------------------------------------------------------------------------------------------------


def collect(dams: Sequence[Dam], into: Path, *, cosigners: Collection[str] = ()) -> int:
    """Make a bundle of what these dams show to whoever asks; a zip where its name ends so. How many files it has.

    Everything is verified while it is taken. What is not for the caller's eyes is not in it.
    """
    found: dict[str, bytes] = {}
    for dam in dams:
        source = bundled.Source(
            vkey=dam.vkey,
            read=dam.read_log,
            bodies=dam.bodies,
            receipt=_receipt(dam),
            cosigned=dam.cosignatures,
            cosigners=tuple(cosigners),
        )
        name = bundle.name_of(_origin(dam.vkey))
        if any(path.startswith(f"dams/{name}/") for path in found):
            raise Invalid("bundle.dam-repeated", dam=name)
        found |= bundled.gather(name, source, datetime.now(UTC))
    write(found, into)
    return len(found) + 1


def _origin(vkey: str) -> str:
    """The name of the log that a verifier key is of."""
    return vkey.partition("+")[0]


def _receipt(dam: Dam) -> Callable[[str], bytes | None]:
    def receipt(id: str) -> bytes | None:
        try:
            return seal.canonical(dam.receipt(id))
        except NotFound:
            return None

    return receipt


def write(files: Mapping[str, bytes], into: Path) -> None:
    """Write a bundle of these files and its manifest, into a new or empty folder, or as one zip."""
    held = {path: bundle.Held(size=len(data), sha256=seal.digest(data)) for path, data in files.items()}
    whole = {**files, bundle.MANIFEST: bundle.write_manifest(held)}
    if into.suffix == ".zip":
        partial = into.with_suffix(".part")
        with partial.open("wb") as file:
            _zipped(file, sorted(whole), whole.__getitem__)
        partial.replace(into)
        return
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Invalid("bundle.folder-taken", path=str(into))
    for path, data in whole.items():
        place = into.joinpath(*path.split("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _zipped(into: BinaryIO, paths: Sequence[str], read: Callable[[str], bytes]) -> None:
    """Write the one spelling of a bundle as a zip: nothing is compressed, no time and no system is told."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for path in paths:
            member = zipfile.ZipInfo(path, _TIME)
            member.create_system, member.external_attr = _UNIX, _MODE
            archive.writestr(member, read(path))


# --- opening one ------------------------------------------------------------------------------------------------------


def is_bundle(path: Path) -> bool:
    """Whether this is a folder, or a file that begins as a zip does."""
    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
    """The paths of a bundle's files, and what reads one: no more of it than a bundle's file may have."""
    if path.is_dir():
        yield _folder_paths(path), _folder_reader(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = _zip_paths(archive)
            yield names, lambda name: _member(archive, name)
            _refuse_spelling(path, sorted(names), lambda name: _member(archive, name))
    # what zipfile raises of an archive that is broken, encrypted, or packed by means that it does not know
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise Untrusted("bundle.zip-wrong", why=str(error)[:200]) from error


def _folder_paths(folder: Path) -> list[str]:
    found: list[str] = []
    for root, folders, files in os.walk(folder, onerror=_unreadable):
        for name in (*files, *folders):
            path = Path(root, name)
            if path.is_symlink() or (name in files and not path.is_file()):
                raise Untrusted("bundle.path", path=str(path.relative_to(folder))[:200])
        found += [Path(root, name).relative_to(folder).as_posix() for name in files]
        if len(found) > bundle.MAX_FILES + 1:
            raise Untrusted("bundle.files-many", limit=bundle.MAX_FILES)
    return found


def _unreadable(error: OSError) -> None:
    raise error


def _folder_reader(folder: Path) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        limit = _limit(path)
        try:
            with folder.joinpath(*path.split("/")).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise Untrusted("bundle.file-missing", path=path[:200]) from error
        return _within(data, path, limit)

    return read


def _limit(path: str) -> int:
    return bundle.MAX_MANIFEST if path == bundle.MANIFEST else bundle.MAX_FILE


def _within(data: bytes, path: str, limit: int) -> bytes:
    if len(data) > limit:
        raise Untrusted("bundle.file-size", path=path[:200], limit=limit)
    return data


def _zip_paths(archive: zipfile.ZipFile) -> list[str]:
    """Names of members, none of them compressed: what a zip holds is no larger than the zip."""
    members = archive.infolist()
    if len(members) > bundle.MAX_FILES + 1:
        raise Untrusted("bundle.files-many", limit=bundle.MAX_FILES)
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise Untrusted("bundle.zip-packed", path=member.filename[:200])
    return [member.filename for member in members]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    limit = _limit(name)
    try:
        with archive.open(name) as file:
            return _within(file.read(limit + 1), name, limit)
    except KeyError:
        raise Untrusted("bundle.file-missing", path=name[:200]) from None


def _refuse_spelling(path: Path, names: Sequence[str], read: Callable[[str], bytes]) -> None:
    """Refuse a zip that says anything beside its files: written anew from them it must be the same, byte for byte."""
    with path.open("rb") as file, tempfile.TemporaryFile() as again:
        _zipped(again, names, read)
        again.seek(0)
        while expected := again.read(_CHUNK):
            if file.read(_CHUNK) != expected:
                raise Untrusted("bundle.zip-other")
        if file.read(1):
            raise Untrusted("bundle.zip-other")


# --- verifying one ----------------------------------------------------------------------------------------------------


def check_bundle(
    path: Path, vkeys: Collection[str] = (), *, cosigners: Collection[str] = (), quorum: int = 0
) -> bundled.Proven:
    """What a bundle proves under these log keys, each of a dam in it, else under those pinned on this machine."""
    with opened(path) as (paths, read):
        found = bundled.verify(
            paths,
            read,
            vkeys=set(vkeys) or set(pinned_keys()),
            now=datetime.now(UTC),
            cosigners=cosigners,
            quorum=quorum,
        )
    for vkey in sorted(set(vkeys) - {one.vkey for one in found.parts}):  # who names two dams wants to hear of both
        raise Untrusted("bundle.dam-missing", vkey=vkey)
    return found
