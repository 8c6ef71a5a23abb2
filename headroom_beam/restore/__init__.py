"""Restores compacted texts and records in memory, with a store, to their original bytes."""
