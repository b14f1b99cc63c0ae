"""All attacks: to import this enters them into the book, in this order."""

from typing import Final

from attacks import moving, reading, spending, telling

CHAPTERS: Final = (reading, moving, spending, telling)
