// The ray of a pixel, and what it meets behind everything: a gradient and, seen from above, a ground grid.
in vec2 corner;
out vec4 fragment;

uniform vec2 half_extent;   // of the viewport in shorter sides
uniform vec3 eye;           // metres, field frame
uniform vec3 right;         // unit vectors of the camera, field frame
uniform vec3 up;
uniform vec3 backward;
uniform vec2 spread;        // x: change of direction per shorter side (perspective), y: metres per shorter side (orthographic)
uniform vec3 top_colour;    // sRGB
uniform vec3 bottom_colour;
uniform float chequers;     // squares of the two colours to the shorter side; 0 for a gradient
uniform vec3 ground;        // x: height in metres, y: spacing in metres, z: strength (0 hides the grid)

struct Ray {
    vec3 origin;
    vec3 direction;  // unit
};

Ray pixel_ray() {
    vec2 place = (corner * 2.0 - 1.0) * half_extent;
    vec3 aside = right * place.x + up * place.y;
    return Ray(eye + aside * spread.y, normalize(aside * spread.x - backward));
}

// How much of a pixel a grid of lines covers at `place`; `pixel` is the pixel's footprint, both in cells.
float grid_cover(vec2 place, vec2 pixel) {
    vec2 away = abs(fract(place - 0.5) - 0.5);
    vec2 line = clamp(1.0 - away / pixel, 0.0, 1.0) * clamp(0.35 / pixel, 0.0, 1.0);
    return max(line.x, line.y);
}

vec3 background(Ray ray) {
    vec3 colour = mix(bottom_colour, top_colour, clamp(corner.y, 0.0, 1.0));
    if (chequers > 0.0) {
        vec2 square = floor(corner * 2.0 * half_extent * chequers);
        colour = mod(square.x + square.y, 2.0) < 0.5 ? bottom_colour : top_colour;
    }
    if (ground.z <= 0.0 || ray.origin.y <= ground.x) return colour;
    float downward = max(-ray.direction.y, 1e-3);
    vec2 metres = (ray.origin + ray.direction * ((ray.origin.y - ground.x) / downward)).xz;
    vec2 pixel = max(abs(dFdx(metres)), abs(dFdy(metres))) / ground.y;
    float fade = exp(-dot(metres, metres) * 3.0) * smoothstep(0.0, 0.08, -ray.direction.y);
    float cover = grid_cover(metres / ground.y, pixel);
    return mix(colour, vec3(dot(colour, vec3(0.333)) > 0.5 ? 0.0 : 1.0), cover * fade * ground.z);
}

// A fixed pattern of half a grey level hides the steps of a dark gradient.
vec3 dithered(vec3 colour) {
    float noise = fract(52.9829189 * fract(dot(floor(gl_FragCoord.xy), vec2(0.06711056, 0.00583715))));
    return colour + (noise - 0.5) * 0.9 / 255.0;
}
