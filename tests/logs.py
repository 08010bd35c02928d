"""Where the programs that tests start write their logs."""

from __future__ import annotations

import os

from local.system import LOGS

# Tests run in several processes at once: each has a folder of its own.
TEST_LOGS = LOGS / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
