"""Anime heads and shoulders made by rules: a recipe drawn from a seed, surfaces and painted textures, a VRM file."""
