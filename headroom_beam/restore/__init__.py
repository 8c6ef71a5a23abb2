"""Restoring in memory: compacted texts or records and a store go in, the original bytes come out."""
