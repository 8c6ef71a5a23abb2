"""Crushes the example traces, shows the savings, looks up a marker, restores all, and compares checksums.

    python examples/demo.py --output out

The exit code is 1 when a restored file differs from its input, or no original was found.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

import headroom_beam
from headroom_beam import CrushFiles, OriginalStore, RestoreFiles, _core
from headroom_beam.files.manifest import read_manifest
from headroom_beam.files.report import format_bytes, format_summary, format_table
from headroom_beam.objects.open import open_objects

TRACES = Path(__file__).resolve().parent / "traces"


def pipeline() -> beam.Pipeline:
    """Returns a pipeline on the runner that is part of Beam."""
    return beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def look_one_up(compacted: Path, originals: Path) -> bool:
    """Looks up the first marker of a compacted file, and says whether its original has the marker's hash."""
    markers = _core.markers(compacted.read_bytes())
    if not markers.num_rows:
        return False
    name = markers.column("hash")[0].as_py()
    original = OriginalStore.open(str(originals)).get(name)
    digest = hashlib.sha256(original).hexdigest()
    print(
        f"\nThe first marker in {compacted.name} is <<ccr:{name} …>>. "
        f"Its original is {format_bytes(len(original))}:"
    )
    print(f"  {original[:100].decode('utf-8', 'replace')!r}…")
    print(f"  SHA-256 {digest}")
    return digest.startswith(name)


def main() -> int:
    """Runs the demonstration, and returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--input", type=Path, default=TRACES, help="folder of *.jsonl files")
    parser.add_argument("--output", type=Path, default=Path("out"), help="folder to write into")
    options = parser.parse_args()
    compacted, originals, restored = (
        options.output / name for name in ("compacted", "originals", "restored")
    )
    # The output of an earlier run is removed. Any other files stay, and the new run refuses to mix with them.
    if (compacted / "_run.json").exists():
        for folder in (compacted, originals, restored):
            shutil.rmtree(folder, ignore_errors=True)
    print(f"headroom_beam from {Path(headroom_beam.__file__).parent}\n")

    with pipeline() as p:
        p | CrushFiles(f"{options.input}/*.jsonl", str(compacted), str(originals))
    print(format_summary(read_manifest(open_objects(str(compacted))).summary))

    files = sorted(options.input.glob("*.jsonl"))
    found = any(look_one_up(compacted / file.name, originals) for file in files[:1])

    with pipeline() as p:
        p | RestoreFiles(str(compacted), str(originals), str(restored))
    rows = [("file", "records", "logged", "restored", "")]
    equal = True
    for file in files:
        before, after = sha256(file), sha256(restored / file.name)
        equal = equal and before == after
        count = f"{len(file.read_bytes().splitlines()):,}"
        rows.append((file.name, count, before[:16], after[:16], "equal" if before == after else "DIFFERENT"))
    print(
        f"\nRestored into {restored}; the checksums (the first 16 digits of SHA-256):\n\n{format_table(rows)}"
    )
    if not found:
        print("demo: no marker was looked up", file=sys.stderr)
    return 0 if equal and found else 1


if __name__ == "__main__":
    raise SystemExit(main())
