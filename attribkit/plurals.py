"""Counts in English sentences: one row was, two rows were."""


def by_number(count: int, singular: str, plural: str) -> str:
    """The words that stand with the count: the singular with 1, the plural with every other, 0 too."""
    return singular if count == 1 else plural


def number_of(count: int, singular: str, plural: str | None = None) -> str:
    """The count with its noun, as in "1 row" and "1,200 rows"; the plural is the singular with an s if not given."""
    return f"{count:,} {by_number(count, singular, f'{singular}s' if plural is None else plural)}"
