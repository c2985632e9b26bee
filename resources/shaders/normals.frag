// Normals in the camera's axes: red to the right, green up, blue toward the viewer.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = false;
const bool HAS_OWN_COLOUR = false;

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    return facing(normal_at(place)) * 0.5 + 0.5;
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
