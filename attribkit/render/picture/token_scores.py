"""Token scores from top to bottom: the text with its colours, the legend, the verdict, the facts, the bars."""

from collections.abc import Iterator

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import SMALL, DrawContext, broken, clip, prose, rule
from attribkit.render.picture.legend import cues, legend
from attribkit.render.picture.paragraph import paragraph
from attribkit.render.preparation import passages as carrying
from attribkit.render.preparation.captions import Tone, caveats, chosen_by, equation, tokens_read, verdict_of
from attribkit.render.preparation.intervals import intervals, meaning
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import separate, strongest
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.spans import text_between, words
from attribkit.render.preparation.unicode import quoted, shorten, visible
from attribkit.results.panels import TokenScores

BARS, PHRASES = 10, 5

PHRASES_HEAD = "The strongest phrases that share no word, with their share of all phrases’ scores"


def token_scores(panel: TokenScores, context: DrawContext) -> list[Block]:
    """One panel in full: of a long text its passages, then text, legend, verdict, facts, bars, remarks."""
    text, scale = context.panel.text, context.panel.scales[id(panel)]
    body, omissions = paragraph(text, panel, scale, context)
    blocks = [*_passages(text, panel, context), body, gap(10)]
    blocks += [legend(quoted(panel.target), panel.unit, scale, cues(text, panel), context), gap(10)]
    if meaning(panel):
        blocks += [prose(meaning(panel), context), gap(6)]
    blocks += [rule(), gap(9), verdict(panel, context), gap(2), prose(equation(panel), context)]
    blocks += [prose(f"{settings(panel)} · tokens read: {tokens_read(panel)}", context)]
    blocks += [prose(f"– {caveat}", context) for caveat in [*omissions, *caveats(panel, scale)]]
    blocks += [gap(11), strongest_bars(text, panel, scale, context)]
    return [*blocks, gap(9), _phrases(text, panel, scale, context)] if panel.strongest_phrases(1) else blocks


def _passages(text: str | None, panel: TokenScores, context: DrawContext) -> list[Block]:
    """The passages that carry the score of a long text, the strongest first."""
    parts = carrying.strongest(carrying.passages(text, panel))
    if not parts:
        return []
    scale, inks = context.panel.scales[id(panel)], context.inks
    lines = [prose(carrying.HEAD, context), gap(3)]
    for passage in parts:
        sentence = f"{number(passage.total, scale.limit)} {carrying.words_of(passage, text, panel)}"
        lines += [prose(sentence, context, 9.0, colour=inks.towards if passage.total > 0 else inks.against), gap(2)]
    return [*lines, gap(10)]


def texts(panel: TokenScores, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.target, panel.unit, panel.method, panel.baseline, *panel.notes))
    if panel.band is not None:
        yield from (visible(name) for name in panel.band.baselines)
    if text is None or (panel.starts == panel.ends).any():
        yield from (visible(token) for token in panel.tokens)


def verdict(panel: TokenScores, context: DrawContext, size: float = 9.5, width: float | None = None) -> Block:
    """The sign and the sentence on completeness."""
    shown = verdict_of(panel)
    failed = shown.tone is Tone.bad
    colour = {Tone.good: context.inks.good, Tone.bad: context.inks.bad, Tone.none: context.inks.muted}[shown.tone]
    ink = context.inks.bad if failed else context.inks.ink
    width = (context.inner if width is None else width) - 1.8 * size
    lines = broken(visible(shown.words, one_line=True), context, size, width, bold=failed)

    def draw(canvas: Canvas, top: float) -> None:
        side = 1.25 * size
        canvas.box(MARGIN, top + 0.1 * size, side, side, colour, 2 if failed else side / 2)
        middle = MARGIN + side / 2
        canvas.text(middle, top + 1.08 * size, shown.icon, 0.85 * size, canvas.inks.paper, bold=True, align="center")
        for index, line in enumerate(lines):
            canvas.text(MARGIN + 1.8 * size, top + size * (1.1 + 1.5 * index), line, size, ink, bold=failed)

    return Block(size * (0.2 + 1.5 * len(lines)), draw)


