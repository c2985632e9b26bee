import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.viewport.canvas import BACKGROUNDS, QUALITIES, Canvas
from paic3d_studio.viewport.mesh_renderer import MeshRenderer
from paic3d_studio.viewport.offscreen import pixels_of, render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.shading import SHADING_MODES

MESH_MODES = [name for name, mode in SHADING_MODES.items() if mode.draws == "mesh"]
ORTHOGRAPHIC = OrbitView(0.0, 0.0, 1.0, fov=None)


def drawn(mesh: TexturedMesh, view: OrbitView, *, mode: str = "mesh", size: int = 280) -> np.ndarray:
    return render_offscreen(mesh, [view], size=size, mode=mode, background=BACKGROUNDS["black"])[0]


def test_the_square_covers_its_exact_pixels(square_mesh: TexturedMesh) -> None:
    covered = drawn(square_mesh, ORTHOGRAPHIC).any(axis=2)
    assert covered[60:220, 60:220].all()
    covered[60:220, 60:220] = False
    assert not covered.any()


def test_the_texture_is_upright_and_not_mirrored(square_mesh: TexturedMesh) -> None:
    picture = drawn(square_mesh, ORTHOGRAPHIC)
    quarters = [picture[row, column].tolist() for row in (100, 180) for column in (100, 180)]
    assert quarters == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]


def test_from_behind_the_square_is_mirrored(square_mesh: TexturedMesh) -> None:
    front, back = (drawn(square_mesh, view) for view in (ORTHOGRAPHIC, ORTHOGRAPHIC.turned_to("back")))
    assert np.abs(front[:, ::-1].astype(int) - back).max() <= 1


def test_what_is_nearer_hides_what_is_further_whatever_the_order_of_faces(square_mesh: TexturedMesh) -> None:
    flat = square_mesh.surface
    vertices = np.concatenate([flat.vertices, flat.vertices * 0.5 + [0, 0, 0.1]]).astype(np.float32)
    uv = np.concatenate([np.full((4, 2), 0.1), np.full((4, 2), 0.9)]).astype(np.float32)  # blue far, green near
    near_last = np.concatenate([flat.faces, flat.faces + 4]).astype(np.int32)
    for faces in (near_last, near_last[::-1].copy()):
        mesh = TexturedMesh(SurfaceMesh(vertices, np.tile(flat.normals, (2, 1)), uv, faces), square_mesh.texture)
        assert drawn(mesh, ORTHOGRAPHIC)[140, 140].tolist() == [0, 255, 0]
        assert drawn(mesh, ORTHOGRAPHIC.turned_to("back"))[140, 140].tolist() == [0, 0, 255]


def test_mesh_and_volume_of_one_shape_lie_on_one_another() -> None:
    n = 70  # voxels of one centimetre: the box below ends at their walls
    along = ((np.arange(n) + 0.5) / n - 0.5) * 0.7
    z, y, x = np.meshgrid(along, along, along, indexing="ij")
    low, high = np.array([-0.1, -0.2, -0.15]), np.array([0.25, 0.05, 0.2])
    inside = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]) & (z > low[2]) & (z < high[2])
    volume = FieldVolume(np.repeat(np.where(inside, 255, 0).astype(np.uint8)[..., None], 4, axis=3))
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    vertices = (low + corners * (high - low)).astype(np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], np.int32)
    surface = SurfaceMesh(vertices, np.ones((8, 3), np.float32), np.zeros((8, 2), np.float32), faces)
    mesh = TexturedMesh(surface, np.full((4, 4, 3), 255, np.uint8))
    for view in (HOME_VIEW, OrbitView(40.0, 25.0, 1.2, (0.1, -0.1, 0.0)), OrbitView(-110.0, -30.0, 0.9, fov=None)):
        black = BACKGROUNDS["black"]
        solid, skin = (render_offscreen(c, [view], size=200, background=black)[0][..., 0] > 128 for c in (volume, mesh))
        assert (solid != skin).sum() < 0.045 * skin.sum()  # a third of a voxel along the outline


@pytest.mark.parametrize("mode", MESH_MODES)
def test_strips_put_together_are_the_whole_mesh(square_mesh: TexturedMesh, ctx: moderngl.Context, mode: str) -> None:
    backdrop, renderer, canvas = VolumeRenderer(ctx), MeshRenderer(ctx), Canvas(ctx)
    renderer.upload(square_mesh)
    canvas.resize((120, 120))
    view = OrbitView(30.0, 20.0)

    def strip(rows: tuple[int, int]) -> None:
        common = {"size": (120, 120), "rows": rows}
        studio = BACKGROUNDS["studio"]
        backdrop.draw(canvas.framebuffer, view, mode="", quality=QUALITIES["full"], background=studio, **common)
        renderer.draw(canvas.framebuffer, view, mode=mode, **common)

    strip((0, 120))
    whole = pixels_of(canvas)
    canvas.framebuffer.clear()
    for rows in ((0, 31), (31, 90), (90, 120)):
        strip(rows)
    assert (pixels_of(canvas) == whole).all()


def test_the_wire_frame_shows_the_diagonal_between_two_faces(square_mesh: TexturedMesh) -> None:
    white = TexturedMesh(square_mesh.surface, np.full((8, 8, 3), 255, np.uint8))
    plain = drawn(white, ORTHOGRAPHIC, mode="mesh").astype(int).sum(axis=2)
    wired = drawn(white, ORTHOGRAPHIC, mode="wireframe").astype(int).sum(axis=2)
    assert np.ptp(plain[62:218, 62:218]) == 0
    assert wired[140, 139:142].max() > wired[100, 180] + 60
