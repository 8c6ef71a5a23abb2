"""Crushes files into compacted parts and a manifest, and restores the files from these."""
