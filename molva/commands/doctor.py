"""``molva doctor``: is everything that Molva needs there, and well."""

from __future__ import annotations

import click

from mentions.errors import UnhealthyError
from molva.output import emit, json_option


@click.command
@json_option
def command(*, as_json: bool) -> None:
    """Check the secret, the store and its certificate, Slack, the model and what Airflow needs.

    Of the store: version, indices, privileges, clock, health and disks. Of Airflow: database,
    broker and api-server, where its settings are known (in airflow-scheduler). Each part gets a
    line; what is ill says the cure. Exits 3 if anything is.

    \b
    Example:
      molva doctor
    """
    from mentions.settings import load_settings
    from molva.doctor import examine

    findings = list(examine(load_settings()))
    ill = [finding for finding in findings if finding.error]
    emit({f.part: f"{'ILL  ' if f.error else 'well '} {f.note}" for f in findings}, as_json=as_json)
    if ill:
        raise UnhealthyError(f"{len(ill)} of {len(findings)} parts are not well")
