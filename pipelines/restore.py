"""`python -m pipelines.restore` restores the files that were crushed, on any Beam runner.

`--help` lists its options.
"""

import sys

from headroom_beam.cli.restore import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m pipelines.restore"))
