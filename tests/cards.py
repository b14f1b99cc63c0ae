"""Model cards for tests."""

from datadam.formats import strict_yaml

CARD = """\
name: iron-forecast
version: "1.0.0"
purpose: Forecast the iron ore that a country mines in a year.
description: A gradient boosting regressor over yearly sums.
contact: models@firm.example
limits:
  - Countries with less than five years of data.
criteria:
  - The sums of the three years before.
compute: below-1e23
synthetic: false
outside:
  - name: World Bank GDP
    origin: public
    reference: https://data.worldbank.org/indicator/NY.GDP.MKTP.CD
commitments:
  - part: weights
    digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""
"""Whole, and true of nothing."""


def card(**changes: object) -> str:
    """The card with some fields other; None leaves one out."""
    told = {**strict_yaml.read(CARD), **changes}
    return strict_yaml.write({name: value for name, value in told.items() if value is not None})
