"""The trust list as a folder of PEM files: the roots that vouch for organisations, read when somebody applies."""

from pathlib import Path

from datadam import seal
from datadam.errors import Invalid, Unavailable


class TrustFiles:
    """A `ports.TrustList` over a folder."""

    def __init__(self, folder: Path) -> None:
        """The roots are those of every `*.pem` in `folder`; each file may hold several."""
        self._folder = folder

    def roots(self) -> list[bytes]:
        """Every root as DER. A folder or file that cannot be read is `Unavailable`: none is left out in silence."""
        found: dict[bytes, None] = {}
        try:
            for path in sorted(self._folder.iterdir()):
                if path.suffix == ".pem":
                    found |= dict.fromkeys(seal.read_roots(path.read_bytes()))
        except OSError as error:
            raise Unavailable("certificate.trust-unreadable", path=str(self._folder), why=error.strerror) from error
        except Invalid as error:
            why = str(error.facts.get("why"))
            raise Unavailable("certificate.trust-unreadable", path=str(path), why=why) from error
        return list(found)
