// The field's colour, unlit, and the artist's own pixels where the front sees the surface.
const bool SEES_THROUGH = false;
const bool ENDS_AT_MATTE = true;
const bool HAS_OWN_COLOUR = true;

uniform sampler2D picture;     // over the front view, y up: its colour, and how much it counts
uniform sampler2D front_depth; // over the front view: z of the first surface, metres
uniform sampler2D front_facing; // how much that surface faces the front

const float SELF_SHADOW = 0.003; // this close behind the first surface still counts as seen, metres

vec3 surface_shade(vec3 place, vec4 texel, float depth) {
    vec3 at = place / voxels;
    vec4 drawn = textureLod(picture, at.xy, picture_detail);
    float within = (2.0 * drawn.a - 1.0) * border.x;
    // From the front itself the picture holds to the border and round every slope: there it is what was drawn.
    float frontal = smoothstep(0.93, 0.995, backward.z);
    float margin = mix(border.y, -0.5 * border.x, frontal);
    float counts = smoothstep(margin, margin + border.z, within) * max(texture(front_facing, at.xy).r, frontal);
    float behind = texture(front_depth, at.xy).r - (at.z - 0.5) * box_side;
    float seen = 1.0 - smoothstep(SELF_SHADOW, 2.0 * SELF_SHADOW, behind);
    // Walls hardly show from there; what shows of them belongs to the picture's edge that they end at. But what lies so far
    // behind that it shows beside that edge is another thing.
    float aside = behind * length(backward.xy) / max(backward.z, 0.1);
    seen = max(seen, frontal * (1.0 - smoothstep(0.002, 0.004, aside)));
    return mix(colour_under(place, texel), drawn.rgb, counts * seen);
}

vec3 pixel_colour(vec3 gathered, float opacity, float thickness, vec3 behind) {
    return gathered + (1.0 - opacity) * behind;
}
