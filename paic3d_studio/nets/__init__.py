"""The networks and the radiance field in torch."""
