"""Crushes texts and records in memory, into compacted ones and the originals of their markers."""
