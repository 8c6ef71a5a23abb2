"""`python -m pipelines.crush` crushes JSONL files or Pub/Sub messages on any Beam runner.

`--help` lists its options.
"""

import sys

from headroom_beam.cli.crush import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m pipelines.crush"))
