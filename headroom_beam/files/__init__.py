"""Whole runs over files: they become compacted parts and a manifest, and these become the files again."""
