// The field's own colour, unlit, as the portrait was drawn.
const bool SEES_THROUGH = false;

vec3 sample_colour(vec3 place, vec4 texel, float depth) {
    return texel.rgb;
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
