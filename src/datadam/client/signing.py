"""Signing with a key that lies in a token, a card or another program: a command is asked for each signature."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datadam import seal
from datadam.errors import Invalid, Unavailable

SECONDS: Final = 120  # a person may have to type a PIN, or touch a token
_MOST_WORDS: Final = 64


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """A `ports.Signer`: the command gets the message on its standard input and writes the raw signature.

    No shell is between. What it writes to standard error, a question for a PIN say, the person sees.
    """

    command: tuple[str, ...]
    seconds: float = SECONDS

    def sign(self, message: bytes) -> bytes:
        """Ask the command; `Unavailable` where it cannot be run, fails or takes too long."""
        name = self.command[0]
        try:
            done = subprocess.run(  # noqa: S603  (the person's own command, without a shell)
                self.command, input=message, stdout=subprocess.PIPE, timeout=self.seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise Unavailable("signer.slow", command=name, seconds=self.seconds) from None
        except (OSError, ValueError) as error:
            raise Unavailable("signer.failed", command=name, why=type(error).__name__) from error
        if done.returncode:
            raise Unavailable("signer.failed", command=name, why=str(done.returncode))
        return done.stdout


def signing_key(held: object) -> seal.HeldKey:
    """The key that a signer file tells of: its public JWK, and under `sign` the command with its arguments."""
    command = held.get("sign") if isinstance(held, dict) else None
    if not isinstance(held, dict) or not isinstance(command, list) or not 0 < len(command) <= _MOST_WORDS:
        raise Invalid("key.malformed", field="sign")
    if not all(isinstance(word, str) and word and "\0" not in word for word in command):
        raise Invalid("key.malformed", field="sign")
    return seal.HeldKey(held, CommandSigner(tuple(command)))


def described(public: seal.Jwk, command: Sequence[str]) -> dict[str, object]:
    """The signer file of a key, after the command has shown by one signature that it has the private part."""
    held: dict[str, object] = {**seal.public(public), "kid": seal.thumbprint(public), "sign": list(command)}
    seal.sign_bytes(signing_key(held), b"datadam signer")
    return held
