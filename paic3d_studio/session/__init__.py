"""The only door to a project and its artefacts; the window and the command line stand before it."""
