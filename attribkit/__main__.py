"""python -m attribkit."""

from attribkit.cli import main

main()
