"""`python -m runtime.server`: the worker, as the keeper starts it."""

from __future__ import annotations

import sys

from runtime.server.worker import main

if __name__ == "__main__":
    sys.exit(main())
