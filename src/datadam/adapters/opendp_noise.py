"""The Noise port on OpenDP's core: exact discrete Gaussians, and no release that its own proof finds dearer than told.

What is added to is never refused for its size, which would tell of it: values are first moved into ±2^62, which brings
no two further apart. Noise of the scales that are taken does not leave 64 bits from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, cast

from datadam.errors import Refused
from datadam.privacy.sensitivity import LARGEST_SCALE, MICRO, MOST, Mechanism, said

_WIDEST: Final = 2**32 - 1  # places that OpenDP counts in 32 bits
_END: Final = 2**63  # where 64 bits end; OpenDP stops noise there


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """What is used of OpenDP."""

    vector: tuple[Any, Any]  # of integers, by L2
    keyed: tuple[Any, Any]  # integers under texts, by L0, L2 and Linf
    gaussian: Callable[..., Any]
    thresholded: Callable[..., Any]


@cache
def _opendp() -> _Library:
    """The library, 13 MB, loaded by the first answer; not its prelude, which loads scikit-learn and pandas: 1.8 s."""
    from opendp.domains import atom_domain, map_domain, vector_domain  # noqa: PLC0415  (see above)
    from opendp.measurements import make_gaussian, make_gaussian_threshold  # noqa: PLC0415  (the same)
    from opendp.metrics import absolute_distance, l02inf_distance, l2_distance  # noqa: PLC0415  (the same)
    from opendp.mod import enable_features  # noqa: PLC0415  (the same)

    enable_features("contrib")
    return _Library(
        vector=(vector_domain(atom_domain(T="i64")), l2_distance(T="f64")),
        keyed=(map_domain(atom_domain(T=str), atom_domain(T="i64")), l02inf_distance(absolute_distance(T="f64"))),
        gaussian=make_gaussian,
        thresholded=make_gaussian_threshold,
    )


class OpenDpNoise:
    """Noise as OpenDP's core draws and proves it; safe to share between threads."""

    def gaussian(self, values: Sequence[int], mechanism: Mechanism) -> Sequence[int]:
        """Each value plus discrete Gaussian noise; `Refused` where OpenDP's own map says that it costs more."""
        _check_scale(mechanism)
        library = _opendp()
        measurement: Any = library.gaussian(*library.vector, scale=mechanism.scale)
        _check_rho(mechanism, measurement.map(mechanism.sensitivity.l2))
        if not values:
            return []
        return _unbroken(cast("list[int]", measurement([_moved(value) for value in values])))

    def thresholded(self, values: Mapping[str, int], mechanism: Mechanism) -> Mapping[str, int]:
        """The same under open keys, of which those that stay below the threshold are left out; sorted by key."""
        _check_scale(mechanism)
        if mechanism.threshold is None:
            raise Refused("private.no-threshold")
        far = mechanism.sensitivity
        library = _opendp()
        measurement: Any = library.thresholded(*library.keyed, mechanism.scale, mechanism.threshold)
        rho, delta = measurement.map((min(far.l0, _WIDEST), far.l2, float(far.linf)))
        _check_rho(mechanism, rho)
        if Fraction(delta) > mechanism.delta or far.l0 > _WIDEST:
            raise Refused("private.delta-exceeded")
        spelt = {key.encode().hex(): key for key in values}  # OpenDP ends a text at its first NUL: keys would be one
        drawn = cast("dict[str, int]", measurement({code: _moved(values[key]) for code, key in spelt.items()}))
        noisy = {spelt[code]: value for code, value in drawn.items()}
        return dict(zip(sorted(noisy), _unbroken([noisy[key] for key in sorted(noisy)]), strict=True))


def _moved(value: int) -> int:
    return max(-MOST, min(MOST, value))


def _check_scale(mechanism: Mechanism) -> None:
    if not 0 < mechanism.scale <= LARGEST_SCALE:
        raise Refused("private.noise-too-large", rho=said(mechanism.rho))


def _check_rho(mechanism: Mechanism, proved: float) -> None:
    if not Fraction(proved) <= Fraction(mechanism.rho, MICRO):
        raise Refused("private.rho-exceeded", rho=said(mechanism.rho))


def _unbroken(noisy: list[int]) -> list[int]:
    """The noisy values, none of which may stand at the end of 64 bits: there noise would have been cut off."""
    if any(value in (_END - 1, -_END) for value in noisy):
        raise Refused("private.noise-cut")
    return noisy
