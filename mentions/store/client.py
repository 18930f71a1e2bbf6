"""A connection that backs off when the server is busy and says plainly what is wrong when it fails.

The official client's own retries go out at once and only pile onto a server that asked for air; so
they are off, and ``Client.call`` waits, doubling, for as long as its patience lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import structlog
from elastic_transport import ConnectionError as StoreConnectionError
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from elasticsearch.helpers import expand_action
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from mentions.errors import ConfigError, MolvaError, PermanentError, TransientError
from mentions.settings import Environment

BUSY = frozenset({429, 502, 503, 504})
PATIENCE = 20.0  # seconds of back-off before a stage gives up with exit 75
CHUNK_DOCUMENTS = 500
REQUEST_TIMEOUT = 60.0

NO_INDEX = "an index is missing: run `molva init`"
_FORBIDDEN = (
    "the API key may not do this; docs/store.md lists the privileges of the runtime and admin keys"
)

_BLOCKED = "cluster_block_exception"
_FULL = (
    "the store takes no writes because its disk is full: free space there, and it goes on by "
    "itself; nothing was lost"
)

log = structlog.get_logger()
Result = TypeVar("Result")
Operation = dict[str, Any]
Outcome = tuple[Operation, int, str]  # the operation, its HTTP status, the reason if it failed


class _StillBusyError(Exception):
    """Part of a bulk request was refused for lack of room, or by a fault of the server's."""


class Client:
    """Every request of the store goes through ``call`` or ``bulk``."""

    def __init__(self, elasticsearch: Elasticsearch, *, patience: float = PATIENCE) -> None:
        self._elasticsearch = elasticsearch
        self._patience = patience

    def close(self) -> None:
        self._elasticsearch.close()

    def call(self, request: Callable[[Elasticsearch], Result]) -> Result:
        """The answer; a ``MolvaError`` that says what to do when there is none.

        An answer that got lost on the way is asked for again, so a request must bear repeating.
        """
        retrying = Retrying(
            retry=retry_if_exception(_is_passing),
            wait=wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.2),
            stop=stop_after_delay(self._patience),
            before_sleep=_say_waiting,
            reraise=True,
        )
        try:
            return retrying(request, self._elasticsearch)
        except (ApiError, TransportError, UnsupportedProductError, _StillBusyError) as error:
            raise translate(error) from error

    def refresh(self, index: str) -> None:
        """Makes what was written visible to searches, which are a second behind otherwise."""
        self.call(lambda es: es.indices.refresh(index=index))

    def bulk(self, operations: Iterable[Operation]) -> Iterator[Outcome]:
        """Send operations (in the form of ``elasticsearch.helpers``); one outcome each, in order.

        A refused document is an outcome, not an error: the rest of the batch goes on. Those refused
        only because the server was busy, or at fault itself, are sent again.
        """
        rest = iter(operations)
        while chunk := list(islice(rest, CHUNK_DOCUMENTS)):
            yield from self._bulk_chunk(chunk)

    def _bulk_chunk(self, chunk: list[Operation]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}

        def send(es: Elasticsearch) -> None:
            waiting = [at for at in range(len(chunk)) if at not in outcomes]
            busy: set[str] = set()
            items = es.bulk(operations=[line for at in waiting for line in _lines(chunk[at])])
            for at, item in zip(waiting, items["items"], strict=True):
                answer = next(iter(item.values()))
                _must_be_about_the_document(answer)
                if answer["status"] in BUSY or answer["status"] >= 500:
                    busy.add(_reason(answer))
                else:
                    outcomes[at] = (chunk[at], answer["status"], _reason(answer))
            if len(outcomes) < len(chunk):
                raise _StillBusyError(next(iter(busy), ""))

        self.call(send)
        return [outcomes[at] for at in range(len(chunk))]


def _must_be_about_the_document(answer: Mapping[str, Any]) -> None:
    """A key that may not write, or a missing index, is no fault of the document's."""
    if answer["status"] == 403:
        raise ConfigError(_FORBIDDEN + f" (write to {answer['_index']})")
    if answer.get("error", {}).get("type") == "index_not_found_exception":
        raise ConfigError(NO_INDEX)


def _lines(operation: Operation) -> list[Any]:
    action, document = expand_action(operation)
    return [action] if document is None else [action, document]


