"""The programs that run beside Locust are shipped alone, and so they are imported alone."""

import sys

from harness.load.master import PROCESSES

sys.path.insert(0, str(PROCESSES))
