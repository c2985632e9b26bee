// The artist's picture, cut out, to compare with what is drawn under it.
in vec2 place;
out vec4 fragment;

uniform sampler2D picture;
uniform sampler2D matte;
uniform float strength;

void main() {
    float within = 2.0 * texture(picture, place).a - 1.0;
    fragment = vec4(texture(picture, place).rgb, strength * texture(matte, place).r * step(-0.9, within));
}
