"""Draw posed characters without a window: colour, place, part and normal of what each camera sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera, focal_length, rotation
from paic3d_studio.datasets.vrm import PARTS, Character, Primitive
from paic3d_studio.viewport.offscreen import new_offscreen_context

_VERTEX: Final = """
#version 330 core
uniform mat4 to_clip;
in vec3 position;
in vec3 normal;
in vec2 uv;
out vec3 v_position;
out vec3 v_normal;
out vec2 v_uv;
void main() {
    v_position = position;
    v_normal = normal;
    v_uv = uv;
    gl_Position = to_clip * vec4(position, 1.0);
}
"""
_SURFACE: Final = """
#version 330 core
uniform sampler2D picture;
uniform vec4 base_colour;
uniform mat4 colour_matrix;
uniform float cutoff;
uniform bool blended;
uniform float half_box;
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
vec4 material() {
    if (any(greaterThan(abs(v_position), vec3(half_box)))) discard;
    // Seen exactly edge-on a face has no bounded place in its texture, and llvmpipe filters such a one for minutes.
    vec2 place = clamp(v_uv, vec2(-1e3), vec2(1e3));
    vec4 colour = texture(picture, place) * base_colour;
    if (colour.a < cutoff) discard;
    vec3 recoloured = (colour_matrix * vec4(colour.rgb, 1.0)).rgb;
    return vec4(clamp(recoloured, 0.0, 1.0), blended ? colour.a : 1.0);
}
"""
_COLOUR_FRAGMENT: Final = (
    _SURFACE
    + """
out vec4 colour;
void main() { colour = material(); }
"""
)
_GEOMETRY_FRAGMENT: Final = (
    _SURFACE
    + """
