"""The network of ``tools/train_scores.py`` in torch; `musictrend.extraction.score_net` computes the same in numpy."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from musictrend.extraction.score_frames import N_PITCH_CHANNELS, N_PLAIN_CHANNELS
from musictrend.extraction.score_net import QUALITIES

KINDS = len(QUALITIES)


class Mixing(nn.Module):
    """Over the circle of pitch classes: a weight for each interval."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(12, inner, outer) / (12 * inner) ** 0.5)
        self.b = nn.Parameter(torch.zeros(outer))
        self.register_buffer("interval", (torch.arange(12)[None, :] - torch.arange(12)[:, None]) % 12, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., 12, inner) to (..., 12, outer)
        """What goes out."""
        _, inner, outer = self.w.shape
        matrix = self.w[self.interval].permute(0, 2, 1, 3).reshape(12 * inner, 12 * outer)
        return (x.flatten(-2) @ matrix).reshape(*x.shape[:-1], outer) + self.b


class Norm(nn.Module):
    """Each frame to mean 0 and variance 1 over pitch classes and channels together."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g, self.b = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What goes out."""
        variance, mean = torch.var_mean(x, (-1, -2), unbiased=False, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + 1e-5) * self.g + self.b


class Drop(nn.Module):
    """Leaves channels of a frame out in all pitch classes together."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What goes out."""
        if not self.training:
            return x
        kept = torch.rand(x.shape[0], x.shape[1], 1, x.shape[3]) > self.share
        return x * (kept.float() / (1 - self.share))


class Block(nn.Module):
    """Three frames some way apart, then mixing, added to what came in."""

    def __init__(self, width: int, apart: int, drop: float) -> None:
        super().__init__()
        self.n, self.t, self.m = Norm(width), nn.Linear(3 * width, width), Mixing(width, width)
        self.apart, self.drop = apart, Drop(drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, frames, 12, width)
        """What goes out."""
        d, n = self.apart, x.shape[1]
        h = functional.pad(self.n(x), (0, 0, 0, 0, d, d))
        h = torch.cat([h[:, :n], h[:, d : d + n], h[:, 2 * d :]], -1)
        return x + self.drop(self.m(functional.relu(self.t(h))))


class Listener(nn.Module):
    """The whole network."""

    def __init__(self, width: int, dilations: tuple[int, ...], drop: float) -> None:
        super().__init__()
        self.dilations = dilations
        self.inp, self.pl = Mixing(N_PITCH_CHANNELS, width), nn.Linear(N_PLAIN_CHANNELS, width)
        self.blocks = nn.ModuleList(Block(width, d, drop) for d in dilations)
        self.n, self.mix = Norm(width), Mixing(width, width)
        self.out, self.pool = nn.Linear(width, KINDS + 3), nn.Linear(width, 2)

    def forward(self, pitch: torch.Tensor, plain: torch.Tensor) -> dict[str, torch.Tensor]:
        """What goes out."""
        x = functional.relu(self.inp(pitch) + self.pl(plain)[:, :, None])
        for block in self.blocks:
            x = block(x)
        x = functional.relu(self.mix(self.n(x)))
        out, whole = self.out(x), self.pool(x.mean(-2))
        chord = torch.cat([out[..., :KINDS].flatten(-2), whole[..., :1]], -1)
        return {
            "chord": chord,
            "key": out[..., KINDS : KINDS + 2].flatten(-2),
            "bass": out[..., KINDS + 2],
            "change": whole[..., 1],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights for `musictrend.extraction.score_net.Net`."""
        return {name: value.numpy() for name, value in self.state_dict().items()} | {
            "dilations": np.array(self.dilations)
        }
