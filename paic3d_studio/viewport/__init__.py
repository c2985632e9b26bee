"""Drawing the field and the mesh with ModernGL, without Qt."""
