// One slice through the field, facing the camera: how dense it is there, and where its surface runs.
uniform float slice_depth;  // metres behind the middle of the view

// From nothing over violet to the surface, and from there over orange to the densest.
vec3 ramp(float scaled) {
    float below = clamp(scaled / surface, 0.0, 1.0);
    float above = clamp((scaled - surface) / max(1.0 - surface, 1e-3), 0.0, 1.0);
    vec3 outside = mix(vec3(0.10, 0.11, 0.28), vec3(0.55, 0.22, 0.55), below);
    vec3 inside = mix(vec3(0.93, 0.49, 0.25), vec3(1.0, 0.90, 0.62), above);
    return scaled < surface ? outside : inside;
}

void main() {
    Ray ray = pixel_ray();
    vec3 behind = background(ray);
    float along = (target_depth + slice_depth) / dot(ray.direction, -backward);
    vec3 place = (ray.origin + ray.direction * along) / voxel_side / voxels + 0.5;
    float scaled = texture(field, clamp(place, 0.0, 1.0)).a;
    bool is_inside = all(greaterThan(place, vec3(0.0))) && all(lessThan(place, vec3(1.0))) && along > 0.0;
    float thickness = max(fwidth(scaled), 1e-5);
    float contour = 1.0 - smoothstep(0.7, 1.6, abs(scaled - surface) / thickness);
    float shown = scaled < surface ? 0.9 * smoothstep(0.0, 0.25 * surface, scaled) : 1.0;
    vec3 colour = mix(mix(behind, ramp(scaled), shown), vec3(1.0), contour * step(1e-4, scaled));
    fragment = vec4(dithered(is_inside ? colour : behind), 1.0);
}
