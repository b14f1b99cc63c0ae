"""The ports made real; only wiring may import from here."""
