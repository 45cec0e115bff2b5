"""`python -m runtime.keeper`: the service. Everything else of the privileged side is started from here."""

from __future__ import annotations

import os
import sys

from runtime.config import RuntimeConfig
from runtime.errors import Fault
from runtime.keeper import birth
from runtime.keeper.keeper import Keeper, say


def main() -> int:
    try:
        config = RuntimeConfig.from_environ()
        birth.settle()
        held = birth.lock(config)
    except Fault as fault:
        say(f"{fault.message}{'. ' + fault.hint if fault.hint else ''}")
        return 1
    except ValueError as error:
        say(str(error))
        return 2
    try:
        return Keeper(config).run()
    finally:
        os.close(held)


if __name__ == "__main__":
    sys.exit(main())
