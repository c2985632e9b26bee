// Front to back through the volume. The mode's file gives
//   SEES_THROUGH                                          march on behind opaque matter, and show haze
//   ENDS_AT_MATTE                                         nothing is drawn outside the matte of the picture
//   vec3 sample_colour(vec3 place, vec4 texel, float depth)   the colour of a sample (depth in metres along the view axis)
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
    float before = 0.0;       // what the sample before was
    vec3 shade = vec3(0.0);
    bool inside = false;      // behind a surface: all that follows is seen through it, and has its colour
    while (i < last) {
        float along = (i + 0.5) * stride;
        vec3 place = origin + direction * along;
        if (skips_empty) {
            vec3 cell = floor(place / cell_side);
            if (texelFetch(occupancy, ivec3(cell), 0).r <= thinnest) {
                vec3 walls = ((cell + step(0.0, direction)) * cell_side - place) / direction;
                before = 0.0;
                inside = false;
                i += max(1.0, ceil(min(min(walls.x, walls.y), walls.z) / stride));
                continue;
            }
        }
        vec4 texel = texture(field, place / voxels);
        if (texel.a > thinnest_logit) {
            float opacity = opacity_of(texel.a);
            if (!SEES_THROUGH) opacity *= smoothstep(haze.x, haze.y, opacity);
            if (ENDS_AT_MATTE) {
                float cut = textureLod(matte, place.xy / voxels, picture_detail).r;
                opacity *= cut;
                texel.a *= cut;
            }
            float kept = pow(1.0 - opacity, stride);
            if (texel.a > surface && before < surface) {
                // Between two samples the ray met the surface: shade it there, not at whichever sample came after.
                float back = (texel.a - surface) / (texel.a - before);
                vec3 there = place - direction * (back * stride);
                shade = sample_colour(there, texture(field, there / voxels), (along - back * stride) * depth_per_voxel);
                inside = true;
            } else if (!inside || texel.a <= surface) {
                shade = sample_colour(place, texel, along * depth_per_voxel);
                inside = false;
            }
            gathered += transmittance * (1.0 - kept) * shade;
            thickness += opacity * stride * voxel_side;
            transmittance *= kept;
            if (!SEES_THROUGH && transmittance < 0.002) {
                gathered /= 1.0 - transmittance;
                transmittance = 0.0;
                break;
            }
        }
        before = texel.a;
        i += 1.0;
    }
    fragment = vec4(dithered(pixel_colour(gathered, 1.0 - transmittance, thickness, behind)), 1.0);
}
