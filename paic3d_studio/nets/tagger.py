"""The tagger: what an illustration shows, as a map of features (specification, section 1.3).

A ResNet-50 (He et al., 2016, with the stride on the 3x3 convolution) up to its last stage, then a PCA per position.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.core.artefacts import AlignedPortrait, TagFeatures
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.manifest import is_there, manifest_entry
from paic3d_studio.nets.weights import LoadedWeights, load_into, load_weights

INPUT_SIZE = 256
"""Length in pixels to which the picture's shorter side is resized."""

MAP_SIZE: Final = 8
"""Height and width of the features of a square picture."""

TAGGER_WEIGHTS: Final = ("tagger", "tagger-components")
"""Names of the imported weights that the tagger is made of: the classifier, and its principal components."""

_MISSING: Final = {
    (False, False): "The paper's tagger was",
    (False, True): "The paper's tagger was",
    (True, False): "The tagger's principal components were",
}

_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
_EXPANSION = 4


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut: 1x1 narrows, 3x3 looks around, 1x1 widens by four."""

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        outputs = width * _EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, 4 * width, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet50(nn.Module):
    """The classifier that was trained to name tags; tensor names are the usual ones.

    Args:
        classes: number of tags; the published tagger has 1062.
    """

    def __init__(self, classes: int = 1062) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, (width, blocks, stride) in enumerate(_STAGES, start=1):
            layer: list[nn.Module] = []
            for block in range(blocks):
                layer.append(Bottleneck(inputs, width, stride=stride if block == 0 else 1))
                inputs = width * _EXPANSION
            setattr(self, f"layer{stage}", nn.Sequential(*layer))
        self.fc = nn.Linear(inputs, classes)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Return the stem's activations (half size) and the output of each of the four stages, finest first."""
        found = [F.relu(self.bn1(self.conv1(x)))]
        x = F.max_pool2d(found[0], 3, stride=2, padding=1)
        for stage in range(1, len(_STAGES) + 1):
            x = getattr(self, f"layer{stage}")(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return one logit per tag, (N, classes)."""
        logits: Tensor = self.fc(self.stages(x)[-1].mean(dim=(2, 3)))
        return logits


class TaggerTrunk(nn.Module):
    """The classifier alone, named as in the tagger's checkpoint: what one imported file holds."""

    def __init__(self, classes: int = 1062) -> None:
        super().__init__()
        self.resnet = ResNet50(classes)


class TaggerComponents(nn.Module):
    """Mean and principal components alone: what the other imported file holds."""

    def __init__(self, components: int = 512, features: int = 2048) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("components", torch.zeros(components, features))


class Tagger(nn.Module):
    """ResNet-50 and PCA: a picture to a map of features.

    Args:
        classes: number of tags of the classifier.
        components: principal components kept; the published system keeps 512.
    """

    mean: Tensor
    components: Tensor
    _pixel_mean: Tensor
    _pixel_deviation: Tensor

    def __init__(self, *, classes: int = 1062, components: int = 512) -> None:
        super().__init__()
        self.resnet = ResNet50(classes)
        features = self.resnet.fc.in_features
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("components", torch.zeros(components, features))
        # Mean and deviation of ImageNet's pixels, with which the classifier was trained.
        pixel_mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
        pixel_deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
        self.register_buffer("_pixel_mean", pixel_mean, persistent=False)
        self.register_buffer("_pixel_deviation", pixel_deviation, persistent=False)

    def prepared(self, picture: Tensor, *, antialias: bool = False) -> Tensor:
        """Resize the shorter side to 256 and normalise as ImageNet.

        Args:
            picture: sRGB 0..1 on black, (N, 3, H, W).
            antialias: low-pass before shrinking; the published system does not.
        """
        height, width = picture.shape[-2:]
        scale = INPUT_SIZE / min(height, width)
        size = (round(height * scale), round(width * scale))
        if size != (height, width):
            picture = F.interpolate(picture, size=size, mode="bilinear", align_corners=False, antialias=antialias)
        return (picture - self._pixel_mean) / self._pixel_deviation

    def forward(self, picture: Tensor, *, antialias: bool = False) -> Tensor:
        """Return the features (N, components, H / 32, W / 32); 8x8 for a square. Arguments as `prepared`."""
        features = self.resnet.stages(self.prepared(picture, antialias=antialias))[-1]
        centred = features - self.mean[:, None, None]
        return torch.einsum("kc,nchw->nkhw", self.components, centred)


def tag_features(tagger: Tagger, rgba: Tensor) -> Tensor:
    """Return the condition of one aligned original (not of its line-free copy), (1, components, 8, 8).

    Args:
        tagger: in evaluation mode.
        rgba: sRGB 0..1 with straight alpha, (1, 4, 512, 512).
    """
    with torch.inference_mode():
        found: Tensor = tagger(rgba[:, :3] * rgba[:, 3:])
    return found.clone()


def tags_of(aligned: AlignedPortrait, *, channels: int, monitor: Monitor = SILENT) -> TagFeatures:
    """Return the tagger's features of an aligned original, or zeros with a warning where the tagger was not imported.

    Args:
        aligned: the original with its lines.
        channels: how many components the backbone takes.
        monitor: progress and cancel.

    Raises:
        UserError: the tagger's weights are damaged.
        Cancelled: the work was cancelled.
    """
    there = (is_there(TAGGER_WEIGHTS[0]), is_there(TAGGER_WEIGHTS[1]))
    if there != (True, True):
        return TagFeatures(
            np.zeros((channels, MAP_SIZE, MAP_SIZE), np.float32),
            warning=f"{_MISSING[there]} not imported: zeros stand in for what it sees, and the head differs from the "
            "paper's.",
        )
    monitor.report(0.0, "reading the tagger")
    tagger = imported_tagger()
    monitor.report(0.7, "looking at the picture")
    rgba = torch.from_numpy(aligned.rgba.copy()).permute(2, 0, 1)[None].float() / 255  # (h, w, 4) -> (1, 4, h, w)
    return TagFeatures(tag_features(tagger, rgba)[0, :channels].numpy())


def imported_tagger() -> Tagger:
    """Return the imported tagger in evaluation mode.

    Raises:
        UserError: it was not imported, or its weights are damaged.
    """
    return _loaded_tagger(*(manifest_entry(name).sha256 for name in TAGGER_WEIGHTS))


@lru_cache(maxsize=1)
def _loaded_tagger(trunk: str, components: str) -> Tagger:
    """Return the imported tagger; the digests are the key, so that exchanged weights are read again."""
    del trunk, components
    first, second = (load_weights(name) for name in TAGGER_WEIGHTS)
    tagger = Tagger(**first.config, **second.config)
    load_into(tagger, LoadedWeights(first.entry, {**first.tensors, **second.tensors}))
    return tagger
