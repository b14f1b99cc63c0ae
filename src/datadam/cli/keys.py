"""Keys: the dam's own are rotated, operators vouch, and a member that lost its key gets the next one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from datadam.cli.manners import (
    HERE,
    Force,
    Json,
    KeyFile,
    Of,
    Url,
    free,
    open_terminal,
    operated,
    print_json,
    profile_of,
    reach,
    read_text,
    whole_id,
)
from datadam.model import instant

app = typer.Typer()
keys_app = typer.Typer(name="keys", no_args_is_help=True, help="Operator: the dam's own keys, and its log's.")
operator_app = typer.Typer(name="operator", no_args_is_help=True, help="Persons who vouch for a member without a key.")
recover_app = typer.Typer(name="recover", no_args_is_help=True, help="The next key of a member that lost its own.")
app.add_typer(keys_app)
app.add_typer(operator_app)
app.add_typer(recover_app)

Use = Annotated[str, typer.Argument(help="dam: for statements; log: for the log's checkpoints.")]
Why = Annotated[str, typer.Option(help="Everybody can read it.")]
RecoveryId = Annotated[str, typer.Argument(help="Its id, or the first digits of it.")]
RecoveryFile = Annotated[Path, typer.Argument(help="The recovery, as datadam recover apply wrote it.")]


@app.command()
def signer(
    file: Annotated[Path, typer.Argument(help="Where to write the signer file; use it as a key file.")],
    command: Annotated[list[str], typer.Argument(help="After --: the command; message in, raw signature out.")],
    public: Annotated[Path, typer.Option(help="The Ed25519 public key, PEM.")],
    force: Force = False,
) -> None:
    """Sign with a token, a card or another program: a file to be given wherever a key file is."""
    from datadam import client, seal

    free(file, force=force)
    key = seal.public_from_pem(read_text(public).encode())
    client.write_private(file, client.described(key, command))
    open_terminal().say("ui.key-made", path=str(file), member=seal.member_id(key))


@app.command()
def certify(
    dam: Annotated[str, typer.Argument(help="Name of the dam's log, as datadam connect shows it.")],
    chain: Annotated[Path, typer.Option(help="Your organisation's certificates, PEM, its own first.")],
    key: Annotated[Path, typer.Option("--key", help="The member's key that it is to prove.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="After --: what signs with the certificate's key; raw signature out.")
    ] = None,
    private: Annotated[
        Path | None, typer.Option(help="Or the certificate's private key, PEM, without password.")
    ] = None,
    algorithm: Annotated[str, typer.Option(help="ES256, PS256 or RS256, as the certificate's key is.")] = "ES256",
    member: Annotated[str | None, typer.Option(help="The member, if this is not its first key.")] = None,
    into: Annotated[Path, typer.Option(help="Where to write it.")] = Path("certificate.jws"),
    force: Force = False,
) -> None:
    """Sign with your organisation's certificate that a key is yours; for datadam join and datadam recover apply."""
    from datadam import client, seal
    from datadam.errors import Invalid
    from datadam.formats import organisation_proof

    free(into, force=force)
    if bool(command) is bool(private):
        raise Invalid("certificate.one-signer")
    held, issued = client.read_key(key), instant(datetime.now(UTC))
    payload = organisation_proof.written(dam, member or seal.member_id(held), seal.thumbprint(held), issued=issued)
    sign = (
        client.CommandSigner(tuple(command)).sign
        if command
        else seal.pem_signer(private.read_bytes() if private else b"", algorithm)
    )
    into.write_text(seal.certify(payload, read_text(chain).encode(), algorithm, sign), encoding="ascii")
    open_terminal().say("ui.certified", path=str(into), member=member or seal.member_id(held))


@keys_app.command("list")
def keys_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every key that the dam ever signed with, and where in the log it counts."""
    items = operated(dam, "keys")["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["use"], one["kid"], one["since"], one["until"], one["vkey"]) for one in items]
    open_terminal().table(("ui.use", "ui.key", "ui.since", "ui.until", "ui.log"), rows)


@keys_app.command("rotate")
def keys_rotate(use: Use, reason: Why, dam: Of = HERE) -> None:
    """Log the next key, signed by the one before. Both sign from then on; clients and witnesses follow."""
    done = operated(dam, "rotate-key", use=use, reason=reason)
    open_terminal().say("ui.key-rotated", use=use, index=done["index"], vkey=done["vkey"])


@keys_app.command("retire")
def keys_retire(
    use: Use,
    reason: Why,
    dam: Of = HERE,
    now: Annotated[bool, typer.Option("--now", help="Although the overlap is not over: the key was stolen.")] = False,
) -> None:
    """Log that the key before counts no more, and destroy it."""
    done = operated(dam, "retire-key", use=use, reason=reason, now="yes" if now else None)
    open_terminal().say("ui.key-retired", use=use, index=done["index"])


@operator_app.command("apply")
def operator_apply(
    key: Annotated[Path, typer.Option("--key", help="The operator's own key file.")],
    into: Annotated[Path, typer.Option(help="Where to write what the dam's operator adds.")] = Path("operator.json"),
    force: Force = False,
) -> None:
    """Sign that a key is to be an operator's; who runs the dam adds it."""
    from datadam import client, recovery, seal

    free(into, force=force)
    signed = recovery.introduced(client.read_key(key), issued=instant(datetime.now(UTC)))
    into.write_bytes(seal.envelope(signed))
    open_terminal().say("ui.operator-applied", operator=signed.body["operator"], path=str(into))


