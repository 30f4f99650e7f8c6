"""Draws the pictures of the README: python docs/draw.py."""

from pathlib import Path

from plain import plain_reviews

import attribkit as ak
from attribkit.demo import REVIEW

HERE = Path(__file__).parent

ak.explain(ak.load("imdb-cnn"), REVIEW, views="attribution").save(HERE / "why.png")

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
ak.Panels([maps.scatter]).save(HERE / "maps.png")
