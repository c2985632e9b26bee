"""One configuration for every reconstructor: which network it is, and its sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from torch import nn

from paic3d_studio.nets.backbones.compact import CompactBackbone, CompactConfig
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig

_SIZES: Final[Mapping[str, type[PublishedConfig | CompactConfig]]] = {
    "published": PublishedConfig,
    "compact": CompactConfig,
}


@dataclasses.dataclass(frozen=True)
class ReconstructorConfig:
    """A reconstruction network and its sizes; the same as a manifest's `network` and `config`.

    `backbone` is a name in BACKBONES; `sizes` are the arguments of that network.
    """

    backbone: str
    sizes: PublishedConfig | CompactConfig

    @classmethod
    def published(cls) -> ReconstructorConfig:
        """Return the best model of the paper: 29,211,200 numbers (specification, section 0)."""
        return cls("published", PublishedConfig.published())

    @classmethod
    def compact(cls) -> ReconstructorConfig:
        """Return the embedded default: 11,460,116 numbers, its adviser's 3,990,152 among them."""
        return cls("compact", CompactConfig(adviser=True))

    @classmethod
    def tiny(cls) -> ReconstructorConfig:
        """Return the published network at sizes that train on a processor in minutes."""
        sizes = PublishedConfig(
            z_dim=16,
            w_dim=32,
            channel_base=2048,
            channel_max=64,
            resolution=32,
            triplane_channels=16,
            tag_channels=16,
            superresolution_channels=32,
            output_size=64,
            render_size=16,
        )
        return cls("published", sizes)

    @classmethod
    def of(cls, backbone: str, table: Mapping[str, Any]) -> ReconstructorConfig:
        """Return the configuration that a manifest's `config` table describes; sizes it does not name are the defaults.

        Raises:
            KeyError: there is no such backbone.
            TypeError: the table names a size that the network does not have.
        """
        return cls(backbone, _SIZES[backbone](**{name: _frozen(value) for name, value in table.items()}))

    def build(self) -> nn.Module:
        """Return the network with random weights, in training mode."""
        if isinstance(self.sizes, PublishedConfig):
            return PublishedBackbone(self.sizes)
        return CompactBackbone(self.sizes)

    def table(self) -> dict[str, Any]:
        """Return the sizes as the manifest writes them: numbers, switches and lists."""
        return {field.name: getattr(self.sizes, field.name) for field in dataclasses.fields(self.sizes)}


def _frozen(value: Any) -> Any:
    """Turn the lists of a TOML file into tuples."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
