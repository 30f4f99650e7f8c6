"""Each baseline is what its name says, and exactly nothing at padding."""

import pytest
import torch

from attribkit.attribution import baselines

WEIGHT = torch.arange(15.0).reshape(5, 3) + 1  # PAD's row is not zero here, so that forgetting it shows
MASK = torch.tensor([[True, True, True], [True, False, False]])


def embedded(name: str, text: torch.Tensor | None = None) -> torch.Tensor:
    return baselines.embedded(name, WEIGHT, MASK, pad_id=0, unk_id=1, text=text)


@pytest.mark.parametrize("name", [*baselines.NAMES, "text"])
def test_padding_is_exactly_zero(name: str) -> None:
    assert (embedded(name, torch.tensor([4, 3]))[~MASK] == 0).all()


def test_pad_zero_and_unk_are_their_rows() -> None:
    assert torch.equal(embedded("pad")[MASK], WEIGHT[0].expand(4, 3))
    assert torch.equal(embedded("unk")[MASK], WEIGHT[1].expand(4, 3))
    assert not embedded("zero").any()


def test_the_mean_leaves_out_the_padding_row() -> None:
    assert torch.allclose(embedded("mean")[MASK], WEIGHT[1:].mean(0).expand(4, 3))


def test_a_text_is_cut_or_filled_with_pad() -> None:
    rows = embedded("text", torch.tensor([4, 3]))
    assert torch.equal(rows[0], WEIGHT[torch.tensor([4, 3, 0])])
    assert torch.equal(rows[1, 0], WEIGHT[4])
    assert baselines.ids("text", MASK, 0, 1, torch.tensor([4, 3])).tolist() == [[4, 3, 0], [4, 0, 0]]  # type: ignore[union-attr]  # a text has ids


def test_points_that_are_no_tokens_have_no_ids() -> None:
    assert baselines.ids("zero", MASK, 0, 1) is None
    assert baselines.ids("mean", MASK, 0, 1) is None


def test_an_unknown_name_and_a_missing_text_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of pad, zero, unk, mean or a text, got 'padd'"):
        embedded("padd")
    with pytest.raises(ValueError, match="needs its token ids"):
        embedded("text")
