"""`python -m pipelines.streaming` crushes a stream of Pub/Sub messages, on any Beam runner.

`--help` lists its options.
"""

import sys

from headroom_beam.cli.stream import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m pipelines.streaming"))
