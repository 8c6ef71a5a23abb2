"""The store of originals: packs, index files and tombstones. Hashes go in, verified originals come out."""
