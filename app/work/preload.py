"""What the solves' parent process imports once, so that a solve starts in milliseconds."""

import contextlib

with contextlib.suppress(ImportError):  # then each solve reports it as its own failure
    import scenarios.pipeline  # noqa: F401
