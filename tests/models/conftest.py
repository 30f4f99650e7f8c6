"""The laws every network obeys, as checks the tests of each architecture share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attribkit.text.batching import pad


class Laws:
    """Checks on a network and a few texts given as token ids."""

    def batch(self, texts: Sequence[Sequence[int]], extra: int = 0) -> tuple[Tensor, Tensor]:
        ids, mask = (torch.from_numpy(a) for a in pad([np.array(text, dtype=np.int64) for text in texts], 0))
        return torch.nn.functional.pad(ids, (0, extra)), torch.nn.functional.pad(mask, (0, extra))

    def assert_padding_never_matters(self, network: Any, texts: Sequence[Sequence[int]], extra: int) -> None:
        """Alone or batched with longer ones, whatever stands behind the mask: the same logits and attention."""
        for double in (False, True):
            network = network.double() if double else network.float()
            tolerance = 1e-12 if double else 1e-5
            ids, mask = self.batch(texts, extra)
            junk = torch.where(mask, ids, torch.full_like(ids, 3))
            with torch.no_grad():
                for given in (ids, junk):
                    together = network(given, mask)
                    for row, text in enumerate(texts):
                        alone = network(*self.batch([text]))[0]
                        assert torch.allclose(together[row], alone, rtol=tolerance, atol=tolerance)

    def assert_attention_is_a_share_of_the_real_tokens(
        self, network: Any, texts: Sequence[Sequence[int]], extra: int
    ) -> None:
        """Rows sum to 1, padding gets exactly 0, batching changes nothing, and the logits are those of forward."""
        network = network.double()
        ids, mask = self.batch(texts, extra)
        with torch.no_grad():
            logits, weights = network.attend(ids, mask)
            assert torch.equal(logits, network(ids, mask))
            assert weights.shape == ids.shape and (weights >= 0).all()
            assert torch.allclose(weights.sum(1), torch.ones(len(texts), dtype=weights.dtype), rtol=0, atol=1e-12)
            assert not weights[~mask].any()
            for row, text in enumerate(texts):
                alone = network.attend(*self.batch([text]))[1][0]
                assert torch.allclose(weights[row, : len(text)], alone, rtol=1e-12, atol=1e-12)

    def assert_padding_takes_no_gradient(self, network: Any, texts: Sequence[Sequence[int]], extra: int) -> None:
        """The gradient with respect to the embedded tokens is exactly 0 where the mask is False."""
        ids, mask = self.batch(texts, extra)
        gradients = self.embedded_gradients(network, ids, mask)
        assert all(gradient.isfinite().all() for gradient in gradients)
        if len(gradients) == 1:  # an adapter may have cut the batch into groups without any padding
            assert not gradients[0][~mask[:, : gradients[0].shape[1]]].any()

    def embedded_gradients(self, network: Any, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """The gradient of the first logits' sum with respect to what the embedding gave, each time it was asked."""
        seen: list[Tensor] = []

        def keep(module: Any, inputs: Any, output: Tensor) -> None:
            output.retain_grad()
            seen.append(output)

        hook = network.embedding.register_forward_hook(keep)
        try:
            network(ids, mask)[:, 0].sum().backward()
        finally:
            hook.remove()
        return [embedded.grad for embedded in seen if embedded.grad is not None]

    def assert_a_row_without_tokens_gives_numbers(self, network: Any, texts: Sequence[Sequence[int]]) -> None:
        """A row whose mask is all False neither becomes NaN nor touches its neighbours."""
        ids, mask = self.batch(texts, 1)
        empty = torch.zeros_like(mask[:1])
        with torch.no_grad():
            logits = network(torch.cat((ids, ids[:1])), torch.cat((mask, empty)))
            assert logits.isfinite().all()
            assert torch.allclose(logits[:-1], network(ids, mask), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="session")
def laws() -> Laws:
    return Laws()
