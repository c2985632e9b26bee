// One triangle that covers the whole viewport.
out vec2 corner;  // 0..1 over the viewport, y up

void main() {
    corner = vec2(gl_VertexID == 1 ? 2.0 : 0.0, gl_VertexID == 2 ? 2.0 : 0.0);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
