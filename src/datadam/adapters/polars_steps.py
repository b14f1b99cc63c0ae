"""A column of a version as Polars draws it from the stored columns of the version before, exact throughout."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from datadam.adapters.parquet_schema import delta_type, polars_type
from datadam.adapters.polars_rules import coarsened
from datadam.migration import Drawn, constant_value
from datadam.model import Column, Type
from datadam.plan import Cast, Coarse
from datadam.planning import coarse


def drawn(one: Drawn) -> pl.Expr:
    """The column's expression, under its new name; a row without a value stays without."""
    kind = polars_type(delta_type(one.column))
    if one.source is None:
        return _constant(one, kind).alias(one.column.name)
    value = pl.col(one.source.name)
    if one.still:
        return value
    if one.source.type in {Type.INTEGER, Type.DECIMAL} and one.column.type in {Type.INTEGER, Type.DECIMAL}:
        value = _quantity(value, one)
    elif one.column.type is Type.TEXT and one.source.type is not Type.TEXT:
        value = value.cast(pl.String)
    elif one.column.type is Type.NUMBER:
        value = value.cast(pl.Float64)
    if one.codes:
        value = value.replace(list(one.codes), list(one.codes.values()))
    if one.coarse is not None:
        column = replace(one.column, coarsening=one.coarse)
        cast = Cast(type=column.type, precision=column.precision, scale=column.scale)
        value = coarsened(value, cast, coarse(column, {}) or Coarse())
    if one.mask:
        value = _masked(value, one.column.mask_keep)
    return value.alias(one.column.name)


def _constant(one: Drawn, kind: pl.DataType) -> pl.Expr:
    if one.constant is None:
        return pl.lit(None, dtype=kind)
    return pl.lit(_literal(one.column, one.constant), dtype=kind)


def _literal(column: Column, text: str) -> object:
    match constant_value(column, text):
        case str() as words if column.type is Type.DATE:
            return date.fromisoformat(words)
        case str() as words if column.type is Type.TIMESTAMP:
            return datetime.fromisoformat(words)
        case Decimal() as number if column.type is Type.INTEGER:
            return int(number)
        case Decimal() as number if column.type is Type.NUMBER:
            return float(number)
        case value:
            return value


def _quantity(value: pl.Expr, one: Drawn) -> pl.Expr:
    """The unscaled integer times the multiplier; `migration` has made sure that every digit has room."""
    source = value.to_physical() if one.source is not None and one.source.type is Type.DECIMAL else value
    wide = source.cast(pl.Int128) * pl.lit(str(one.multiplier)).cast(pl.Int128)
    if one.column.type is Type.INTEGER:
        return wide.cast(pl.Int64)
    return wide.reinterpret(dtype=pl.Decimal(one.column.precision, one.column.scale))


def _masked(value: pl.Expr, keep: int) -> pl.Expr:
    if not keep:
        return value.str.replace_all(r"(?s).", "*")
    return pl.concat_str(value.str.head(-keep).str.replace_all(r"(?s).", "*"), value.str.tail(keep))
