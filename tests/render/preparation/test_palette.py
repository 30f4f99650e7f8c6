import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.render.preparation import palette
from attribkit.render.preparation.palette import DARK, LIGHT, STEPS, Scheme, contrast, step, to_oklab

both_schemes = pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1.0, for linear-light sRGB
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colour: str, deficiency: str) -> np.ndarray:
    """OKLab of a colour as somebody with the deficiency sees it."""
    rgb = np.clip(np.array(DEFICIENCIES[deficiency]) @ palette.linear(colour), 0, 1)
    return np.array(to_oklab(palette.hexadecimal((float(rgb[0]), float(rgb[1]), float(rgb[2])))))


@both_schemes
def test_text_has_a_contrast_of_at_least_4_5_on_every_colour(scheme: Scheme) -> None:
    assert len(scheme.ramp) == 2 * STEPS + 1
    assert min(contrast(scheme.ink, colour) for colour in scheme.ramp) >= 4.5


@both_schemes
def test_secondary_text_and_verdicts_can_be_read_on_paper_and_page(scheme: Scheme) -> None:
    for colour in (scheme.ink, scheme.muted, scheme.good, scheme.bad):
        assert contrast(colour, scheme.paper) >= 4.5
        assert contrast(colour, scheme.page) >= 4.2


@both_schemes
def test_both_arms_are_equally_light_and_equally_colourful_at_every_step(scheme: Scheme) -> None:
    for k in range(1, STEPS + 1):
        plus, minus = np.array(to_oklab(scheme.colour(k))), np.array(to_oklab(scheme.colour(-k)))
        zero = np.array(to_oklab(scheme.paper))
        assert plus[0] == pytest.approx(minus[0], abs=0.004)
        assert np.hypot(*(plus - zero)[1:]) == pytest.approx(np.hypot(*(minus - zero)[1:]), abs=0.006)


@both_schemes
def test_every_step_is_further_from_the_paper_than_the_one_before(scheme: Scheme) -> None:
    zero = np.array(to_oklab(scheme.paper))
    for sign in (1, -1):
        far = [np.linalg.norm(np.array(to_oklab(scheme.colour(sign * k))) - zero) for k in range(STEPS + 1)]
        assert (np.diff(far) > 0.005).all()
    assert scheme.colour(0) == scheme.paper


@both_schemes
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_arms_stay_apart_for_colour_blind_readers(scheme: Scheme, deficiency: str) -> None:
    apart = [
        np.linalg.norm(seen(scheme.colour(k), deficiency) - seen(scheme.colour(-k), deficiency))
        for k in range(1, STEPS + 1)
    ]
    assert apart[-1] > 0.12
    # a difference of 0.02 in OKLab is plain to see side by side
    assert all(distance > 0.02 for distance in apart[4:])
    assert (np.diff(apart) > -0.004).all()


@both_schemes
def test_the_lines_of_a_chart_can_be_told_from_the_paper_and_each_other(scheme: Scheme) -> None:
    assert min(contrast(colour, scheme.paper) for colour in scheme.lines) >= 3
    labs = [np.array(to_oklab(colour)) for colour in scheme.lines]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(labs) for b in labs[:i]]
    assert min(distances) > 0.05


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_steps_are_symmetric_bounded_and_never_warn(score: float, limit: float) -> None:
    assert step(-score, limit) == -step(score, limit)
    assert -STEPS <= step(score, limit) <= STEPS


def test_a_step_is_linear_in_the_score() -> None:
    assert [step(s, 2.0) for s in (-2, -1, 0, 0.04, 0.06, 1, 2)] == [-20, -10, 0, 0, 1, 10, 20]
    assert step(0.0, 0.0) == 0


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_oklab_and_back_is_the_same_colour(rgb: tuple[int, int, int]) -> None:
    colour = "#{:02x}{:02x}{:02x}".format(*rgb)
    assert palette.from_oklab(to_oklab(colour)) == colour


def test_oklab_gives_the_published_values() -> None:
    assert to_oklab("#ffffff") == pytest.approx((1, 0, 0), abs=1e-4)
    assert to_oklab("#ff0000") == pytest.approx((0.62796, 0.22486, 0.12585), abs=1e-4)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_colour_that_no_screen_can_show_is_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match="lower its chroma"):
        palette.from_oklab((0.9, 0.3, 0.0))


@pytest.mark.parametrize("scheme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_weights_grow_away_from_the_paper_in_one_hue_and_carry_the_ink(scheme: palette.Scheme) -> None:
    lightness = [palette.to_oklab(scheme.weight(step))[0] for step in range(palette.STEPS + 1)]
    ordered = sorted(lightness, reverse=scheme is palette.LIGHT)
    assert scheme.weight(0) == scheme.paper and lightness == ordered
    assert min(palette.contrast(scheme.ink, scheme.weight(step)) for step in range(palette.STEPS + 1)) >= 4.5
