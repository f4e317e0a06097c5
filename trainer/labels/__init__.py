"""What people drew over pictures, in the formats of common labelling tools; see docs/labels.md."""
