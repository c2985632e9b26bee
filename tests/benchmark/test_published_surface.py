"""The published extraction against the published system, and what is wrong with it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.benchmark.published_surface import (
    published_edits,
    published_opacity,
    published_surface,
    sheared_points,
    surface_of_opacity,
)
from paic3d_studio.core import mesh
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig, PublishedField
from paic3d_studio.nets.field import FieldSample, RadianceField

Compare = Callable[[str, Tensor, Tensor], float]
MIRROR = torch.tensor([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def field(golden: Callable[[str], dict[str, Tensor]]) -> PublishedField:
    config = PublishedConfig(
        channel_base=1024, channel_max=32, resolution=64, triplane_channels=8, tag_channels=16, render_size=32
    )
    network = PublishedBackbone(config)
    weights = {name.removeprefix("w."): tensor for name, tensor in golden("mini_weights").items()}
    network.load_state_dict(weights, strict=False)
    numbers = golden("mini_io")
    planes = network.eval().requires_grad_(False).split(numbers["planes"])
    return PublishedField(planes, numbers["ws"], decoder=network.decoder, config=config)


@pytest.mark.shared
def test_the_sheared_lattice_and_its_densities_are_the_published_ones(
    field: PublishedField, golden: Callable[[str], dict[str, Tensor]], assert_close: Compare
) -> None:
    numbers = golden("mesh")
    points = sheared_points(torch.arange(24**3), 24, box_side=0.7)
    assert_close("coordinates", points, numbers["coordinates"][0].flatten(1).T)
    mirrored = sheared_points(torch.arange(8**3), 8, box_side=0.7).reshape(8, 8, 8, 3).flip(0).flatten(0, 2)
    assert_close("samples of 8", mirrored, numbers["samples8"][0])
    assert_close("density", field.density(points), numbers["sigmas"].flatten())
    assert_close("colour", field.query(points).colour, numbers["rgb3"][0].flatten(1).T)
    for name, edits in (("plain", ()), ("crop_cull", published_edits(0.7))):
        found = torch.from_numpy(published_opacity(field, 24, edits=edits))
        assert_close(f"opacity, {name}", found, numbers[f"densities_{name}"][0, 0])


@pytest.mark.shared
def test_the_surface_is_the_published_one(
    field: PublishedField, golden: Callable[[str], dict[str, Tensor]], assert_close: Compare
) -> None:
    numbers = golden("mesh")
    for name, edits in (("plain", ()), ("crop_cull", None)):
        found = surface_of_opacity(numbers[f"densities_{name}"][0, 0].numpy(), field)
        assert np.array_equal(found.faces, numbers[f"{name}.faces"].numpy())
        assert_close(f"vertices, {name}", torch.from_numpy(found.vertices), numbers[f"{name}.verts"] * MIRROR)
        assert_close(f"normals, {name}", torch.from_numpy(found.normals), numbers[f"{name}.normals"] * MIRROR)
        assert_close(f"colours, {name}", torch.from_numpy(found.colours), numbers[f"{name}.colors"])
        # From our own densities: where two samples hardly differ, their last bits move the surface between them.
        whole = published_surface(field, 24, edits=edits)
        assert np.array_equal(whole.faces, found.faces)
        voxels = float(np.abs(whole.vertices - found.vertices).max()) * 23 / 0.7
        print(f"vertices from our densities, {name}: at most {voxels:.1e} voxels away")
        assert voxels < 5e-3


class Ball(RadianceField):
    """A ball of 0.2 m whose density falls evenly outwards; red on the right, black on the left."""

    def density(self, xyz: Tensor) -> Tensor:
        return 17 + 500 * (0.2 - xyz.norm(dim=-1))

    def query(self, xyz: Tensor) -> FieldSample:
        red = (xyz[:, :1] > 0).float()
        return FieldSample(self.density(xyz), torch.cat([red, 0 * red, 0 * red], dim=-1), xyz[:, :0])


def test_only_what_is_opaque_in_float32_survives_and_stair_steps_remain() -> None:
    opacity = published_opacity(Ball(), 48, edits=published_edits(0.7))
    assert set(np.unique(np.round(opacity, 5))) == {-1000.0, 1.0}
    found = published_surface(Ball(), 48)
    radius = np.linalg.norm(found.vertices, axis=1)
    voxel = 0.7 / 47
    assert radius.max() - radius.min() > 0.5 * voxel
    assert 0.2 - 2 * voxel < np.median(radius) < 0.2
    flat = mesh.vertex_normals(found.vertices.astype(np.float64), found.faces)
    assert (np.einsum("ij,ij->i", flat, found.vertices) > 0).mean() > 0.99
    assert (found.colours[found.vertices[:, 0] > 2 * voxel, 0] == 1).all()
    assert (found.colours[found.vertices[:, 0] < -2 * voxel, 0] == 0).all()
