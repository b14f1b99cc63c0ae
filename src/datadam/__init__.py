"""data dam: firms and countries pool standardised data, take it out under agreed terms, and everybody can check."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datadam.client import Dam, Reservoir, connect, open  # noqa: A004  (datadam.open reads well)

__all__ = ["Dam", "Reservoir", "__version__", "connect", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the client when it is first asked for (PEP 562): importing the package costs next to nothing."""
    if name in {"Dam", "Reservoir", "connect", "open"}:
        from datadam import client

        return getattr(client, name)
    message = f"module 'datadam' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
