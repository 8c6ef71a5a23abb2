"""Whole runs over files: input files become compacted parts and a manifest, and these become the files again."""
