"""Small reviews in words that the tests' classifiers know."""

REVIEWS = (
    "a good film with a great story",
    "the worst movie ever , dull and bad",
    "such a great show , a delight",
    "it was a horrible movie",
    "a good film , a bad film , never a dull film",
    "the best film ever , a good film",
)
