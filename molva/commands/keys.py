"""``molva keys``: the two API keys of this namespace, and who else may read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from molva.output import emit, json_option

if TYPE_CHECKING:
    from mentions.store.access import Access

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command
@click.option("--runtime", type=FILE, required=True, help="File of the key for every command.")
@click.option("--admin", type=FILE, required=True, help="File of the key for `molva init`.")
@click.option("--rotate", is_flag=True, help="Make new keys; the old ones stay good for now.")
@click.option("--revoke-old", is_flag=True, help="Take away all keys but those in the files.")
@click.option("--user", envvar="ELASTIC_USER", default="elastic", show_default=True)
@click.option("--password", envvar="ELASTIC_PASSWORD", help="Of that user; better in the variable.")
@click.option("--kibana-password", envvar="KIBANA_PASSWORD", help="Also give kibana_system this.")
@json_option
def command(  # noqa: PLR0913 - one parameter an option
    *,
    runtime: Path,
    admin: Path,
    rotate: bool,
    revoke_old: bool,
    user: str,
    password: str | None,
    kibana_password: str | None,
    as_json: bool,
) -> None:
    """Make the API keys of this namespace (MOLVA_NAMESPACE) and the role of its analysts.

    Needs a superuser of Elasticsearch, by ELASTIC_PASSWORD. Can be repeated: a key in a file that
    still works is kept. To rotate: --rotate, restart what uses the keys, then --revoke-old.

    \b
    Example:
      ELASTIC_PASSWORD=... molva keys --runtime runtime.key --admin admin.key
    """
    from mentions.errors import ConfigError
    from mentions.settings import load_settings
    from mentions.store.access import Access

    if not password:
        raise ConfigError("ELASTIC_PASSWORD is not set: only a superuser may make keys")
    access = Access.of(load_settings().environment, user, password)
    try:
        done = {"role": access.make_analyst_role()}
        if kibana_password:
            access.set_kibana_password(kibana_password)
            done["kibana_system"] = "password set"
        for kind, path in (("runtime", runtime), ("admin", admin)):
            done[kind] = _settle(access, kind, path, rotate=rotate, revoke_old=revoke_old)
        emit(done, as_json=as_json)
    finally:
        access.close()


def _settle(access: Access, kind: str, path: Path, *, rotate: bool, revoke_old: bool) -> str:
    from mentions.store.access import read_key

    encoded = read_key(path)
    known = access.id_of(encoded) if encoded else None
    if known is None or rotate:
        encoded = access.new_key(kind)
        _keep(path, encoded)
        known, said = access.id_of(encoded), "made"
    else:
        said = "kept"
    if revoke_old and known:
        said += f", {access.revoke_all_but(kind, known)} older revoked"
    return said


def _keep(path: Path, encoded: str) -> None:
    """Whole or not at all, and readable by nobody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(encoded + "\n", encoding="ascii")
    part.replace(path)
