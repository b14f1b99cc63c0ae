"""All attacks: to import this enters them into the book, in this order."""

from typing import Final

from attacks import guessing, moving, reading, spending, telling

CHAPTERS: Final = (guessing, reading, moving, spending, telling)
