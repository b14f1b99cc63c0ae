"""What contributor, dam and consumer are in law, and on which ground: a closed vocabulary for each legal space, cited.

Which of these words fits, stewards declare and answer for: no machine can tell a controller from a processor. What is
checked is that it was said, in that law's own terms. No legal advice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Space(StrEnum):
    """A legal space whose terms can be declared."""

    KR = "KR"
    EU = "EU"
    US = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """Where a word comes from, and how that was checked: `read`, `secondary` or `memory`, as law files say it."""

    law: str
    certainty: str


NONE: Final = "none"
"""That the law of the space gives no role, or needs no ground: the class holds nothing that it is about."""
PARTIES: Final = ("contributor", "dam", "consumer")


def _cited(certainty: str, **words: str) -> dict[str, Cited]:
    return {word.replace("_", "-"): Cited(law=law, certainty=certainty) for word, law in words.items()}


ROLES: Final[Mapping[Space, Mapping[str, Cited]]] = {
    Space.KR: {
        **_cited(
            "secondary",  # in translations that others host
            personal_information_controller="PIPA art. 2(5)",
            consignee="PIPA art. 26",
            third_party_recipient="PIPA art. 17",
        ),
        **_cited(
            "read",
            pseudonymised_data_recipient="PIPA art. 28-2(2)",
            combining_institution="PIPA art. 28-3(1)",
        ),
        **_cited("memory", none="–"),
    },
    Space.EU: {
        **_cited("secondary", controller="GDPR art. 4(7)"),
        **_cited(
            "memory",
            joint_controller="GDPR art. 26",
            processor="GDPR art. 4(8), 28",
            recipient="GDPR art. 4(9)",
            third_party="GDPR art. 4(10)",
            data_holder="DGA art. 2(8)",
            data_user="DGA art. 2(9)",
            data_intermediary="DGA art. 10 to 12",
            none="–",
        ),
    },
    Space.US: _cited(
        "memory",
        business="Cal. Civ. Code § 1798.140(d)",
        service_provider="Cal. Civ. Code § 1798.140(ag)",
        contractor="Cal. Civ. Code § 1798.140(j)",
        third_party="Cal. Civ. Code § 1798.140(ai)",
        covered_entity="45 CFR § 160.103",
        business_associate="45 CFR § 160.103",
        none="–",
    ),
}
"""The roles of each space: word → where it is from."""

BASES: Final[Mapping[Space, Mapping[str, Cited]]] = {
    Space.KR: {
        **_cited("memory", consent="PIPA art. 15(1)1, 17(1)1"),
        **_cited(
            "secondary",
            statute="PIPA art. 15(1)2",
            public_task="PIPA art. 15(1)3",
            contract="PIPA art. 15(1)4",
            legitimate_interests="PIPA art. 15(1)6",
        ),
        **_cited("read", pseudonymised_purposes="PIPA art. 28-2(1)", combination="PIPA art. 28-3"),
        **_cited("memory", none="–"),
    },
    Space.EU: _cited(
        "memory",
        consent="GDPR art. 6(1)(a)",
        contract="GDPR art. 6(1)(b)",
        legal_obligation="GDPR art. 6(1)(c)",
        public_task="GDPR art. 6(1)(e)",
        legitimate_interests="GDPR art. 6(1)(f)",
        research="GDPR art. 5(1)(b), 89(1)",
        none="–",
    ),
    Space.US: _cited(
        "memory",
        notice_and_opt_out="Cal. Civ. Code § 1798.100, 1798.120",
        deidentified="Cal. Civ. Code § 1798.140(m)",
        authorization="45 CFR § 164.508",
        hipaa_deidentified="45 CFR § 164.514(b)",
        limited_data_set="45 CFR § 164.514(e)",
        none="–",
    ),
}
"""The grounds of each space: word → where it is from."""

GENERAL: Final = (Space.KR, Space.EU)
"""Spaces with a law about all personal data, so that nobody who handles any is without a role or a ground there."""
