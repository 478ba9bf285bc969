"""How often the long tests repeat: in full for `make verify`, a tenth otherwise."""

import os

VERIFY = os.environ.get("ODIBI_VERIFY") == "1"


def count(full: int) -> int:
    """Returns `full` under `make verify`, else a tenth of it and at least 1."""
    return full if VERIFY else max(1, full // 10)
