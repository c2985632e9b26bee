// The baked volume, in voxel coordinates: voxel i covers i to i + 1.
uniform sampler3D field;      // sRGB colour, straight opacity of a ray that crosses one voxel
uniform sampler3D occupancy;  // greatest opacity in and around each cell
uniform float voxels;         // per side
uniform float cell_side;      // voxels
uniform float voxel_side;     // metres
uniform float stride;         // voxels between samples along a ray
uniform bool skips_empty;
uniform vec3 lower;           // voxel corners of what is occupied
uniform vec3 upper;
uniform float target_depth;   // metres from the camera to the middle of the view
uniform float box_side;       // metres

float opacity_at(vec3 place) {
    return texture(field, place / voxels).a;
}

// Unit normal, outward, field frame; zero where the opacity is flat. `reach` in voxels.
vec3 normal_at(vec3 place, float reach) {
    vec2 e = vec2(reach, 0.0);
    vec3 slope = vec3(
        opacity_at(place + e.xyy) - opacity_at(place - e.xyy),
        opacity_at(place + e.yxy) - opacity_at(place - e.yxy),
        opacity_at(place + e.yyx) - opacity_at(place - e.yyx));
    float steep = length(slope);
    return steep > 1e-4 ? -slope / steep : vec3(0.0);
}

// A normal in the camera's axes: x right, y up, z toward the camera.
vec3 facing(vec3 normal) {
    return vec3(dot(normal, right), dot(normal, up), dot(normal, backward));
}
