"""How Scrapy behaves on other people's servers: slow, honest, and no further than it was sent."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from crawlers.guard import GUARD, AddressGuard
from crawlers.params import SourceParams
from crawlers.robots import TOKEN

PROJECT_URL = "https://molva.example/crawler"  # who we are and how to be left alone
MAX_BODY = 16 * 1024 * 1024  # bytes, packed or unpacked; the largest feeds seen have 5 MB
TIMEOUT = 30.0  # seconds for one answer, from the connection to its last byte
MAX_REDIRECTS = 5
RETRIES = 2  # of connections that fail and of statuses that pass

_HANDLER = "crawlers.guard.GuardedHandler"


def user_agent(contact: str | None) -> str:
    """Who we are, where to read about us and, if they say, who sent us."""
    return f"Molva/{version('molva')} (+{PROJECT_URL}{f'; {contact}' if contact else ''})"


def scrapy_settings(params: SourceParams, guard: AddressGuard) -> dict[str, Any]:
    return {
        **_manners(params),
        **_limits(),
        **_switched_off(),
        GUARD: guard,
        "TWISTED_DNS_RESOLVER": "crawlers.guard.GuardedResolver",
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOADER_MIDDLEWARES": {"crawlers.robots.RobotsAnswers": 500},
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


def _manners(params: SourceParams) -> dict[str, Any]:
    """With a delay of 0, which only sites of one's own allow, nothing adapts it either."""
    return {
        "USER_AGENT": user_agent(params.contact),
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": TOKEN,
        "DOWNLOAD_DELAY": params.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "AUTOTHROTTLE_ENABLED": params.delay > 0,
        "AUTOTHROTTLE_START_DELAY": params.delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        "AUTOTHROTTLE_MAX_DELAY": 60.0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "application/atom+xml,application/rss+xml,application/feed+json,"
            "application/json;q=0.9,text/html;q=0.8,*/*;q=0.5",
            "Accept-Language": "ru,en;q=0.7",
            "Accept-Encoding": "gzip, deflate",  # what can be unpacked with a limit everywhere
        },
    }


def _limits() -> dict[str, Any]:
    return {
        "DOWNLOAD_MAXSIZE": MAX_BODY,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": TIMEOUT,
        # What came before a connection broke is read, and said to be broken.
        "DOWNLOAD_FAIL_ON_DATALOSS": False,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "RETRY_TIMES": RETRIES,
        # Not 429 and 503, which may say when.
        "RETRY_HTTP_CODES": [500, 502, 504, 520, 521, 522, 524, 408, 425],
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "DNSCACHE_SIZE": 1_000,
    }


def _switched_off() -> dict[str, Any]:
    """Doors that a crawl does not need: other schemes, consoles, cookies, and proxies.

    A proxy of the environment would resolve names itself, where the guard does not see them.
    """
    schemes = dict.fromkeys(("data", "file", "ftp", "s3"))
    return {
        "DOWNLOAD_HANDLERS": {**schemes, "http": _HANDLER, "https": _HANDLER},
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
    }
