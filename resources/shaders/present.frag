// Copies the drawn picture to the screen, enlarging it smoothly where it was drawn smaller.
in vec2 corner;
out vec4 fragment;

uniform sampler2D picture;

void main() {
    fragment = vec4(texture(picture, corner).rgb, 1.0);
}
