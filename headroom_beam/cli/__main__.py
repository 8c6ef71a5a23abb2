"""`python -m headroom_beam.cli` is `headroom-beam`."""

import sys

from headroom_beam.cli.main import main

sys.exit(main())
