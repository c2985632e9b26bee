// Normals in the camera's axes: red to the right, green up, blue toward the viewer.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = false;

vec3 sample_colour(vec3 place, vec4 texel, float depth) {
    return facing(normal_at(place)) * 0.5 + 0.5;
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
