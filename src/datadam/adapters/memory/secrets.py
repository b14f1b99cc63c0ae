"""The dam's keys and secrets in memory: new ones in every process."""

import secrets
import threading

from datadam import seal
from datadam.adapters.key_files import FORMER, KEYS, LATER, NEXT, SECRET_BYTES, SECRETS, known, made_on_first_use
from datadam.errors import Unavailable


class MemorySecrets:
    """A `ports.Secrets` that forgets everything with the process."""

    def __init__(self) -> None:
        """Make what every dam has."""
        self._lock = threading.Lock()
        self._keys = {name: seal.new_key() for name in KEYS}
        self._secrets = {name: secrets.token_bytes(SECRET_BYTES) for name in SECRETS}

    def private_key(self, name: str) -> dict[str, str]:
        """Give the private JWK called `name`."""
        if name in LATER:
            with self._lock:
                self._keys.setdefault(name, seal.new_key())
        if known(name) not in self._keys:
            raise Unavailable("secret.missing", name=name, folder="memory")
        return dict(self._keys[name])

    def next_key(self, name: str) -> dict[str, str]:
        """Give the key that comes after the one called `name`; the first call makes it."""
        with self._lock:
            return dict(self._keys.setdefault(f"{known(name)}{NEXT}", seal.new_key()))

    def advance(self, name: str, kid: str) -> None:
        """See that the key called `name` has that thumbprint; the one before is kept as its former one."""
        coming = self._keys.get(f"{name}{NEXT}")
        if self.private_key(name)["kid"] == kid:
            return
        if coming is None or coming["kid"] != kid:
            raise Unavailable("secret.not-the-logs", name=name)
        self._keys |= {f"{name}{FORMER}": self._keys[name], name: self._keys.pop(f"{name}{NEXT}")}

    def former_key(self, name: str) -> dict[str, str] | None:
        """Give the key that came before the one called `name`, while it is kept."""
        return self._keys.get(f"{known(name)}{FORMER}")

    def drop_former(self, name: str) -> None:
        """Destroy the key that came before."""
        self._keys.pop(f"{known(name)}{FORMER}", None)

    def secret(self, name: str) -> bytes:
        """Give the 32 bytes called `name`; unit and share secrets are made on first use."""
        with self._lock:
            if known(name) not in self._secrets:
                if not made_on_first_use(name):
                    raise Unavailable("secret.missing", name=name, folder="memory")
                self._secrets[name] = secrets.token_bytes(SECRET_BYTES)
            return self._secrets[name]

    def destroy(self, name: str) -> None:
        """Destroy the secret called `name`, which was made on its first use."""
        if not made_on_first_use(known(name)):
            raise Unavailable("secret.name-malformed", name=name[:60])
        with self._lock:
            self._secrets.pop(name, None)
