// The baked volume, in voxel coordinates: voxel i covers i to i + 1.
uniform sampler3D field;      // sRGB colour, and the logit of the opacity of a ray that crosses one voxel, scaled to 0..1
uniform sampler3D occupancy;  // greatest opacity in and around each cell
uniform sampler3D smoothed;   // blurred opacity, for its slope
uniform float voxels;         // per side
uniform float cell_side;      // voxels
uniform float voxel_side;     // metres
uniform float stride;         // voxels between samples along a ray
uniform bool skips_empty;
uniform vec3 haze;            // opacity up to x is not shown, from y on whole; z: scaled logit of x
uniform vec3 lower;           // voxel corners of what is occupied
uniform vec3 upper;
uniform float surface;        // scaled logit at which a ray has met the surface
uniform sampler2D matte;      // over the front view: what of it is the character, and how far the matte's border is
uniform vec3 border;          // distances from that border in metres: x how far are told, y margin, z feather of the stitch
uniform float picture_detail; // which level of detail of pictures over the front view a screen pixel sees
uniform float target_depth;   // metres from the camera to the middle of the view
uniform float box_side;       // metres
uniform vec3 logit;           // x: steepness, y: sigmoid(-steepness), z: 1 / (1 - 2 y)

const float RIM = 1.25;       // depth of the mixed rim, voxels
const float TINTED = 0.0025;  // fog this near to the border of the matte has the background's colour, metres

// Opacity of a ray that crosses one voxel, from its scaled logit: 0 at 0, 1 at 1.
float opacity_of(float scaled) {
    float raised = 1.0 / (1.0 + exp(logit.x * (1.0 - 2.0 * scaled)));
    return clamp((raised - logit.y) * logit.z, 0.0, 1.0);
}

// Unit normal, outward, field frame; zero where opacity is flat.
vec3 normal_at(vec3 place) {
    vec3 e = vec3(1.0, 0.0, 0.0) / voxels;
    vec3 at = place / voxels;
    vec3 slope = vec3(
        texture(smoothed, at + e.xyy).r - texture(smoothed, at - e.xyy).r,
        texture(smoothed, at + e.yxy).r - texture(smoothed, at - e.yxy).r,
        texture(smoothed, at + e.yyx).r - texture(smoothed, at - e.yyx).r);
    float steep = length(slope);
    return steep > 1e-4 ? -slope / steep : vec3(0.0);
}

// Colour under the surface: at the rim itself it is mixed with what the field was told of the background.
vec3 colour_under(vec3 place, vec4 texel) {
    vec4 under = texture(field, (place - RIM * normal_at(place)) / voxels);
    return under.a > texel.a ? under.rgb : texel.rgb;
}

// A normal in the camera's axes: x right, y up, z toward the camera.
vec3 facing(vec3 normal) {
    return vec3(dot(normal, right), dot(normal, up), dot(normal, backward));
}
