"""Crushes one tool result without Beam, fetches the original of its marker, and restores it.

python examples/crush_text.py
"""

import json
import re
import subprocess
import sys

from headroom_beam import SmartCrusher, SmartCrusherConfig


def main() -> None:
    """Crushes what pip prints about this environment."""
    command = [sys.executable, "-m", "pip", "list", "--format", "json"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    # With the defaults, rows become a table that loses nothing.
    crusher = SmartCrusher()
    crushed = crusher.crush(text)
    print(f"{crushed.strategy}: {crushed.tokens_before:,} tokens became {crushed.tokens_after:,}")
    print(*crushed.compressed.splitlines()[:4], "…", sep="\n")

    # A smaller budget drops rows, keeps those that matter for the question, and leaves a marker.
    tight = SmartCrusher(SmartCrusherConfig(max_tokens=300))
    crushed = tight.crush(text, query="which version of pyarrow is installed?")
    marker = re.search(r"<<ccr:([0-9a-f]{24})", crushed.compressed)
    assert marker is not None
    assert "pyarrow" in crushed.compressed
    original = tight.ccr_get(marker[1])
    assert original == text
    print(f"\n{crushed.tokens_after:,} tokens and a marker that stands for {len(json.loads(original))} rows")

    # Restoring gives the exact text.
    assert tight.restore(crushed.compressed) == text


if __name__ == "__main__":
    main()
