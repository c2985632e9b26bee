// The mesh that will be exported. The mode's file gives
//   vec3 surface_colour(vec3 texel, vec3 normal, vec3 corner)   (normal in the camera's axes, corner barycentric)
uniform sampler2D surface_texture;
uniform mat3 camera_axes;  // rows right, up, backward

void main() {
    vec3 normal = normalize(camera_axes * surface_normal);
    vec3 texel = texture(surface_texture, surface_uv).rgb;
    fragment = vec4(surface_colour(texel, gl_FrontFacing ? normal : -normal, surface_corner), 1.0);
}