@operator_app.command("add")
def operator_add(
    file: Annotated[Path, typer.Argument(help="What datadam operator apply wrote.")], dam: Of = HERE
) -> None:
    """Log the key of a person who may vouch for members from now on."""
    open_terminal().say("ui.logged", index=operated(dam, "add-operator", text=read_text(file))["index"])


@operator_app.command("remove")
def operator_remove(operator: str, reason: Why, dam: Of = HERE) -> None:
    """Log that an operator vouches no more."""
    done = operated(dam, "remove-operator", operator=operator, reason=reason)
    open_terminal().say("ui.logged", index=done["index"])


@operator_app.command("list")
def operator_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every operator, and where in the log its key counts."""
    items = operated(dam, "operators")["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["operator"], one["since"], one["until"]) for one in items]
    open_terminal().table(("ui.operator", "ui.since", "ui.until"), rows)


@recover_app.command("apply")
def recover_apply(
    member: Annotated[str, typer.Argument(help="The member whose key is lost.")],
    key: Annotated[Path, typer.Option("--key", help="The new key file.")],
    operator: Annotated[list[str], typer.Option(help="The two operators who will vouch; twice.")],
    name: Annotated[str, typer.Option(help="Legal name of the firm or body.")],
    number: Annotated[list[str] | None, typer.Option(help="register:number, like lei:… or kr-brn:….")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask; erasable.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="What datadam certify wrote for the new key; erasable.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days in which the old key may object.", min=1, max=365)] = 30,
    into: Annotated[Path, typer.Option(help="Where to write it.")] = Path("recovery.json"),
    force: Force = False,
) -> None:
    """Draft a recovery, signed with the new key; two operators sign it next."""
    from datadam import client, recovery

    free(into, force=force)
    profile = profile_of(name, number or (), contact, certificate)
    now = datetime.now(UTC)
    times = {"until": instant(now + timedelta(days=days)), "issued": instant(now)}
    drafted = recovery.draft(member, client.read_key(key), operator, profile, **times)
    _write(into, drafted)
    open_terminal().say("ui.recovery-drafted", path=str(into), until=times["until"])


@recover_app.command("vouch")
def recover_vouch(
    file: RecoveryFile, key: Annotated[Path, typer.Option("--key", help="The operator's own key file.")]
) -> None:
    """As one of its two operators, sign a recovery after asking the organisation itself; written into the file."""
    from datadam import client, recovery

    _write(file, recovery.vouched(read_text(file), client.read_key(key)))
    open_terminal().say("ui.recovery-vouched", path=str(file))


@recover_app.command("begin")
def recover_begin(file: RecoveryFile, dam: Of = HERE) -> None:
    """Log a recovery that the new key and both operators signed; the old key may object until its time is over."""
    done = operated(dam, "begin-recovery", text=read_text(file))
    open_terminal().say("ui.recovery-begun", recovery=done["recovery"], until=done["until"], index=done["index"])


@recover_app.command("finish")
def recover_finish(recovery: RecoveryId, dam: Of = HERE) -> None:
    """Log that nobody objected: from here on only the new key counts, and all logins and share profiles end."""
    open_terminal().say("ui.logged", index=operated(dam, "finish-recovery", id=_whole(dam, recovery))["index"])


@recover_app.command("forget")
def recover_forget(recovery: RecoveryId, reason: Why, dam: Of = HERE) -> None:
    """Erase what proved who the member is; the log keeps its digest."""
    done = operated(dam, "forget-recovery", id=_whole(dam, recovery), reason=reason)
    open_terminal().say("ui.logged", index=done["index"])


@recover_app.command("list")
def recover_list(url: Url = None, as_json: Json = False) -> None:
    """Every recovery, and how it ended; a member sees here whether somebody wants its key replaced."""
    items = reach(url, None).recoveries()
    if as_json:
        print_json(items)
        return
    rows = [(one["id"][:16], one["member"], one["until"], _outcome(one)) for one in items]
    open_terminal().table(("ui.recovery", "ui.member", "ui.until", "ui.state"), rows)


def _outcome(one: Any) -> str:  # noqa: ANN401  (JSON)
    return open_terminal().word(f"ui.recovery-{one['outcome'] or 'open'}")


@recover_app.command("object")
def recover_object(recovery: RecoveryId, url: Url = None, key: KeyFile = None) -> None:
    """Stop a recovery of your own key: you have it still."""
    dam = reach(url, key)
    id = whole_id(recovery, (one["id"] for one in dam.recoveries()), "recovery.unknown", "recovery")
    open_terminal().say("ui.logged", index=dam.object(id)["index"])


def _whole(dam: Path, start: str) -> str:
    return whole_id(start, (one["id"] for one in operated(dam, "recoveries")["items"]), "recovery.unknown", "recovery")


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
