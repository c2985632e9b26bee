"""The panels round the picture and the viewport."""
