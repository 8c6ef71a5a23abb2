"""Crushing in memory: texts or records go in, compacted ones and the originals of their markers come out."""
