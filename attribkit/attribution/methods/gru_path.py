"""An attention-GRU along straight paths from baselines to texts: outputs and gradients, with a backward pass by hand.

What the GRU reads is linear along a path, x′ + α(x − x′), and so is what its input weights make of it: they are applied
to x′ and x − x′ once, for all points. ∂S/∂α at a token is then the gradient by that projection times the projected way,
so that the embedding's gradient is never made. Both directions take a step in one product, texts of near lengths share
it, and what is read again soon fits a processor's second cache.

Every state h is kept as k = (h + 1)/2, since tanh(x) = 2 σ(2x) − 1 and torch's σ takes a fifth of the time of its tanh.
With the factors put into the weights a step of `attribkit.models.gru` is then

    r = σ(x_r + W_r k)      u = σ(x_u + W_u k)      s = σ(x_s + r (W_s k + b_s))      k' = s + u (k − s)

and with g = ∂S/∂k', t = g (1 − u), the gradients before each σ are

    s: t s (1 − s)      W_s k + b_s: that times r      r: that times (W_s k + b_s) (1 − r)      u: t (k − s) u

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014; the backward pass is the
chain rule's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attribkit.attribution.outputs import Target

_SHUT = 1e4
"""What enters u at padding: σ of it is 1, so that the state stays 0 until the text that is read backwards begins."""
_CACHED = 2**19
"""How many numbers are worked on at once."""


def has_path(network: Any) -> bool:
    """Whether a network is an attention-GRU of one layer, on a processor, and nothing else happens inside it.

    Its class itself declares it by `attention_gru = True`, for a subclass may do something else.
    """
    own, changed = vars(type(network)), {"forward", "attend"} & vars(network).keys()
    if not own.get("attention_gru", False) or changed:
        return False
    modules = tuple(network.modules())
    kinds = {type(network), nn.Embedding, nn.GRU, nn.Linear, nn.Dropout, nn.Sequential, nn.ReLU}
    # by module, for torch's own list of all parameters takes a tenth of a short text's gradients
    types = {weight.dtype for module in modules for weight in module._parameters.values() if weight is not None}
    return (
        isinstance(network.rnn, nn.GRU)
        and network.rnn.num_layers == 1
        and {type(module) for module in modules} <= kinds
        and not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
        and len(types) == 1
        and types <= {torch.float32, torch.float64}
        and network.embedding.weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
    )


class GRUPath:
    """The paths of B texts.

    Args:
        network: one that `has_path` takes.
        start: (B, T, E), the baselines.
        way: (B, T, E), the texts minus the baselines, 0 at padding.
        mask: (B, T) bool, True for real tokens, which come first.

    Attributes:
        width: how many numbers are kept for each token of a point.
    """

    def __init__(self, network: Any, start: Tensor, way: Tensor, mask: Tensor) -> None:
        self.network, self.mask = network, mask
        layer = network.rnn
        self.directions, self.hidden = 2 if layer.bidirectional else 1, layer.hidden_size
        weights = [[weight.detach() for weight in direction] for direction in layer.all_weights]
        entering, recurrent, entering_bias, bias = (torch.stack(part) for part in zip(*weights, strict=True))
        hidden = self.hidden
        with torch.no_grad():
            twice = entering.new_ones(3 * hidden)
            twice[2 * hidden :] = 2  # s is σ of twice what n is tanh of
            recurrent = recurrent * twice.unsqueeze(1)
            bias = bias * twice - recurrent.sum(2)
            entering, entering_bias = (entering * twice.unsqueeze(1)).transpose(1, 2), entering_bias * twice
            entering_bias[:, : 2 * hidden] += bias[:, : 2 * hidden]
            shape = self.directions, mask.shape[1], len(mask), 3 * hidden
            rows = self._in_order(start.transpose(0, 1)).flatten(1, 2)
            self.first = torch.baddbmm(entering_bias.unsqueeze(1), rows, entering).view(shape)
            padding = self._in_order(~mask.T.unsqueeze(2))
            self.first[..., hidden : 2 * hidden].masked_fill_(padding, _SHUT)
            self.way = torch.bmm(self._in_order(way.transpose(0, 1)).flatten(1, 2), entering).view(shape)
            self.bias = bias[:, 2 * hidden :]
            self.down = 2 * recurrent.roll(hidden, 1)  # (D, 3H, H): s, r, u
            self.up = self.down.transpose(1, 2).contiguous()
            self.scorer = 2 * network.attention.weight[0]
            if network.projection is not None:
                self.key = 4 * network.projection.weight
                self.key_bias = 2 * (network.projection.bias - network.projection.weight.sum(1))
                self.key_back = self.scorer.unsqueeze(1) * self.key
        self._type = torch.empty(0, dtype=recurrent.dtype).numpy().dtype
        self.width = 8 * self.directions * hidden
        self._buffers: dict[str, Tensor] = {}

    @torch.no_grad()
    def evaluate(
        self, texts: Tensor, nodes: Tensor, targets: Sequence[Target], gradients: bool
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Some texts at some points of their paths, text by text: R = texts · nodes rows.

        Args:
            texts: which of the B texts; they may repeat.
            nodes: α of the points, the same for all of them (N,) or each text's own (texts, N).
            targets: J scalars of R rows.
            gradients: whether ∂S/∂α is computed too.

        Returns:
            logits (R, C); each target's S (R,); and its ∂S/∂α by token (R, T), T the longest of these texts' lengths.
        """
        mask = self.mask[texts]
        steps = int(mask.sum(1).max())
        mask = mask[:, :steps].T.repeat_interleave(nodes.shape[-1], 1)  # (T, R)
        first, way = (self._of(texts, steps, part) for part in (self.first, self.way))
        gates, new, states = self._read(first, way, nodes)
        outputs, keys, weights = self._attend(states, mask)
        context = torch.bmm(weights.T.contiguous().unsqueeze(1), outputs.transpose(0, 1)).squeeze(1)
        with torch.enable_grad():
            context.requires_grad_(gradients)
            logits = self.network.output(self.network.linear(2 * context - 1))
            scalars = [target.of(logits) for target in targets]
        rates = []
        for number, scalar in enumerate(scalars if gradients else ()):
            with torch.enable_grad():
                (entering,) = torch.autograd.grad(scalar.sum(), context, retain_graph=number < len(scalars) - 1)
            by_state = self._attend_back(outputs, keys, weights, entering)
            rates.append(self._read_back(gates, new, states, by_state, way))
        return logits.detach(), [scalar.detach() for scalar in scalars], rates

    def _in_order(self, rows: Tensor) -> Tensor:
        """(D, T, …) in the order of reading, of rows (T, …): the second direction begins at the end."""
        return torch.stack((rows, rows.flip(0))[: self.directions])

    @staticmethod
    def _of(texts: Tensor, steps: int, rows: Tensor) -> Tensor:
        """(T, D, B, X) of some texts of at most so many steps, of rows (D, T, B, X) in the order of reading."""
        directions, longest, _, width = rows.shape
        direction, step, text, _ = rows.stride()
        # the second direction leaves out what all these texts have as padding, and reads first
        strides = (step, direction + (longest - steps) * step, text, 1)
        rows = rows.as_strided((steps, directions, rows.shape[2], width), strides)
        begin, count = int(texts[0]), len(texts)
        if torch.equal(texts, torch.arange(begin, begin + count)):  # neighbours, without a copy
            return rows[:, :, begin : begin + count]
        return rows.index_select(2, texts)

    def _buffer(self, name: str, *shape: int) -> Tensor:
        """An uninitialised tensor in memory that the next batch uses again: fresh memory costs as much as the sums.

        NumPy asks Linux for large pages, which are ready in a fifth of the time that torch's memory takes.
        """
        size = torch.Size(shape).numel()
        if name not in self._buffers or len(self._buffers[name]) < size:
            # the next rule may have a point more for each text; what is never touched costs nothing
            self._buffers[name] = torch.from_numpy(np.empty(size + size // 6, self._type))
        return self._buffers[name][:size].view(shape)

    def _blocks(self, steps: int, width: int) -> list[slice]:
        """The steps in blocks of so many numbers a step that a block stays in the processor's cache."""
        size = max(1, _CACHED // width)
        return [slice(begin, min(begin + size, steps)) for begin in range(0, steps, size)]

    def _read(self, first: Tensor, way: Tensor, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the GRU does at each step: [W_s k + b_s, r, u] (T, D, R, 3H), s (T, D, R, H), k (T + 1, D, R, H)."""
        steps, directions, texts, _ = first.shape
        hidden, shape = self.hidden, (steps, directions, texts, nodes.shape[-1])
        gates, new = self._buffer("gates", *shape, 3 * hidden), self._buffer("new", *shape, hidden)
        states = self._buffer("states", steps + 1, directions, texts * nodes.shape[-1], hidden)
        alpha, inner_bias = nodes.unsqueeze(-1), self.bias[:, None, None]
        state = states[0].fill_(0.5)
        for block in self._blocks(steps, states[0].numel() * 5):
            begun, going = first[block].unsqueeze(3), way[block].unsqueeze(3)
            gates[block][..., :hidden] = inner_bias
            torch.addcmul(begun[..., : 2 * hidden], alpha, going[..., : 2 * hidden], out=gates[block][..., hidden:])
            torch.addcmul(begun[..., 2 * hidden :], alpha, going[..., 2 * hidden :], out=new[block])
            step = gates[block].flatten(2, 3)
            inner, reset, update = (part.unbind(0) for part in step.split(hidden, -1))
            states_after = states[block.start + 1 : block.stop + 1].unbind(0)
            for all_three, opened, w, r, u, s, after in zip(
                step.unbind(0), step[..., hidden:].unbind(0), inner, reset, update,
                new[block].flatten(2, 3).unbind(0), states_after, strict=True,
            ):  # fmt: skip
                all_three.baddbmm_(state, self.up)
                opened.sigmoid_()
                s.addcmul_(w, r).sigmoid_()
                state = torch.lerp(s, state, u, out=after)
        return gates.flatten(2, 3), new.flatten(2, 3), states

    def _attend(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Outputs (T, R, D·H) in the text's order, keys (T, R, D·H) if they are projected, and attention (T, R)."""
        steps, rows = mask.shape
        width = self.directions * self.hidden
        outputs = self._buffer("outputs", steps, rows, width)
        keys = None if self.network.projection is None else self._buffer("keys", steps, rows, width)
        scores = self.first.new_empty(steps, rows)
        for block in self._blocks(steps, 2 * rows * width):
            own = outputs[block]
            own[..., : self.hidden] = states[1:][block, 0]
            if self.directions == 2:
                own[..., self.hidden :] = states[steps - block.stop + 1 : steps - block.start + 1, 1].flip(0)
            key = own.flatten(0, 1)
            if keys is not None:
                key = torch.addmm(self.key_bias, key, self.key.T, out=keys[block].flatten(0, 1)).sigmoid_()
            torch.mv(key, self.scorer, out=scores[block].flatten())
        scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
        return outputs, keys, scores.softmax(0).masked_fill_(~mask, 0.0)

    def _attend_back(self, outputs: Tensor, keys: Tensor | None, weights: Tensor, entering: Tensor) -> Tensor:
        """∂S/∂k (T, D, R, H), in the order of reading, of the gradients (R, D·H) that enter the context."""
        steps, rows, width = outputs.shape
        by_weight = torch.bmm(entering.unsqueeze(1), outputs.permute(1, 2, 0)).squeeze(1).T
        by_score = weights * (by_weight - (weights * by_weight).sum(0))
        by_state = self._buffer("by_state", steps, self.directions, rows, self.hidden)
        for block in self._blocks(steps, 3 * rows * width):
            own, score = torch.mul(weights[block].unsqueeze(2), entering), by_score[block].unsqueeze(2)
            if keys is None:
                own.addcmul_(score, self.scorer)
            else:
                slope = torch.addcmul(keys[block], keys[block], keys[block], value=-1).mul_(score)
                own.view(-1, width).addmm_(slope.view(-1, width), self.key_back)
            by_state[block, 0] = own[..., : self.hidden]
            if self.directions == 2:
                by_state[steps - block.stop : steps - block.start, 1] = own[..., self.hidden :].flip(0)
        return by_state

    def _read_back(self, gates: Tensor, new: Tensor, states: Tensor, by_state: Tensor, way: Tensor) -> Tensor:
        """∂S/∂α by token (R, T) of ∂S/∂k (T, D, R, H), the part that does not pass through later states; it is used."""
        steps, directions, rows, hidden = new.shape
        rates = new.new_empty(steps, directions, rows)
        leaving = by_state.unbind(0)
        for block in reversed(self._blocks(steps, 8 * by_state[0].numel())):
            (inner, reset, update), s, before = gates[block].split(hidden, -1), new[block], states[block]
            slopes = self._buffer("slopes", *s.shape[:3], 4 * hidden)
            by_inner, by_reset, by_update, by_new = slopes.split(hidden, -1)
            torch.addcmul(s, s, s, value=-1, out=by_new)
            by_new.addcmul_(by_new, update, value=-1)
            torch.mul(by_new, reset, out=by_inner)
            torch.mul(by_inner, inner, out=by_reset)
            by_reset.addcmul_(by_reset, reset, value=-1)
            torch.sub(before, s, out=by_update).mul_(update)
            by_update.addcmul_(by_update, update, value=-1)
            parts, recurrent = slopes.view(*s.shape[:3], 4, hidden).unbind(0), slopes[..., : 3 * hidden].unbind(0)
            for place, u in reversed(tuple(enumerate(update.unbind(0)))):
                step = block.start + place
                gradient = leaving[step]
                parts[place].mul_(gradient.unsqueeze(2))
                if step:
                    leaving[step - 1].addcmul_(gradient, u).baddbmm_(recurrent[place], self.down)
            moved = way[block].reshape(-1, 1, 3 * hidden)
            entering = slopes[..., hidden:].view(len(moved), -1, 3 * hidden)
            rates[block] = torch.bmm(moved, entering.transpose(1, 2)).view(-1, directions, rows)
        total = rates[:, 0] if directions == 1 else rates[:, 0] + rates[:, 1].flip(0)
        return total.T
