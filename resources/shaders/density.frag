// How much matter the ray crosses, as an X-ray: shows holes, floaters and fog that colour hides.
const bool SEES_THROUGH = true;
const bool ENDS_AT_MATTE = false;
const bool HAS_OWN_COLOUR = false;

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    return vec3(0.0);
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    float seen = 1.0 - exp(-6.0 * thickness);
    vec3 glow = mix(vec3(0.16, 0.45, 0.72), vec3(1.0), smoothstep(0.25, 1.0, seen));
    return mix(behind, glow, seen);
}
