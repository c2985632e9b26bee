// The surface without its texture, lit like the clay of the volume.
vec3 surface_colour(vec3 texel, vec3 normal, vec3 corner) {
    float lamp = max(dot(normal, normalize(vec3(-0.5, 0.7, 0.8))), 0.0);
    float fill = 0.5 + 0.5 * dot(normal, normalize(vec3(0.6, -0.3, 0.4)));
    return vec3(0.84, 0.80, 0.76) * (0.18 + 0.70 * lamp) + vec3(0.08, 0.10, 0.13) * fill;
}
