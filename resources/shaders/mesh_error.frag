// How far the mesh lies from the field's own surface: blue inside it, red outside, grey where they agree.
const float FULL = 0.003;  // metres at which a colour is as strong as it gets

vec3 surface_colour(vec3 texel, vec3 normal, vec3 corner) {
    float share = clamp(surface_error / FULL, -1.0, 1.0);
    vec3 far = share < 0.0 ? vec3(0.13, 0.40, 0.85) : vec3(0.85, 0.20, 0.16);
    vec3 colour = mix(vec3(0.78, 0.78, 0.76), far, pow(abs(share), 0.7));
    float lamp = max(dot(normal, normalize(vec3(-0.5, 0.7, 0.8))), 0.0);
    return colour * (0.62 + 0.38 * lamp);
}
