"""Fitted scikit-learn pipelines: which characters of a text each n-gram is made of, and what it adds to the answer."""
