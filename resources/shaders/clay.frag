// Grey clay under a lamp at the artist's left shoulder: shows form without colour.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = false;
const bool HAS_OWN_COLOUR = false;

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    vec3 n = facing(normal_at(place));
    float lamp = max(dot(n, normalize(vec3(-0.5, 0.7, 0.8))), 0.0);
    float fill = 0.5 + 0.5 * dot(n, normalize(vec3(0.6, -0.3, 0.4)));
    return vec3(0.84, 0.80, 0.76) * (0.18 + 0.70 * lamp) + vec3(0.08, 0.10, 0.13) * fill;
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
