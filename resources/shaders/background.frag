void main() {
    fragment = vec4(dithered(background(pixel_ray())), 1.0);
}
