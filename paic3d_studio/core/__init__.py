"""Numbers only: the picture side, cameras, surfaces and textures in numpy and OpenCV."""
