"""`python -m datadam.cli` is `datadam`."""

from datadam.cli import main

main()
