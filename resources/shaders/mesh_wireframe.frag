// The texture, dimmed, under the edges of the faces.
vec3 surface_colour(vec3 texel, vec3 normal, vec3 corner) {
    vec3 pixels = corner / max(fwidth(corner), vec3(1e-6));  // pixels from each edge
    float edge = 1.0 - smoothstep(0.2, 0.9, min(min(pixels.x, pixels.y), pixels.z));
    vec3 filled = texel * (0.35 + 0.25 * max(normal.z, 0.0));
    return mix(filled, vec3(0.86, 0.93, 1.0), 0.5 * edge);
}
