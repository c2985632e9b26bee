// Three vertices per face, so that each knows its corner.
in vec3 vertex;   // metres, field frame
in vec3 normal;
in vec2 uv;
in float error;  // metres outside the field's surface
out vec3 surface_normal;
out vec2 surface_uv;
out float surface_error;
out vec3 surface_corner;  // barycentric

uniform mat4 view_projection;

void main() {
    int k = gl_VertexID % 3;
    surface_corner = vec3(k == 0, k == 1, k == 2);
    surface_normal = normal;
    surface_uv = uv;
    surface_error = error;
    gl_Position = view_projection * vec4(vertex, 1.0);
}
