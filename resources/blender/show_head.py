"""Runs inside Blender: shows one exported head as it was painted, in a collection of its own, before a camera.

    blender --python show_head.py -- HEAD.glb [unlit|toon]

The first choice paints the texture as it is; the second lets a lamp put one soft-edged shade on it.
"""

import math
import sys
from pathlib import Path

import bpy
from mathutils import Vector


def main() -> None:
    arguments = sys.argv[sys.argv.index("--") + 1 :]
    file, look = Path(arguments[0]), (arguments[1:] or ["unlit"])[0]
    for thing in list(bpy.data.objects):  # the cube, lamp and camera that Blender starts with
        bpy.data.objects.remove(thing, do_unlink=True)
    bpy.ops.import_scene.gltf(filepath=str(file))
    arrived = list(bpy.data.objects)
    meshes = [thing for thing in arrived if thing.type == "MESH"]
    collection = gathered(arrived, name=file.stem)
    for mesh in meshes:
        for slot in mesh.material_slots:
            if slot.material is not None:
                paint(slot.material, look=look)
    scene = bpy.context.scene
    scene.view_settings.view_transform = "Standard"  # colours as painted; the default would grey them
    place_camera(scene, collection, meshes)
    if look == "toon":
        place_lamp(collection)
    show_materials()


def gathered(things: list, *, name: str) -> "bpy.types.Collection":
    """Put things into a collection of their own."""
    collection = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(collection)
    for thing in things:
        for other in list(thing.users_collection):
            other.objects.unlink(thing)
        collection.objects.link(thing)
    return collection


def paint(material: "bpy.types.Material", *, look: str) -> None:
    """Give a material nodes that show its texture unlit, or as a toon."""
    tree = material.node_tree
    picture = next((node.image for node in tree.nodes if node.type == "TEX_IMAGE"), None)
    if picture is None:
        return
    tree.nodes.clear()
    texture, light, output = (
        tree.nodes.new(kind) for kind in ("ShaderNodeTexImage", "ShaderNodeEmission", "ShaderNodeOutputMaterial")
    )
    texture.image = picture
    texture.location, light.location, output.location = (-600, 0), (0, 0), (220, 0)
    tree.links.new(light.outputs["Emission"], output.inputs["Surface"])
    colour = texture.outputs["Color"]
    if look == "toon":
        colour = shaded(tree, colour)
    tree.links.new(colour, light.inputs["Color"])


def shaded(tree: "bpy.types.NodeTree", colour: "bpy.types.NodeSocket") -> "bpy.types.NodeSocket":
    """Return the colour, a little darker and cooler where the lamp does not reach."""
    diffuse, bright, ramp, mix = (
        tree.nodes.new(kind)
        for kind in ("ShaderNodeBsdfDiffuse", "ShaderNodeShaderToRGB", "ShaderNodeValToRGB", "ShaderNodeMixRGB")
    )
    for place, node in enumerate((diffuse, bright, ramp, mix)):
        node.location = (-600 + 200 * place, -260)
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.28, (0.72, 0.66, 0.78, 1)
    ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = 0.34, (1, 1, 1, 1)
    mix.blend_type = "MULTIPLY"
    mix.inputs["Fac"].default_value = 1
    tree.links.new(diffuse.outputs["BSDF"], bright.inputs["Shader"])
    tree.links.new(bright.outputs["Color"], ramp.inputs["Fac"])
    tree.links.new(colour, mix.inputs["Color1"])
    tree.links.new(ramp.outputs["Color"], mix.inputs["Color2"])
    return mix.outputs["Color"]


def place_camera(scene: "bpy.types.Scene", collection: "bpy.types.Collection", meshes: list) -> None:
    """Put a camera before the face, so far away that the head fits."""
    corners = [mesh.matrix_world @ Vector(corner) for mesh in meshes for corner in mesh.bound_box]
    low = Vector(min(corner[axis] for corner in corners) for axis in range(3))
    high = Vector(max(corner[axis] for corner in corners) for axis in range(3))
    middle, reach = (low + high) / 2, (high - low).length / 2
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = 85
    camera.location = middle + Vector((0, -1.15 * reach / math.sin(camera.data.angle / 2), 0))
    camera.rotation_euler = (math.pi / 2, 0, 0)
    camera.data.clip_start = 0.01
    collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x = scene.render.resolution_y = 1080


def place_lamp(collection: "bpy.types.Collection") -> None:
    """Put a sun over the character's right shoulder."""
    lamp = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    lamp.rotation_euler = (math.radians(50), 0, math.radians(-35))
    collection.objects.link(lamp)


def show_materials() -> None:
    """Let every 3D view show materials, through the camera; without a window there is none."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.spaces.active.shading.type = "MATERIAL"
                area.spaces.active.region_3d.view_perspective = "CAMERA"


main()
