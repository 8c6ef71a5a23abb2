"""Makes `python -m headroom_beam.cli` the same as `headroom-beam`."""

import sys

from headroom_beam.cli.main import main

sys.exit(main())
