"""The ports in memory: real adapters for tests, and the reference that the others are held against."""
