// The front view's square, standing upright through the middle of the box.
out vec2 place;  // 0..1 over the front view, y up

uniform mat4 view_projection;
uniform float box_side;  // metres

void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = view_projection * vec4((place - 0.5) * box_side, 0.0, 1.0);
}