uniform float part;
layout(location = 0) out vec4 place;
layout(location = 1) out vec4 facing;
void main() {
    material();
    place = vec4(v_position, part);
    vec3 n = dot(v_normal, v_normal) > 0.0 ? normalize(v_normal) : vec3(0.0);
    facing = vec4(gl_FrontFacing ? n : -n, 1.0);
}
"""
)


@dataclasses.dataclass(frozen=True, eq=False)
class Views:
    """What n cameras see of one character, row 0 at the top.

    `rgba` uint8 (n, h, w, 4) sRGB, straight alpha; `xyz` float32 (n, h, w, 3) metres in the field frame where the ray
    through the pixel's centre first meets a surface with alpha of at least one half, NaN where it meets none; `part`
    uint8 (n, h, w), an index into `vrm.PARTS`, 0 where empty; `normal` float32 (n, h, w, 3) unit, towards the camera's
    side of the surface, 0 where empty.
    """

    rgba: NDArray[np.uint8]
    xyz: NDArray[np.float32]
    part: NDArray[np.uint8]
    normal: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class _Uploaded:
    """One primitive on the graphics card."""

    primitive: Primitive
    texture: Any
    colour: Any
    geometry: Any
    buffers: tuple[Any, ...]


class CharacterRenderer:
    """Draws characters into pictures of its own; a context manager, to be used on one thread.

    Args:
        context: a window's, current whenever something is drawn, and kept by it; a context of its own without a window
            when None.

    Raises:
        UserError: this machine offers no OpenGL 3.3.
    """

    def __init__(self, context: moderngl.Context | None = None) -> None:
        self._owns_context = context is None
        # moderngl's own annotations do not know four-part blend functions.
        self._context: Any = new_offscreen_context() if context is None else context
        self._colour: Any = self._context.program(vertex_shader=_VERTEX, fragment_shader=_COLOUR_FRAGMENT)
        self._geometry: Any = self._context.program(vertex_shader=_VERTEX, fragment_shader=_GEOMETRY_FRAGMENT)
        self._uploaded: list[_Uploaded] = []
        self._targets: dict[tuple[str, int], Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Free the context and everything in it."""
        self._drop_uploaded()
        for target in self._targets.values():
            for attachment in (*target.color_attachments, target.depth_attachment):
                attachment.release()
            target.release()
        self._targets.clear()
        self._colour.release()
        self._geometry.release()
        if self._owns_context:
            self._context.release()

    def render(
        self,
        character: Character,
        cameras: Sequence[Camera],
        *,
        size: int = 512,
        supersample: int = 2,
        extent: float = BOX_SIDE,
        half_box: float = BOX_SIDE / 2,
    ) -> Views:
        """Draw a character from each camera.

        Args:
            character: posed, in the field frame.
            cameras: orthographic where `fov` is None.
            size: side of the pictures in pixels.
            supersample: colour samples per pixel and axis.
            extent: side of an orthographic picture in metres.
            half_box: what lies further than this from the origin along an axis is transparent, metres.
        """
        self._upload(character)
        n = len(cameras)
        rgba = np.empty((n, size, size, 4), np.uint8)
        xyz = np.empty((n, size, size, 3), np.float32)
        part = np.empty((n, size, size), np.uint8)
        normal = np.empty((n, size, size, 3), np.float32)
        ordered = sorted(self._uploaded, key=lambda u: (u.primitive.alpha_mode == "BLEND", u.primitive.render_queue))
        for i, camera in enumerate(cameras):
            to_clip = clip_matrix(camera, extent=extent).T.astype("f4").tobytes()
            rgba[i] = self._draw_colour(ordered, to_clip, half_box, size, supersample)
            place, normal[i] = self._draw_geometry(ordered, to_clip, half_box, size)
            part[i] = np.round(place[..., 3]).astype(np.uint8)
            xyz[i] = np.where(part[i][..., None] > 0, place[..., :3], np.nan)
        return Views(rgba, xyz, part, normal)

    def _draw_colour(
        self, ordered: list[_Uploaded], to_clip: bytes, half_box: float, size: int, supersample: int
    ) -> NDArray[np.uint8]:
        """Draw straight-alpha colour, opaque first, then BLEND over it in render-queue order."""
        target = self._target("colour", size * supersample)
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        context = self._context
        context.enable(moderngl.DEPTH_TEST)
        context.depth_func = "<="
        # Accumulates premultiplied colour, because the empty background is transparent.
        context.blend_func = (
            moderngl.SRC_ALPHA,
            moderngl.ONE_MINUS_SRC_ALPHA,
            moderngl.ONE,
            moderngl.ONE_MINUS_SRC_ALPHA,
        )
        for item in ordered:
            blended = item.primitive.alpha_mode == "BLEND"
            target.depth_mask = not blended or item.primitive.depth_write
            context.enable(moderngl.BLEND) if blended else context.disable(moderngl.BLEND)
            cutoff = {"OPAQUE": -1.0, "MASK": item.primitive.alpha_cutoff}.get(item.primitive.alpha_mode, 1 / 512)
            self._set_material(self._colour, item, to_clip, half_box, cutoff)
            matrix = np.eye(4, dtype=np.float32)
            matrix[:3] = item.primitive.colour_matrix
            self._colour["colour_matrix"].write(matrix.T.tobytes())
            self._colour["blended"].value = blended
            item.colour.render()
        target.depth_mask = True
        side = size * supersample
        drawn = np.frombuffer(target.read(components=4), np.uint8).reshape(side, side, 4)[::-1]
        if supersample == 1:
            return _straight(drawn)
        # (h s, w s, 4) -> (h, s, w, s, 4) -> (h, w, 4)
        mean = drawn.reshape(size, supersample, size, supersample, 4).mean(axis=(1, 3), dtype=np.float32)
        alpha = mean[..., 3:]
        straight = np.divide(mean[..., :3] * 255.0, alpha, out=np.zeros_like(mean[..., :3]), where=alpha > 0)
        return np.round(np.concatenate([np.minimum(straight, 255.0), alpha], axis=-1)).astype(np.uint8)

    def _draw_geometry(
        self, ordered: list[_Uploaded], to_clip: bytes, half_box: float, size: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw place + part (h, w, 4) and normal (h, w, 3) of the nearest surface with alpha of at least one half."""
        target = self._target("geometry", size)
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        self._context.enable(moderngl.DEPTH_TEST)
        self._context.disable(moderngl.BLEND)
        self._context.depth_func = "<="
        for item in ordered:
            mode = item.primitive.alpha_mode
            cutoff = {"OPAQUE": -1.0, "MASK": item.primitive.alpha_cutoff}.get(mode, 0.5)
            self._set_material(self._geometry, item, to_clip, half_box, cutoff)
            self._geometry["part"].value = float(PARTS.index(item.primitive.part))
            item.geometry.render()
        place, facing = (
            np.frombuffer(target.read(components=4, attachment=k, dtype="f4"), np.float32).reshape(size, size, 4)[::-1]
            for k in range(2)
        )
        return place, facing[..., :3]

    def _set_material(self, program: Any, item: _Uploaded, to_clip: bytes, half_box: float, cutoff: float) -> None:
        """Bind one primitive's material."""
        program["to_clip"].write(to_clip)
        program["base_colour"].value = item.primitive.base_colour
        program["cutoff"].value = cutoff
        program["half_box"].value = half_box
        item.texture.use(0)
        if item.primitive.double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)

    def _target(self, kind: str, size: int) -> Any:
        """Return the framebuffer of a kind and size, made once."""
        if (kind, size) not in self._targets:
            shape = (size, size)
            if kind == "colour":
                colours = [self._context.texture(shape, 4)]
            else:
                colours = [self._context.texture(shape, 4, dtype="f4") for _ in range(2)]
            depth = self._context.depth_renderbuffer(shape)
            self._targets[kind, size] = self._context.framebuffer(colours, depth)
        return self._targets[kind, size]

    def _upload(self, character: Character) -> None:
        """Bring a character to the graphics card, unless its geometry and textures are there already."""
        present = [(u.primitive.positions, u.primitive.texture) for u in self._uploaded]
        wanted = [(p.positions, p.texture) for p in character.primitives]
        same = len(present) == len(wanted) and all(
            a is c and b is d for (a, b), (c, d) in zip(present, wanted, strict=True)
        )
        if same:  # only materials may differ (recoloured)
            pairs = zip(self._uploaded, character.primitives, strict=True)
            self._uploaded = [dataclasses.replace(u, primitive=p) for u, p in pairs]
            return
        self._drop_uploaded()
        self._uploaded = [self._upload_primitive(p) for p in character.primitives]

    def _upload_primitive(self, primitive: Primitive) -> _Uploaded:
        """Make buffers and a mip-mapped texture."""
        context = self._context
        packed = np.concatenate([primitive.positions, primitive.normals, primitive.uv], axis=1).astype("f4")
        vertices = context.buffer(packed.tobytes() or b"\0" * 32)
        indices = context.buffer(primitive.faces.astype("i4").tobytes() or b"\0" * 12)
        layout = [(vertices, "3f 12x 2f", "position", "uv")]
        full = [(vertices, "3f 3f 2f", "position", "normal", "uv")]
        height, width = primitive.texture.shape[:2]
        texture = context.texture((width, height), 4, np.ascontiguousarray(primitive.texture).tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        texture.anisotropy = 4.0
        return _Uploaded(
            primitive,
            texture,
            context.vertex_array(self._colour, layout, indices),
            context.vertex_array(self._geometry, full, indices),
            (vertices, indices),
        )

    def _drop_uploaded(self) -> None:
        """Free the character on the graphics card."""
        for item in self._uploaded:
            for thing in (item.colour, item.geometry, item.texture, *item.buffers):
                thing.release()
        self._uploaded = []


def _straight(drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide premultiplied colour by alpha where that changes anything: uint8 (h, w, 4)."""
    straight = drawn.copy()
    alpha = drawn[..., 3]
    straight[alpha == 0] = 0
    partly = (alpha > 0) & (alpha < 255)
    colour = drawn[partly].astype(np.float32)
    straight[partly, :3] = np.round(np.minimum(colour[:, :3] * 255.0 / colour[:, 3:], 255.0)).astype(np.uint8)
    return straight


def clip_matrix(camera: Camera, *, extent: float = BOX_SIDE) -> NDArray[np.float64]:
    """Return the matrix (4, 4) from the field frame to OpenGL clip space for a square picture."""
    near, far = max(camera.distance - 0.75, 0.02), camera.distance + 0.75
    view = np.eye(4)
    view[:3, :3] = rotation(camera).T
    view[2, 3] = -camera.distance
    projection = np.zeros((4, 4))
    if camera.fov is None:
        projection[0, 0] = projection[1, 1] = 2.0 / extent
        projection[2, 2] = -2.0 / (far - near)
        projection[2, 3] = -(far + near) / (far - near)
        projection[3, 3] = 1.0
    else:
        projection[0, 0] = projection[1, 1] = 2.0 * focal_length(camera.fov)
        projection[2, 2] = -(far + near) / (far - near)
        projection[2, 3] = -2.0 * far * near / (far - near)
        projection[3, 2] = -1.0
    return np.asarray(projection @ view)
