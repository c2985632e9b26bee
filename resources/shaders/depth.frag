// Distance along the view axis: white is near, black is far, over half the span of the box about the target: a head
// takes no more of it.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = false;
const bool HAS_OWN_COLOUR = false;

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    return vec3(clamp(0.5 - (depth - target_depth) / (0.5 * box_side), 0.0, 1.0));
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
