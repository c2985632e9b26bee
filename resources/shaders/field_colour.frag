// The field's own colour, unlit, without the picture.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = false;
const bool HAS_OWN_COLOUR = true;

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    return colour_under(place, texel);
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