def _reason(answer: Mapping[str, Any]) -> str:
    """Type and field of a refusal, without the value that was refused."""
    error = answer.get("error")
    if not error:
        return ""
    cause = error.get("caused_by", {}).get("type", "")
    return ": ".join(part for part in (error.get("type", "error"), cause) if part)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, ApiError):
        return error.status_code in BUSY
    if isinstance(error, TlsError):
        return False
    return isinstance(error, StoreConnectionError | ConnectionTimeout | _StillBusyError)


def _say_waiting(state: RetryCallState) -> None:
    """With the cause at once: whoever reads a log need not wait until patience is out."""
    error = state.outcome.exception() if state.outcome else None
    said = str(translate(error)) if isinstance(error, Exception) else ""
    log.warning("waiting for the store", attempt=state.attempt_number, error=said)


def kind(error: BaseException | None) -> str:
    status = getattr(error, "status_code", "")
    return f"{type(error).__name__} {status}".strip()


def translate(error: Exception) -> MolvaError:
    """The same failure, named by what the caller does next."""
    if isinstance(error, ApiError):
        return _translate_answer(error)
    if isinstance(error, TlsError):
        return ConfigError(
            f"the store's certificate is not accepted ({error.message}): MOLVA_ELASTICSEARCH_CA "
            "names the file of the authority that signed it, and the URL its host name"
        )
    if isinstance(error, _StillBusyError) and _BLOCKED in str(error):
        return TransientError(_FULL)
    if isinstance(error, _StillBusyError):
        return TransientError(f"the store cannot write at the moment ({error}); nothing was lost")
    if isinstance(error, UnsupportedProductError):
        return ConfigError("what answers at MOLVA_ELASTICSEARCH_URL is not Elasticsearch 9")
    return TransientError(f"the store does not answer ({kind(error)}); nothing was lost")


def _translate_answer(error: ApiError) -> MolvaError:
    if error.status_code == 401:
        return ConfigError(
            "the store refuses the key: MOLVA_ELASTICSEARCH_API_KEY is missing, wrong or expired"
        )
    if error.status_code == 403:
        return ConfigError(f"{_FORBIDDEN} ({_said(error)})")
    if error.status_code == 404 and error.error == "index_not_found_exception":
        return ConfigError(NO_INDEX)
    if error.status_code == 429 and error.error == _BLOCKED:
        return TransientError(_FULL)
    if error.status_code in BUSY:
        return TransientError(f"the store is busy ({error.status_code}); nothing was lost")
    return PermanentError(f"the store refuses the request: {_said(error)}")


def _said(error: ApiError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    cause = body.get("error", {})
    reason = cause.get("reason", "") if isinstance(cause, dict) else str(cause)
    return f"{error.status_code} {reason}"[:300]


def addresses(environment: Environment) -> list[str]:
    """The configured server, and the other nodes of its cluster that answer when it does not."""
    if environment.elasticsearch_url is None:
        raise ConfigError(
            "MOLVA_ELASTICSEARCH_URL is not set: name your Elasticsearch 9, for example "
            "https://localhost:9200; to try Molva without one, run `make demo`"
        )
    return [str(environment.elasticsearch_url), *map(str, environment.elasticsearch_more_urls)]


def transport_security(environment: Environment) -> dict[str, Any]:
    """What the official client must be told to trust the server."""
    authority = environment.elasticsearch_ca
    if authority and not authority.is_file():
        raise ConfigError(f"MOLVA_ELASTICSEARCH_CA: no file {authority}")
    if authority and addresses(environment)[0].startswith("https:"):
        return {"ca_certs": str(authority)}
    return {}


def connect(
    environment: Environment,
    *,
    admin: bool = False,
    patience: float = PATIENCE,
    timeout: float = REQUEST_TIMEOUT,
) -> Client:
    """A client for the configured server; a ``ConfigError`` with the cure if there is none.

    ``patience`` is for a server that refuses, ``timeout`` for one that says nothing at all.
    """
    key = _key(environment, admin=admin)
    return Client(
        Elasticsearch(
            addresses(environment),
            api_key=key.get_secret_value() if key else None,
            **transport_security(environment),
            request_timeout=timeout,
            max_retries=0,
        ),
        patience=patience,
    )


def _key(environment: Environment, *, admin: bool) -> SecretStr | None:
    runtime = environment.elasticsearch_api_key
    return (environment.elasticsearch_admin_api_key or runtime) if admin else runtime
