"""Entry point of `odibi-core` and `python -m odibi_core`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    from odibi_core.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
