"""A dam as its members and strangers see it: trust, join, deposit, take out."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from datadam import seal
from datadam.client import upload
from datadam.client.agreeing import Agreeing
from datadam.client.answers import answered, check_url, json_of, part, said
from datadam.client.deciding import Deciding
from datadam.client.declaring import Declaring
from datadam.client.federated import over_all
from datadam.client.files import CHUNK, chunks, file_facts, hashed, look
from datadam.client.frames import PURPOSE, Reservoir, Reservoirs
from datadam.client.governing import Governing
from datadam.client.holding import Holding
from datadam.client.home import default_profile, read_key
from datadam.client.opening import Opening
from datadam.client.pairs import Pairing
from datadam.client.private import Asking
from datadam.client.recovering import Recovering
from datadam.client.reserving import Reserving
from datadam.client.showing import Showing
from datadam.client.tabling import Tabling
from datadam.client.visiting import Visiting
from datadam.client.withdrawals import WayBack
from datadam.errors import NotFound, Unavailable
from datadam.formats import odcs
from datadam.ledger import Verified
from datadam.mapping import fit_digest, fit_to_json
from datadam.model import ALL, Fit, Json, Kind, Reading, Standard, Statement

POLL_SECONDS: Final = 0.2
DESTINATION, ACTION = "Datadam-Destination", "Datadam-Action"  # request headers
DIGITS: Final = 64  # of a whole id


def connect(url: str, *, key: str | Path | Mapping[str, str] | None = None, member: str | None = None) -> "Dam":
    """Reach the dam at `url`, as the member that `key` (a file or a JWK) belongs to; without a key as a stranger."""
    check_url(url)
    held = read_key(Path(key)) if isinstance(key, str | Path) else _copied(key) if key else None
    return Dam(url.rstrip("/"), held, member or (seal.member_id(held) if held else None))


def _copied(key: Mapping[str, str]) -> seal.Jwk:
    return key if isinstance(key, seal.HeldKey) else dict(key)


def open(  # noqa: A001  (datadam.open reads well, and the built-in is not wanted here)
    id: str, *, purpose: str | None = None, to: str | None = None, action: str | None = None
) -> "Reservoir":
    """The reservoir `id` of the default profile's dam, for a purpose and to a country, else as was agreed.

    `action` is what is done with the rows: read, unless it is said.
    """
    profile = default_profile()
    return connect(profile.url, key=profile.key, member=profile.member).open(id, purpose=purpose, to=to, action=action)


class Dam(  # one class of deeds each
    Agreeing,
    Asking,
    Deciding,
    Declaring,
    Governing,
    Holding,
    Opening,
    Reserving,
    Recovering,
    Pairing,
    Showing,
    Tabling,
    Visiting,
    WayBack,
):
    """One dam, as one member or a stranger. Made by `connect`."""

    # proofs

    def receipt(self, id: str) -> Json:
        """The receipt of a statement that concerns the caller, checked before it is returned."""
        return self.proven_receipt(id)[0]

    def proven_receipt(self, id: str) -> tuple[Json, Verified]:
        """The same, with what it proves."""
        try:
            sent: Json = self._get(f"/api/receipts/{part(id)}", as_member=self._key is not None)
        except NotFound:
            raise NotFound("statement.unknown", statement=id[:64]) from None
        return sent, self._proven(sent)

    def read_log(self, path: str) -> bytes:
        """One of the log's static files."""
        return self._ask("GET", f"/log/{path}", as_member=False).content

    def body(self, id: str) -> bytes | None:
        """A statement's body, None where the caller may not read it."""
        try:
            return self._ask("GET", f"/api/bodies/{part(id)}", as_member=self._key is not None).content
        except NotFound:
            return None

    def issued(self, id: str) -> str:
        """When a statement says that it was signed; empty where the caller may not read it."""
        found = self.body(id)
        return "" if found is None else str(seal.opened(found).body["issued"])

    def whole_id(self, start: str) -> str:
        """The id of the caller's own statement that begins so, as lists show it; else as it is given."""
        if len(start) >= DIGITS or self._key is None:
            return start
        held = [{"id": one["id"], "outcome": one.get("outcome")} for one in self.deposits()]
        taken = [{"id": one["id"], "purge": (one["purge"] or {}).get("id")} for one in self.withdrawals()]
        decided = [{"id": one["id"]} for one in self.decisions()]
        found = {id for one in (*held, *taken, *decided) for id in one.values() if id and id.startswith(start)}
        return str(found.pop()) if len(found) == 1 and start else start

    def bodies(self) -> Callable[[str], bytes | None]:
        """Gives an audit the log's bodies, which it asks for one by one in the log's order; fetches by the page."""
        lines = self._body_lines()

        def body(_: str) -> bytes | None:
            line = next(lines, b"null")  # that it is the one asked for, the audit sees by its digest
            return None if line == b"null" else line

        return body

    def _body_lines(self) -> Iterator[bytes]:
        start = 0
        while True:
            params = {"start": start}
            page = self._ask("GET", "/api/log/bodies", as_member=self._key is not None, params=params).content
            yield from page.splitlines()
            if not page:
                return
            start += page.count(b"\n")

    # joining

    def accession(self, language: str) -> Json:
        """The accession text and what its signer names of it."""
        found: Json = self._get("/api/accession", language=language)
        return found

    def join(self, profile: Mapping[str, object], facts: Mapping[str, object], *, language: str) -> Json:
        """Sign the accession that was read in `language` and apply; `facts` are jurisdiction, roles and so on."""
        key = self._needed_key()
        text = self.accession(language)
        country = next(
            (
                one["member"]
                for one in self._get("/api/countries")["items"]
                if one["jurisdiction"] == facts["jurisdiction"] and not one["left"] and one["effective"] <= _today()
            ),
            None,
        )
        named = seal.canonical({"salt": seal.salt(), **profile})
        body = {
            "member": seal.member_id(key),
            "member_kind": "organisation",
            "key": seal.public(key),
            "roles": [],
            "under": None if facts.get("member_kind") == "country" else country,
            "profile": seal.digest(named),
            "text": {"version": text["version"], "language": language, "digests": text["digests"]},
            "authority": None,
            "effective": None,
            "reservations": [],
            **facts,
        }
        statement = self._sign(Kind.MEMBER, body)
        sent = {"statement": json.loads(seal.envelope(statement)), "profile": named.decode()}
        found: Json = self._ask("POST", "/api/applications", as_member=False, json=sent).json()
        return found

    def standing(self, application: str) -> Json:
        """How an application stands."""
        try:
            found: Json = self._get(f"/api/applications/{part(application)}")
        except NotFound:  # what the dam says then is meant for its operator
            raise said(NotFound("application.not-yours", id=application[:64])) from None
        return found

    def rotate(self, new: seal.Jwk) -> Json:
        """Change to a new key; the old one counts no more, and its logins end."""
        old = self._needed_key()
        facts = {"member": self.member, "key": seal.public(new), "replaces": seal.thumbprint(old)}
        statement = seal.countersign(self._sign(Kind.KEY, facts), new)
        found: Json = self._ask("POST", "/api/keys", content=seal.envelope(statement)).json()
        self._key, self._until = new, 0.0
        return found

    def leave(self, reason: str) -> Json:
        """Leave the dam."""
        facts = {"member": self.member, "reason": reason, "signed_by_member": True}
        statement = self._sign(Kind.EXIT, facts)
        found: Json = self._ask("POST", "/api/exit", content=seal.envelope(statement)).json()
        return found

    # standards and deposits

    def standards(self) -> list[Json]:
        """Every standard's last version."""
        return list(self._get("/api/standards")["items"])

    def standard_text(self, id: str, version: str | None = None) -> str:
        """A standard as it was signed, ODCS YAML: the version named, else the last."""
        params = {} if version is None else {"version": version}
        return self._ask("GET", f"/api/standards/{part(id)}", as_member=False, params=params).text

    def standard(self, id: str, version: str | None = None) -> Standard:
        """A standard: the version named, else the last."""
        return odcs.read(self.standard_text(id, version))

    def versions(self, id: str) -> list[Json]:
        """Every version of a standard, oldest first, with the last day of its deposits where one was declared."""
        return list(self._get(f"/api/standards/{part(id)}/versions")["items"])

    def fits(self, standard: str) -> list[Json]:
        """The caller's own confirmed fits for a standard, newest first."""
        return list(self._get(f"/api/fits/{part(standard)}", as_member=True)["items"])

    def deposit(
        self,
        path: str | Path,
        fit: Fit,
        *,
        terms: Json | Sequence[str] = (),
        prepared: bool = False,
        reading: Reading | None = None,
        progress: Callable[[Json], None] | None = None,
    ) -> Json:
        """Sign a manifest for the file, send both, and wait for the outcome; the deposit as the dam tells it.

        It is `repeated` where the same file was deposited in the same way before: then this is that deposit.
        `terms` of one's own hold beside the standard's offer, for this deposit alone (docs/own-terms.md); as plain
        sentences they stand in the manifest and bind nobody here.
        `reading` says how the file is read, where its own bytes do not (`client.look`).
        `prepared` states that the file went through the standard on this machine first (`datadam prepare`).
        """
        more: dict[str, object] = {"prepared": True} if prepared else {}
        more |= {"own_terms": terms, "terms": []} if isinstance(terms, Mapping) else {"terms": list(terms)}
        manifest = self._manifest(Path(path), fit, reading, **more)
        job: Json = self._ask("POST", "/api/deposits", content=seal.envelope(manifest)).json()
        repeated = job["stage"] == "committed" and job["id"] != manifest.id
        return {**self._finish(job, Path(path), manifest, progress), "repeated": repeated}

    def amend(  # noqa: PLR0913  (what a deposit is, and which one it replaces and why)
        self,
        old: str,
        path: str | Path,
        fit: Fit,
        *,
        reason: str,
        terms: Json | None = None,
        reading: Reading | None = None,
        progress: Callable[[Json], None] | None = None,
    ) -> Json:
        """Replace one of the caller's deposits by a file, and wait for the outcome; the new deposit.

        The old one leaves in the moment in which the new one is there. If the new one is refused, nothing changes.
        The old one's own terms go with it: the new one is under `terms`, or under none.
        """
        more = {} if terms is None else {"own_terms": terms}
        manifest = self._manifest(Path(path), fit, reading, terms=[], **more)
        told = self._sign(Kind.WITHDRAWAL, self._withdrawal([old], reason, manifest.id))
        sent = {"manifest": json.loads(seal.envelope(manifest)), "withdrawal": json.loads(seal.envelope(told))}
        job: Json = self._ask("POST", "/api/amendments", json=sent).json()
        return self._finish(job, Path(path), manifest, progress)

    def _manifest(self, file: Path, fit: Fit, reading: Reading | None, **more: object) -> Statement:
        reading = reading or look(file).reading or Reading()
        digest, size = hashed(file)
        facts = {
            "contributor": self.member,
            "standard": fit.standard,
            "version": fit.version,
            "fit": fit_to_json(fit),
            "fit_digest": fit_digest(fit),
            "file": file_facts(file, digest, size, reading),
            **more,
        }
        return self._sign(Kind.MANIFEST, facts)

    def _finish(self, job: Json, file: Path, manifest: Statement, progress: Callable[[Json], None] | None) -> Json:
        """Send the file if the dam waits for it, then wait for the dam."""
        if job["stage"] == "announced":
            self._bring(job, file, int(manifest.body["file"]["size"]), progress or (lambda _: None))
        return self.wait(job["id"], progress=progress)

    def _bring(self, job: Json, file: Path, size: int, told: Callable[[Json], None]) -> None:
        """Send an announced file: a large one in pieces, from where an earlier try stopped."""

        def sent(done: int) -> None:
            told({**job, "progress": {"stage": "send", "done": done, "of": size}})

        if upload.resumable(size):
            upload.send(self._ask, str(job["id"]), file, size, sent)
        else:
            headers = {"Content-Length": str(size)}
            self._ask("PUT", f"/api/deposits/{part(job['id'])}/file", content=chunks(file, size, sent), headers=headers)

    def wait(self, id: str, *, progress: Callable[[Json], None] | None = None) -> Json:
        """Wait until a deposit is committed or refused, or was withdrawn."""
        while True:
            job: Json = self._get(f"/api/deposits/{part(id)}", as_member=True)
            if progress is not None:
                progress(job)
            if job["stage"] in {"committed", "refused", "withdrawn"}:
                return job
            time.sleep(POLL_SECONDS)

    def deposits(self) -> list[Json]:
        """The caller's deposits, newest first."""
        return list(self._get("/api/deposits", as_member=True)["items"])

    def report_page(self, id: str, into: Path) -> Path:
        """Fetch a deposit's report as a page of its own, in the language that this person reads."""
        into.write_bytes(self._ask("GET", f"/api/deposits/{part(id)}/report.html").content)
        return into

    def statistics(self, id: str) -> list[Json]:
        """What became of each column of a deposit, and how its admitted values are distributed."""
        return list(self._get(f"/api/deposits/{part(id)}/statistics", as_member=True)["columns"])

    def rejects(self, id: str, into: Path) -> Path:
        """Fetch a deposit's refused rows, in the layout that they were sent in, with their reasons."""
        into.write_bytes(self._ask("GET", f"/api/deposits/{part(id)}/rejects").content)
        return into

    # taking out

    def reservoirs(self) -> "Reservoirs":
        """What is pooled here, and what the caller may take."""
        return Reservoirs(self._get("/api/reservoirs", as_member=self._key is not None)["items"])

    def open(
        self, id: str, *, purpose: str | None = None, to: str | None = None, action: str | None = None
    ) -> "Reservoir":
        """The reservoir `id`; nothing is loaded before it is asked for.

        `purpose` is what the rows are for, `to` the ISO 3166-1 alpha-2 code of where they are taken; without them the
        agreement's own count. `action` is what is done with them, `train` say: read, unless it is said.
        `<id>@all` is the same over all dams that peer with this one: a `Federated`, which names what it could not read.
        """
        wish = {PURPOSE: purpose, DESTINATION: to, ACTION: action}
        headers = {name: value for name, value in wish.items() if value is not None}
        standard, mark, edition = id.partition("@")
        if mark and edition == ALL:
            return over_all(self, standard, headers)
        path = f"/api/reservoirs/{part(id)}"
        info = json_of(self._ask("GET", path, as_member=self._key is not None, headers=headers))
        if not isinstance(info, dict) or info.get("id") != id:  # it names files on this machine
            raise Unavailable("client.answer-odd", status=200)
        return Reservoir(dam=self, info=info, headers=headers)

    def catalogue(self) -> list[Json]:
        """The reservoirs that dams hold together, each with its parts and what may cross to the caller."""
        return list(self._get("/api/catalogue", as_member=self._key is not None)["items"])

    def catalogued(self, standard: str) -> Json:
        """One of them, with its columns."""
        found = self._get(f"/api/catalogue/{part(standard)}", as_member=self._key is not None)
        if not isinstance(found, dict) or found.get("standard") != standard:  # it names files on this machine
            raise Unavailable("client.answer-odd", status=200)
        return found

    def elsewhere(self, url: str, *, stranger: bool = False) -> "Dam":
        """Another dam, as the same member: its log key is not trusted yet."""
        check_url(url)
        return Dam(url.rstrip("/"), None if stranger else self._key, None if stranger else self.member)

    def members(self) -> list[Json]:
        """Everybody who ever joined, by id, with their jurisdiction."""
        return list(self._get("/api/members")["items"])

    def releases(self, standard: str | None = None) -> list[Json]:
        """The caller's releases, oldest first."""
        params = {"standard": standard} if standard else {}
        return list(self._get("/api/releases", as_member=True, **params)["items"])

    def share_profile(self, standard: str) -> Json:
        """A Delta Sharing profile (v1, bearer) for one reservoir, to be given to other tools; told once."""
        found: Json = self._ask("POST", "/api/profiles", json={"standard": standard}).json()
        return found

    def share_profiles(self) -> list[Json]:
        """The caller's share profiles, without their tokens."""
        return list(self._get("/api/profiles", as_member=True)["items"])

    def revoke_profile(self, profile: str) -> None:
        """End a share profile."""
        self._ask("DELETE", f"/api/profiles/{part(profile)}")

    def files(self, table: Mapping[str, str], headers: Mapping[str, str] | None = None) -> list[Json]:
        """The files of a share, with addresses that work for a while (Delta Sharing, parquet format).

        `headers` say what for, to where and what is done with the rows.
        """
        path = f"/sharing/shares/{table['share']}/schemas/{table['schema']}/tables/{table['table']}/query"
        answer = self._ask("POST", path, as_member=self._key is not None, json={}, headers=headers or {})
        lines = answer.text.splitlines()
        return [line["file"] for line in map(json.loads, lines) if "file" in line]

    def fetch(self, url: str, into: Path) -> Path:
        """Fetch one served file, in pieces; what came of one that breaks off is removed."""
        check_url(url)
        try:
            with self._http.stream("GET", url) as answer, into.open("wb") as file:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    answered(answer)
                for chunk in answer.iter_bytes(CHUNK):
                    file.write(chunk)
        except BaseException as error:  # however it ends, half a file is none
            into.unlink(missing_ok=True)
            if isinstance(error, httpx.HTTPError):
                raise Unavailable("client.unreachable", url=self.url, why=type(error).__name__) from error
            raise
        return into


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
