"""File formats a head can be written to."""

from paic3d_studio.export.exporters import EXPORTERS, Exporter, export_mesh, exporter_for

__all__ = ["EXPORTERS", "Exporter", "export_mesh", "exporter_for"]
