"""Where the sentences of a text begin and end: by rules that can be read, without a model.

A text is cut

1. after every `<br />`, blank line, and line break that no lower-case letter follows (one that does is a wrapped line);
2. after `!`, `?` and the signs that only ever end a sentence (。！？ of Chinese and Japanese, ؟ and ۔ of Arabic and
   Urdu, । of Hindi …);
3. after a full stop, if a space follows, unless it belongs to an abbreviation that is never last (*Mr.*, *e.g.*), to
   one that may be last (*U.S.*, *etc.*, *p.m.*) while a lower-case letter follows, to an initial (*J. Smith*), or to
   the number of a list (*1.*, *b.*);
4. after an ellipsis (`...`, `. . .`, `…`), if a space and no lower-case letter follow.

Closing quotes and brackets belong to the sentence before them and keep it open if a lower-case letter follows:
`"Really?" she said`, `(truly!) good`. A missing space, `good.The`, is forgiven between a lower-case word and a
capitalised one. So an English review written all in lower case is cut as well as any other.
"""

import re

_ALWAYS = "。！？｡‼⁇⁈⁉؟۔।॥։።፧፨។៕"
_CLOSING = "\"'”’»›)\\]}」』》〉）】〕＂＇"

# every part is bounded or begins with a visible sign, so that no text takes more than linear time
_CANDIDATE = re.compile(
    r"(?P<line>(?:<[bB][rR][^\S\n]{0,8}/?>\s*)+|[\n\r\u2028\u2029]\s*)"
    rf"|(?P<sign>\.(?:[^\S\n]?\.)+|…+|[.!?{_ALWAYS}][.!?…{_ALWAYS}]*)[{_CLOSING}]*"
)
_LINE_END = re.compile(r"\r\n|[\n\r\u2028\u2029]")
_SPACE = re.compile(r"\s*")
_OPENING = re.compile(r"[\"'“‘«‹(\[{¿¡\s]*")
_LAST_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*$")
_LIST_NUMBER = re.compile(r"\W*(?:\d{1,3}|[^\W\d_])$")

_NEVER_LAST = frozenset("mr mrs ms mx dr prof capt lt cmdr sgt cpl messrs mme mlle e.g i.e eg ie cf vs v viz".split())
_TITLES = frozenset("rep sen gen col maj rev hon pres gov fr ft mt st".split())
"""Never last if they are capitalised; some are words of their own."""
_NUMBERED = frozenset("no nos p pp art sec vol vols ch fig figs".split())
"""Not last if a number follows."""
_MAY_BE_LAST = frozenset(
    """etc al esp inc ltd co corp bros jr sr esq ph.d approx dept min mins hr hrs
    jan feb apr jun jul aug sep sept oct nov dec mon tue tues thu thur thurs fri""".split()
)
_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
"""U.S, p.m, T.V: they may be last as well."""
_BEFORE_A_LETTER = frozenset("a an the plan grade vitamin".split())
"""What stands before a letter that is a word of its own, not an initial: plan B."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences' character spans, in order, without the white space around them.

    Every character that is no white space lies in exactly one of them; a `<br />` belongs to the sentence before it. A
    text without any visible character has none.
    """
    spans: list[tuple[int, int]] = []
    start = _after_space(text, 0)
    for match in _CANDIDATE.finditer(text, start):
        stop = _end_of(text, match)
        if match.start() == start and match["line"] is not None:
            if not spans:
                continue
            start = spans.pop()[0]
        elif stop <= start or not _ends(text, start, match):
            continue
        spans.append((start, stop))
        start = _after_space(text, match.end())
    end = len(text.rstrip())
    return [*spans, (start, end)] if end > start else spans


def _after_space(text: str, start: int) -> int:
    """Where the white space that begins at a place, if any, ends."""
    match = _SPACE.match(text, start)
    return start if match is None else match.end()


def _end_of(text: str, match: re.Match[str]) -> int:
    """Where the sentence would end: with the sign or the `<br />`, or before the white space that breaks the line."""
    visible = len(match.group().rstrip())
    stop = match.start() + visible
    while not visible and stop > 0 and text[stop - 1].isspace():
        stop -= 1
    return stop


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a sentence that began at `start` ends with what was found."""
    after, sign = match.end(), match["sign"]
    opening = _OPENING.match(text, after)
    following = text[opening.end() : opening.end() + 1] if opening else ""  # the next word's first letter
    if sign is None:
        gap = match["line"]
        wrapped = gap[0] != "<" and len(_LINE_END.findall(gap)) == 1
        return not (wrapped and following.islower())
    if any(mark in _ALWAYS for mark in sign):
        return True
    if after < len(text) and not text[after].isspace():
        return text.startswith("<br", after) or _lacks_space(text, match)
    closed = after > match.end("sign")
    if closed and following.islower():
        return False
    if sign[0] == "…" or (len(sign) > 1 and not set(sign) & set("!?")):
        return not following.islower()
    return sign != "." or closed or not _abbreviated(text, start, match.start(), following)


def _lacks_space(text: str, match: re.Match[str]) -> bool:
    """Whether only the space is missing, as in good.The film."""
    before, after = text[max(0, match.start() - 2) : match.start()], text[match.end() : match.end() + 2]
    if not (len(before) == 2 and before.isalpha() and before.islower() and after[0].isupper()):
        return False
    chunk = text[max(0, match.start() - 80) : match.end()].split()[-1].lower()
    return not (after[1:].isupper() or "www." in chunk or "://" in chunk or "@" in chunk)


def _abbreviated(text: str, start: int, stop: int, following: str) -> bool:
    """Whether the full stop at `stop` belongs to a word rather than to its sentence."""
    if stop - start <= 4 and _LIST_NUMBER.match(text, start, stop):
        return True
    last = _LAST_WORD.search(text, max(start, stop - 24), stop)
    if last is None:
        return False
    word, low = last.group(), last.group().lower()
    if low in _NEVER_LAST or (low in _TITLES and word[0].isupper()):
        return True
    if low in _NUMBERED and following.isdigit():
        return True
    if low in _MAY_BE_LAST or _LETTERS.fullmatch(word):
        return following.islower() or following in {",", ";", ":", "-", "–"}
    if len(word) > 1 or not word.isalpha() or word.islower() or word == "I":
        return False
    before = text[max(start, last.start() - 12) : last.start()]
    return not before.endswith(("'", "’")) and not _BEFORE_A_LETTER & set(before.lower().split()[-1:])
