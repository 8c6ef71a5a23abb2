"""Finds an original by SQL: packs are Parquet files, so any program that reads Parquet reads a store.

python examples/plain_sql.py
"""

import hashlib
import tempfile

import duckdb

from headroom_beam import OriginalStore, SmartCrusher


def main() -> None:
    """Stores one long text and asks DuckDB for it."""
    text = "\n".join(f"2026-01-01T00:00:{second % 60:02} worker {second} is ready" for second in range(400))
    with tempfile.TemporaryDirectory() as root:
        crusher = SmartCrusher(store=OriginalStore.open(root))
        compressed = crusher.crush(text).compressed
        name = compressed.removeprefix("<<ccr:")[:24]
        query = f"SELECT digest, original, size_bytes FROM '{root}/packs/*.parquet' WHERE hash = ? LIMIT 1"
        digest, original, size_bytes = duckdb.execute(query, [name]).fetchone()
        assert bytes(original).decode() == text
        assert bytes(digest) == hashlib.sha256(bytes(original)).digest()
        print(f"{compressed[:120]!r}…\nstands for {size_bytes:,} bytes, which DuckDB found by their hash")


if __name__ == "__main__":
    main()
