// The texture, unlit, as another program will show it.
vec3 surface_colour(vec3 texel, vec3 normal, vec3 corner) {
    return texel;
}
