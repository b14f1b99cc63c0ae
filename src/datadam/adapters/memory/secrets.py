"""The dam's keys and secrets in memory: new ones in every process."""

import secrets
import threading

from datadam import seal
from datadam.adapters.key_files import KEYS, SECRET_BYTES, SECRETS, known, made_on_first_use
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
        if known(name) not in self._keys:
            raise Unavailable("secret.missing", name=name, folder="memory")
        return dict(self._keys[name])

    def secret(self, name: str) -> bytes:
        """Give the 32 bytes called `name`; unit and share secrets are made on first use."""
        with self._lock:
            if known(name) not in self._secrets:
                if not made_on_first_use(name):
                    raise Unavailable("secret.missing", name=name, folder="memory")
                self._secrets[name] = secrets.token_bytes(SECRET_BYTES)
            return self._secrets[name]
