"""The image half of CLIP ViT-B/32 (Radford et al., 2021), with the tensor names of the published network."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SIDE: Final = 224
_PATCH: Final = 32
_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION: Final = (0.26862954, 0.26130258, 0.27577711)


class QuickGelu(nn.Module):
    """The activation CLIP was trained with."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x * sigmoid(1.702 x)."""
        return x * torch.sigmoid(1.702 * x)


class ResidualAttention(nn.Module):
    """Self-attention and a perceptron of four times the width, each on a normalised input and added to it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width), "gelu": QuickGelu(), "c_proj": nn.Linear(4 * width, width)}
        )
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, width) to the same shape."""
        normal = self.ln_1(x)
        x = x + self.attn(normal, normal, normal, need_weights=False)[0]
        inner = self.ln_2(x)
        for layer in self.mlp.values():
            inner = layer(inner)
        added: Tensor = x + inner
        return added


class ClipVision(nn.Module):
    """Pictures to embeddings.

    Args:
        width: of a token.
        layers: of the transformer.
        outputs: length of the embedding.
    """

    def __init__(self, *, width: int = 768, layers: int = 12, outputs: int = 512) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, _PATCH, stride=_PATCH, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((_SIDE // _PATCH) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        blocks = nn.ModuleList(ResidualAttention(width, width // 64) for _ in range(layers))
        self.transformer = nn.ModuleDict({"resblocks": blocks})
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, outputs))

    def forward(self, picture: Tensor) -> Tensor:
        """Embed square pictures, sRGB 0..1 (N, 3, S, S), as (N, outputs)."""
        resized = F.interpolate(picture, size=(_SIDE, _SIDE), mode="bicubic", align_corners=False, antialias=True)
        mean = resized.new_tensor(_MEAN)[:, None, None]
        patches = self.conv1((resized - mean) / resized.new_tensor(_DEVIATION)[:, None, None])  # (N, width, 7, 7)
        tokens = patches.flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(tokens), 1, -1)
        x = self.ln_pre(torch.cat([first, tokens], dim=1) + self.positional_embedding)
        for block in self.transformer["resblocks"]:  # type: ignore[attr-defined]
            x = block(x)
        embedded: Tensor = self.ln_post(x[:, 0]) @ self.proj
        return embedded
