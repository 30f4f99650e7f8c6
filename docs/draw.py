"""Draws the pictures of the README: python docs/draw.py."""

import io
from pathlib import Path

from PIL import Image
from plain import plain_reviews

import attribkit as ak
from attribkit.demo import REVIEW

HERE = Path(__file__).parent


def keep(png: bytes, name: str) -> None:
    """With 256 colours: a third of the size."""
    with Image.open(io.BytesIO(png)) as drawn:
        drawn.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(HERE / name, optimize=True)


why = ak.explain(ak.load("imdb-cnn"), REVIEW, views="attribution", true_label="neg")
for theme, name in (("light", "why.png"), ("dark", "why-dark.png")):
    keep(why.to_png(130, theme=theme), name)

reviews = ak.load_dataset(plain_reviews(), test=0.3)
learner = ak.train(
    "cnn",
    reviews,
    epochs=8,
    filters=16,
    embedding_size=32,
    learning_rate=3e-3,
    batch_size=16,
    snapshots=[0, 2, 4, 8],
)
maps = ak.project(learner, reviews, epochs="all")
keep(ak.Panels([maps.scatter]).to_png(), "maps.png")
