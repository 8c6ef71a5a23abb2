"""Stores and reads write-once objects under a root: a local directory or a bucket."""
