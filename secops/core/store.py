"""What outlives a run: its report, since when each finding is open, and the waivers."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select

from secops.core import config
from secops.core.database import Database, StoreError
from secops.core.errors import UsageError
from secops.core.finding import Severity, Verdict
from secops.core.i18n import _
from secops.core.report import Report
from secops.core.schema import findings, open_since, run_hosts, runs, verdicts, waivers
from secops.core.waiver import Waiver
