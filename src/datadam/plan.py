"""Compile a Standard and a Fit into a Plan: an engine-neutral tree of casts, rules, conversions and protections."""


class Plan:
    """Placeholder until compile lands."""
