"""The servers of docker-compose.yml that are not ours: Elasticsearch, PostgreSQL and Redis.

From Debian's packages and the start script of the tests, with the settings of the compose file.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from molva.ports import HOST
from tests import servers
from tests.production.stand import NODES, Stand


def start_node(stand: Stand, at: int = 0) -> None:
    """One node, with the settings of the compose file (their names have dots in them)."""
    name = NODES[at]
    settings = {k: v for k, v in stand.service(name).environment.items() if "." in k}
    transports = [f"{HOST}:{port + 100}" for port in stand.ports.nodes]
    if stand.nodes > 1:
        settings["discovery.seed_hosts"] = ",".join(transports)
    settings["path.repo"] = str(stand.root / "snapshots")
    settings.pop("xpack.license.self_generated.type")  # not in the test build
    data = stand.root / name
    certificates = data / "config/certificates"
    if not certificates.exists():
        shutil.copytree(stand.root / "run/certificates", certificates)
    words = [f"{key}={value}" for key, value in settings.items()]
    assert servers.ES_RUN
    run = str(Path(servers.ES_RUN).resolve())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "MOLVA_TEST_ES_HEAP": "512m"}
    command = [run, str(data), str(stand.ports.nodes[at]), *words]
    stand.crew.start(name, command, env=env, cwd=stand.root)


def start_postgres(stand: Stand) -> None:
    environment = stand.service("postgres").environment
    data = stand.root / "postgres"
    if not data.exists():
        _make_database(stand, data, environment)
    stand.crew.start("postgres", _postgres(stand, data), env=_plain(), cwd=Path("/"))
    stand.wait(lambda: _sql(stand, "SELECT 1"), "postgres")


def _postgres(stand: Stand, data: Path) -> list[str]:
    port = str(stand.ports.postgres)
    words = ["-D", str(data), "-p", port, "-k", str(data), "-c", f"listen_addresses={HOST}"]
    return [*_as_postgres(), str(_program("postgres")), *words]


def restart_postgres(stand: Stand) -> None:
    """Cut every connection and come back, as `docker compose restart postgres` does."""
    os.kill(stand.crew.pid("postgres"), signal.SIGINT)
    stand.crew.end("postgres")
    start_postgres(stand)


def _make_database(stand: Stand, data: Path, environment: Mapping[str, str]) -> None:
    """As the image does it at its first start, with the compose file's own arguments."""
    data.mkdir()
    secret = stand.root / "postgres-password"
    secret.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        shutil.chown(secret, "postgres", "postgres")
    words = ["-D", str(data), "-U", environment["POSTGRES_USER"], f"--pwfile={secret}"]
    words += environment["POSTGRES_INITDB_ARGS"].split()
    _quietly([*_as_postgres(), str(_program("initdb")), *words])
    secret.unlink()
    stand.crew.start("postgres", _postgres(stand, data), env=_plain(), cwd=Path("/"))
    stand.wait(lambda: _sql(stand, "CREATE DATABASE airflow", "postgres"), "postgres")
    os.kill(stand.crew.pid("postgres"), signal.SIGINT)
    stand.crew.end("postgres")


def _sql(stand: Stand, statement: str, database: str = "airflow") -> bool:
    environment = stand.service("postgres").environment
    done = subprocess.run(
        [
            "psql",
            "-qAt",
            "-h",
            HOST,
            "-p",
            str(stand.ports.postgres),
            "-c",
            statement,
            "-U",
            environment["POSTGRES_USER"],
            database,
        ],
        env={**_plain(), "PGPASSWORD": environment["POSTGRES_PASSWORD"]},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def start_redis(stand: Stand) -> None:
    (stand.root / "redis").mkdir(exist_ok=True)
    told = stand.service("redis")
    command = redis_command(told.command, stand.ports.redis, stand.root / "redis")
    environment = {**_plain(), **told.environment}
    stand.crew.start("redis", command, env=environment, cwd=stand.root)
    stand.wait(lambda: b"NOAUTH" in _redis_ping(stand), "redis")


def redis_command(command: list[str], port: int, folder: Path) -> list[str]:
    """The compose file's own, with a port and a folder of ours."""
    shell, flag, script = command
    first, rest = script.split("\n", 1)
    return [shell, flag, f"{first}\nport {port}\nbind {HOST}\ndir {folder}\n{rest}"]


def _redis_ping(stand: Stand) -> bytes:
    done = subprocess.run(
        ["redis-cli", "-h", HOST, "-p", str(stand.ports.redis), "ping"],
        capture_output=True,
        check=False,
    )
    return done.stdout + done.stderr


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", env=_plain(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _plain() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _program(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1]


@contextmanager
def serving(certificate: Path, key: Path) -> Iterator[int]:
    """A port on loopback where this certificate is shown, and nothing else happens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server((HOST, 0)) as listening:
        over = threading.Event()

        def show() -> None:
            while not over.is_set():
                with suppress(OSError):
                    line, _ = listening.accept()
                    with context.wrap_socket(line, server_side=True):
                        pass

        thread = threading.Thread(target=show, daemon=True)
        listening.settimeout(0.2)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            over.set()
            thread.join()
