"""Draws the pictures of the README: python docs/draw.py."""

from pathlib import Path

import attribkit as ak
from attribkit.demo import REVIEW

HERE = Path(__file__).parent

ak.explain(ak.load("imdb-cnn"), REVIEW).save(HERE / "why.png")
