"""What language texts are in, by their script and their commonest words."""

import re
from collections import Counter
from collections.abc import Sequence

_STOP_WORDS = {
    "English": "the and of to is was it that this with for you not have",
    "German": "der die und das ist nicht ein ich mit sie auch auf es",
    "French": "le la les et est une des je pas que pour dans vous",
    "Spanish": "el los las y es que una por con para no del muy",
    "Italian": "il che di non una per sono con è gli della ho",
    "Portuguese": "o que não uma para com os do da em é muito",
    "Dutch": "de het een en van ik dat niet is voor met zijn",
    "Polish": "się nie że jest na to jak dla czy ale już",
    "Turkish": "bir ve bu için çok ama gibi ne değil daha",
    "Russian": "и не на что это как по для но от из мне",
}
_SCRIPTS = {
    "Chinese": r"[\u4e00-\u9fff]",
    "Japanese": r"[\u3040-\u30ff]",
    "Korean": r"[\uac00-\ud7af]",
    "Thai": r"[\u0e00-\u0e7f]",
    "Arabic": r"[\u0600-\u06ff]",
    "Hebrew": r"[\u0590-\u05ff]",
    "Greek": r"[\u0370-\u03ff]",
    "Hindi": r"[\u0900-\u097f]",
}
WITHOUT_SPACES = ("Chinese", "Japanese", "Thai")
"""Languages written without spaces between words, which are read character by character."""

_TEXTS, _CHARACTERS = 500, 500
"""Texts that are looked at, and how much of each."""


def language_of(texts: Sequence[str]) -> str | None:
    """The language of the texts, by script and commonest words; None where it cannot be told.

    Args:
        texts: the first hundreds of them are looked at.

    Example:
        >>> from attribkit.text.language import language_of
        >>> language_of(["der Film war nicht das, was ich mir erhofft habe"])
        'German'
    """
    sample = " ".join(str(text)[:_CHARACTERS] for text in texts[:_TEXTS]).lower()
    letters = sum(map(str.isalpha, sample)) or 1
    for name, script in _SCRIPTS.items():
        if len(re.findall(script, sample)) > 0.3 * letters:
            return name
    words = Counter(re.findall(r"[^\W\d_]+", sample))
    shares = {name: sum(words[word] for word in set(stop.split())) for name, stop in _STOP_WORDS.items()}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > 0.04 * words.total() else None
