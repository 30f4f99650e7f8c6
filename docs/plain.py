"""The synthetic reviews without negation or contrast: landmarks whose place on a map needs no second thought."""

import pandas as pd

import attribkit as ak

_TWISTED = r"\b(?:no|not|never|hardly|although|though|but|despite|without|neither|with all)\b|n't|far from|ironic"


def plain_reviews() -> pd.DataFrame:
    """Texts and labels."""
    demo = ak.load_dataset("demo")
    reviews = pd.concat([demo.train, demo.validation, demo.test], ignore_index=True)
    return reviews.loc[~reviews["text"].str.contains(_TWISTED, case=False), ["text", "label"]]
