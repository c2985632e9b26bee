// What the corners of a face hand over, interpolated.
in vec3 surface_normal;
in vec2 surface_uv;
in float surface_error;   // metres outside the field's surface
in vec3 surface_corner;
out vec4 fragment;