def settings(panel: TokenScores, target: bool = True) -> str:
    """The facts in one sentence."""
    steps = f", {number_of(panel.steps, 'step')}" if panel.steps else ""
    about = f"target {quoted(panel.target)} · " if target else ""
    return f"{about}unit {panel.unit} · baseline {visible(panel.baseline, True)} · {panel.method}{steps}"


def strongest_bars(text: str | None, panel: TokenScores, scale: Scale, context: DrawContext) -> Block:
    """A bar with its number for each token of a short text, or for the strongest of a longer one."""
    bands = intervals(panel, scale)
    half, between = (84, 128) if not context.narrow else (60, 104)
    written = words(text, panel)
    towards, against = strongest(panel, BARS // 2)
    all_shown = len(panel.tokens) <= BARS
    chosen = list(range(len(panel.tokens))) if all_shown else [*towards, *reversed(against)]
    title = "Every token, in reading order" if all_shown else "The strongest tokens for and against"

    def draw(canvas: Canvas, top: float) -> None:
        canvas.text(MARGIN, top + 8, title, SMALL, canvas.inks.muted)
        shown = [clip(shorten(written[index], 40), context, 9, 120 if not context.narrow else 64) for index in chosen]
        axis = MARGIN + max(context.fonts.width(word, 9) for word in shown) + half + 16
        canvas.line(axis, top + 13, axis, top + 15 + 14 * len(chosen), canvas.inks.faint, 0.8)
        for row, (index, word) in enumerate(zip(chosen, shown, strict=True)):
            score = float(panel.scores[index])
            y = top + 15 + 14 * row
            canvas.text(MARGIN, y + 10, word, 9, canvas.inks.ink)
            length = half * abs(score) / scale.limit if scale.limit else 0.0
            colour = canvas.inks.towards if score > 0 else canvas.inks.against
            canvas.box(axis if score > 0 else axis - length, y + 3.4, length, 7.4, colour, 1.2, label=f"score {index}")
            if bands and scale.limit:
                band = bands[index]
                ends = [axis + half * band.share(side) for side in (band.low, band.high)]
                canvas.line(ends[0], y + 7.1, ends[1], y + 7.1, canvas.inks.ink, 0.9)
                for end in (x for x, side in zip(ends, (band.low, band.high), strict=True) if not band.cut(side)):
                    canvas.line(end, y + 5.1, end, y + 9.1, canvas.inks.ink, 0.9)
            canvas.text(axis + between, y + 10, number(score, scale.limit), 9, canvas.inks.ink, align="right")

    return Block(19 + 14.0 * len(chosen), draw) if chosen else gap(0)


def _phrases(text: str | None, panel: TokenScores, scale: Scale, context: DrawContext) -> Block:
    """The windows that moved the prediction most, their shares of the score and which filters chose them."""
    phrases = separate(panel, PHRASES)
    written = [shorten(text_between(text, panel, phrase.first, phrase.last), 80) for phrase in phrases]
    shown = [clip(phrase, context, 9, min(260, context.inner - 160)) for phrase in written]
    right = MARGIN + max(context.fonts.width(phrase, 9) for phrase in shown) + 56

    def draw(canvas: Canvas, top: float) -> None:
        canvas.text(MARGIN, top + 8, clip(PHRASES_HEAD, context, SMALL, context.inner), SMALL, canvas.inks.muted)
        for row, (label, phrase) in enumerate(zip(shown, phrases, strict=True)):
            y = top + 25 + 14 * row
            canvas.text(MARGIN, y, label, 9, canvas.inks.ink, label=f"phrase {row}")
            canvas.text(right, y, number(phrase.score, scale.limit), 9, canvas.inks.ink, align="right")
            canvas.text(right + 12, y, chosen_by(phrase), SMALL, canvas.inks.muted)

    return Block(19 + 14.0 * len(phrases), draw)
