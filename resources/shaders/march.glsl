// Front to back through the volume. The mode's file gives
//   SEES_THROUGH                                          march on behind opaque matter, and show haze
//   vec3 sample_colour(vec3 place, vec4 texel, float depth)   what one sample adds (depth in metres along the view axis)
//   vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind)   (thickness in metres of opaque matter)
void main() {
    Ray ray = pixel_ray();
    vec3 behind = background(ray);
    vec3 direction = ray.direction;
    direction = mix(direction, vec3(1e-7), vec3(lessThan(abs(direction), vec3(1e-7))));
    vec3 origin = ray.origin / voxel_side + 0.5 * voxels;

    vec3 to_lower = (lower - origin) / direction;
    vec3 to_upper = (upper - origin) / direction;
    vec3 entries = min(to_lower, to_upper);
    vec3 exits = max(to_lower, to_upper);
    float entry = max(max(entries.x, entries.y), max(entries.z, 0.0));
    float exit = min(min(exits.x, exits.y), exits.z);

    vec3 gathered = vec3(0.0);
    float transmittance = 1.0;
    float thickness = 0.0;
    float depth_per_voxel = voxel_side * dot(direction, -backward);
    // Samples lie at whole strides from the camera, so neither the bounds nor a skip ever moves them.
    float i = ceil(entry / stride - 0.5);
    float last = exit / stride - 0.5;
    float thinnest = SEES_THROUGH ? 0.0 : haze.x;
    float thinnest_logit = SEES_THROUGH ? 0.0 : haze.z;
    vec4 before = vec4(0.0);  // the sample before
    while (i < last) {
        float along = (i + 0.5) * stride;
        vec3 place = origin + direction * along;
        if (skips_empty) {
            vec3 cell = floor(place / cell_side);
            if (texelFetch(occupancy, ivec3(cell), 0).r <= thinnest) {
                vec3 walls = ((cell + step(0.0, direction)) * cell_side - place) / direction;
                before.a = 0.0;
                i += max(1.0, ceil(min(min(walls.x, walls.y), walls.z) / stride));
                continue;
            }
        }
        vec4 texel = texture(field, place / voxels);
        if (texel.a > thinnest_logit) {
            float opacity = opacity_of(texel.a);
            if (!SEES_THROUGH) opacity *= smoothstep(haze.x, haze.y, opacity);
            float kept = pow(1.0 - opacity, stride);
            if (texel.a > 0.5 && before.a < 0.5) {
                // Between two samples the ray met the surface: shade it there, not at whichever sample came after.
                float back = (texel.a - 0.5) / (texel.a - before.a);
                place -= direction * (back * stride);
                along -= back * stride;
                texel.rgb = mix(texel.rgb, before.rgb, back * step(0.001, before.a));
            }
            gathered += transmittance * (1.0 - kept) * sample_colour(place, texel, along * depth_per_voxel);
            thickness += opacity * stride * voxel_side;
            transmittance *= kept;
            if (!SEES_THROUGH && transmittance < 0.002) {
                gathered /= 1.0 - transmittance;
                transmittance = 0.0;
                break;
            }
        }
        before = texel;
        i += 1.0;
    }
    fragment = vec4(dithered(pixel_colour(gathered, 1.0 - transmittance, thickness, behind)), 1.0);
}
