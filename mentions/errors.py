"""Every error raised on purpose, grouped by what the caller does next.

* MolvaError
  - ConfigError      a person must change a setting            exit 2
  - UnhealthyError   a source or a check is red                exit 3
  - BlockedError     a site refuses us; go on means evading    exit 4
  - TransientError   the same call may work later              exit 75 (EX_TEMPFAIL)
  - PermanentError   the same call will fail again             exit 1
  - RecordError      skip this record, count it, carry on      never leaves its stage
"""

from __future__ import annotations

from typing import ClassVar


class MolvaError(Exception):
    """Catch this, and only this, at the edge of a stage."""

    exit_code: ClassVar[int] = 1


class ConfigError(MolvaError):
    """A setting is missing, wrong, or contradicts another; the message says the cure."""

    exit_code = 2


class UnhealthyError(MolvaError):
    """Everything ran, and what was found is not well."""

    exit_code = 3


class BlockedError(MolvaError):
    """A site shows a captcha, a ban, or forbids the address: reported, never evaded."""

    exit_code = 4


class TransientError(MolvaError):
    """Worth another attempt later; nothing was lost and nothing moved."""

    exit_code = 75


class PermanentError(MolvaError):
    """Will not succeed however often it is tried."""


class RecordError(MolvaError):
    """One record could not be understood; the reason is short and holds no personal data."""
