"""PAiC-3D Studio: from one portrait of an anime character to a textured 3D head."""

__version__ = "0.1.0"
