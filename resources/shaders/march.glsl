// Front to back through the volume. The mode's file gives
//   SEES_THROUGH                                          march on behind opaque matter, and show haze
//   ENDS_AT_MATTE                                         nothing is drawn outside the matte of the picture
//   HAS_OWN_COLOUR                                        fog, and what shines through, keeps the field's colours
//   vec3 surface_shade(vec3 place, vec4 texel, float depth)   the first surface (depth in metres along the view axis);
//                                                         a texel with alpha 1 is the colour as it is
//   vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind)   (thickness in metres of opaque matter)
uniform bool has_still;   // whether the next is of this view and size
uniform sampler2D still;  // the field's own first surface on a grid of rays: its colour, and metres along the ray (0: none)
uniform vec2 still_pitch; // rays of that grid to a pixel, across and up: 1, or less
uniform float agreement;  // voxels by which its place may differ from the volume's

// Colour and distance of the exact surface at this pixel, 0 where it has none near `met` (in voxels). Between rays they
// are those about the pixel, weighted bilinearly, less those that meet another surface (Kopf et al., "Joint bilateral
// upsampling", 2007).
vec4 exact_surface(float met) {
    vec2 place = gl_FragCoord.xy * still_pitch - 0.5;
    ivec2 corner = ivec2(floor(place));
    vec2 share = place - floor(place);
    vec4 sum = vec4(0.0);
    float weights = 0.0;
    for (int i = 0; i < 4; i++) {
        ivec2 aside = ivec2(i & 1, i >> 1);
        vec2 parts = mix(1.0 - share, share, vec2(aside));
        float weight = parts.x * parts.y;
        if (weight > 0.0) {
            vec4 texel = texelFetch(still, clamp(corner + aside, ivec2(0), textureSize(still, 0) - 1), 0);
            if (texel.a > 0.0 && abs(texel.a / voxel_side - met) < agreement) {
                sum += weight * texel;
                weights += weight;
            }
        }
    }
    return weights > 0.0 ? sum / weights : vec4(0.0);
}

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
    float before = 0.0;         // what the sample before was
    // A ray is shaded once: on the first surface, or in the densest fog where there is none.
    float met = 0.0;            // how far along that is, in voxels
    float shaded = 0.0;         // weight of what takes its shade
    vec4 rising = vec4(0.0);    // colour and weight of fog that grows denser: it becomes a surface, or is fog after all
    float densest = 0.0;
    bool met_surface = false;
    bool left_it = false;
    while (i < last) {
        float along = (i + 0.5) * stride;
        vec3 place = origin + direction * along;
        if (skips_empty) {
            vec3 cell = floor(place / cell_side);
            if (texelFetch(occupancy, ivec3(cell), 0).r <= thinnest) {
                vec3 walls = ((cell + step(0.0, direction)) * cell_side - place) / direction;
                before = 0.0;
                left_it = met_surface;
                i += max(1.0, ceil(min(min(walls.x, walls.y), walls.z) / stride));
                continue;
            }
        }
        vec4 texel = texture(field, place / voxels);
        if (texel.a > thinnest_logit) {
            float opacity = opacity_of(texel.a);
            if (!SEES_THROUGH) opacity *= smoothstep(haze.x, haze.y, opacity);
            bool takes_shade = !HAS_OWN_COLOUR;
            if (ENDS_AT_MATTE) {
                vec2 edge = texture(matte, place.xy / voxels).rg;
                opacity *= edge.x;
                texel.a *= edge.x;
                takes_shade = edge.y < 0.5 + 0.5 * TINTED / border.x;
            }
            float kept = pow(1.0 - opacity, stride);
            if (met_surface) {
                left_it = left_it || texel.a <= surface;
            } else if (texel.a > surface) {
                // It lies between two samples, not at whichever came after.
                met = along - (before < surface ? (texel.a - surface) / (texel.a - before) * stride : 0.0);
                met_surface = true;
                shaded += rising.a;
                rising = vec4(0.0);
            } else if (texel.a > densest && takes_shade) {
                densest = texel.a;
                met = along;
            }
            float weight = transmittance * (1.0 - kept);
            if (left_it ? !HAS_OWN_COLOUR : met_surface || takes_shade) {
                shaded += weight;
            } else {
                if (texel.a < before) {
                    gathered += rising.rgb;
                    rising = vec4(0.0);
                }
                rising += weight * vec4(texel.rgb, 1.0);
            }
            thickness += opacity * stride * voxel_side;
            transmittance *= kept;
            if (!SEES_THROUGH && transmittance < 0.002) {
                gathered += rising.rgb;
                rising = vec4(0.0);
                gathered /= 1.0 - transmittance;
                shaded /= 1.0 - transmittance;
                transmittance = 0.0;
                break;
            }
        }
        before = texel.a;
        i += 1.0;
    }
    gathered += rising.rgb;
    if (shaded > 0.0) {
        vec4 exact = has_still && met_surface ? exact_surface(met) : vec4(0.0);
        bool is_exact = exact.a > 0.0;
        if (is_exact) met = exact.a / voxel_side;
        vec3 there = origin + direction * met;
        vec4 texel = is_exact ? vec4(exact.rgb, 1.0) : texture(field, there / voxels);
        gathered += shaded * surface_shade(there, texel, met * depth_per_voxel);
    }
    fragment = vec4(dithered(pixel_colour(gathered, 1.0 - transmittance, thickness, behind)), 1.0);
}
