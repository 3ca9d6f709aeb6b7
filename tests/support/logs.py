"""What a few modules log, whatever else has been configured before: a bound logger may be kept for the process's life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

import structlog
from structlog.testing import LogCapture


@contextmanager
def heard(*modules: ModuleType) -> Iterator[list[Any]]:
    """The entries that the ``log`` of these modules takes meanwhile."""
    capture = LogCapture()
    logger = structlog.wrap_logger(
        None, processors=[capture], wrapper_class=structlog.BoundLogger, cache_logger_on_first_use=False
    )
    with ExitStack() as patched:
        for module in modules:
            patched.enter_context(patch.object(module, "log", logger))
        yield capture.entries
