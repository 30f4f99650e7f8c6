"""Sequence classifiers of the `transformers` library, explained as this package's own are."""
