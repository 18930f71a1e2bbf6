"""What `molva doctor` asks of what lies around us: certificate, Airflow and what that needs.

Each function returns a good line or raises the cure, and takes seconds, not minutes.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from mentions.errors import ConfigError, UnhealthyError
from mentions.settings import Environment

SOON = timedelta(days=30)
SECONDS = 5.0
DATABASE_SECONDS = 20.0  # most of it is the start of Airflow's own command
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
EXECUTOR = "AIRFLOW__CORE__EXECUTOR"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
API_SERVER = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"

_RENEW = "renew it (docker compose run --rm certificates) and restart the server"


def certificate(environment: Environment) -> str:
    """How long the certificates of the store's nodes are still good."""
    asked = [environment.elasticsearch_url, *environment.elasticsearch_more_urls]
    secure = [url for url in asked if url is not None and url.scheme == "https"]
    if not secure:
        return "the store is reached without TLS: for one machine only"
    ends = [(_expiry(str(url.host), url.port or 443, environment), url.host) for url in secure]
    end, host = min(ends)
    if end - datetime.now(UTC) < SOON:
        raise UnhealthyError(f"the certificate of {host} expires on {end:%Y-%m-%d}: {_RENEW}")
    return f"certificates of {len(ends)} node(s) are good until {end:%Y-%m-%d}"


def _expiry(host: str, port: int, environment: Environment) -> datetime:
    authority = environment.elasticsearch_ca
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    try:
        with (
            socket.create_connection((host, port), timeout=SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=host) as secure,
        ):
            told = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise ConfigError(
            f"the certificate of {host} is refused ({error.verify_message}): if it has expired, "
            f"{_RENEW}; else MOLVA_ELASTICSEARCH_CA names another authority than signed it"
        ) from error
    except OSError as error:
        raise UnhealthyError(f"{host}:{port} does not answer ({error})") from error
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)


def database() -> str:
    """Whether Airflow reaches its database, asked by its own command."""
    if not os.environ.get(DATABASE):
        return _unasked("database", DATABASE)
    place = urlsplit(os.environ[DATABASE])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "check"],
            capture_output=True,
            timeout=DATABASE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnhealthyError(_no_database(place.hostname, "no answer in time")) from error
    if done.returncode:
        raise UnhealthyError(_no_database(place.hostname, "refused or away"))
    return f"Airflow reaches its database at {place.hostname}"


def _no_database(host: str | None, why: str) -> str:
    return (
        f"Airflow does not reach its database at {host} ({why}): is it up, and is the password in "
        f"{DATABASE} the one it was made with? `airflow db check` says more"
    )


def broker() -> str:
    """Whether the queue between scheduler and workers answers."""
    if not os.environ.get(EXECUTOR):
        return _unasked("broker", EXECUTOR)
    if "celery" not in os.environ[EXECUTOR].lower():
        return "no broker needed: tasks run beside the scheduler"
    place = urlsplit(os.environ.get(BROKER, ""))
    if place.scheme != "redis":
        return f"the broker is {place.scheme or 'not set'}: only Redis is looked at"
    where = f"{place.hostname}:{place.port or 6379}"
    try:
        answer = _ping(place.hostname or "", place.port or 6379, unquote(place.password or ""))
    except OSError as error:
        raise UnhealthyError(
            f"the broker at {where} does not answer ({error}): no task is started until it does; "
            "what was queued is queued again"
        ) from error
    if "+PONG" not in answer:
        raise ConfigError(f"the broker at {where} refuses the password in {BROKER}")
    return f"the broker at {where} answers"


def _ping(host: str, port: int, password: str) -> str:
    """Redis' own greeting; it needs no library."""
    words = [["AUTH", password]] if password else []
    request = b"".join(map(_command, [*words, ["PING"], ["QUIT"]]))
    with socket.create_connection((host, port), timeout=SECONDS) as line:
        line.sendall(request)
        heard = b""
        while part := line.recv(4_096):
            heard += part
    return heard.decode(errors="replace")


def _command(words: list[str]) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def api_server() -> str:
    """Whether what each task reports to answers, at the address that tasks are given."""
    url = os.environ.get(API_SERVER)
    if not url:
        return _unasked("api-server", API_SERVER)
    try:
        status = _status(f"{url.rstrip('/')}/health")
    except (OSError, HTTPException) as error:
        raise UnhealthyError(_no_api_server(url, str(error))) from error
    if status != 200:
        raise UnhealthyError(_no_api_server(url, f"status {status}"))
    return f"the api-server answers at {url}"


def _status(url: str) -> int:
    place = urlsplit(url)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    with closing(kind(place.netloc, timeout=SECONDS)) as line:
        line.request("GET", place.path)
        return line.getresponse().status


def _no_api_server(url: str, why: str) -> str:
    return (
        f"Airflow's api-server does not answer at {url} ({why}): no task runs until it does; is "
        f"airflow-apiserver up, and has {API_SERVER} its address, with /execution/ at the end?"
    )


def _unasked(part: str, variable: str) -> str:
    """Molva's other services know nothing of Airflow, and that says nothing about Airflow."""
    return f"no {part} looked at: {variable} is not set here, ask in airflow-scheduler"
