"""No address inside our own network is ever connected to, whatever a page or a name server says.

Addresses are judged where names become addresses, for every connection: those of redirects, of
robots.txt and of names that resolve to something else the second time. What the guard lets through
is what is connected to; nothing resolves the name again.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IResolutionReceiver
from zope.interface import implementer  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.internet.interfaces import IAddress, IHostResolution

GUARD = "MOLVA_GUARD"  # the setting that hands the guard to the resolver
# Where clouds keep the keys of the machine that asks. Not even a source of our own is there.
_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
_NAT64 = IPv6Network("64:ff9b::/96")


class PrivateAddressError(IgnoreRequest):
    """A name leads into our own network."""


class AddressGuard:
    """``allow_private`` opens loopback and private networks, for sources of one's own."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused: dict[str, str] = {}  # by host, the address that it led to

    def allows(self, host: str, address: str) -> bool:
        allowed = _is_allowed(_inner(ip_address(address)), allow_private=self._allow_private)
        if not allowed:
            self.refused[host] = address
        return allowed


def _is_allowed(ip: IPv4Address | IPv6Address, *, allow_private: bool) -> bool:
    if ip in _METADATA or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return allow_private or ip.is_global


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, on the several ways to write one."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or teredo or ip


class GuardedResolver(CachingHostnameResolver):
    """Scrapy's resolver, less the addresses that the guard refuses."""

    def __init__(self, reactor: Any, cache_size: int, guard: AddressGuard) -> None:
        super().__init__(reactor, cache_size)
        self._guard = guard

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> GuardedResolver:
        size = crawler.settings.getint("DNSCACHE_SIZE")
        return cls(reactor, size, crawler.settings[GUARD])

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        receiver: Any = _Allowed(resolutionReceiver, hostName, self._guard)
        return super().resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics
        )


@implementer(IResolutionReceiver)
class _Allowed:
    """Hands on what the guard allows."""

    def __init__(self, receiver: Any, host: str, guard: AddressGuard) -> None:
        self._receiver = receiver
        self._host = host
        self._guard = guard

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        if self._guard.allows(self._host, address.host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


class GuardedHandler(HTTP11DownloadHandler):
    """Says why a name has no address: a refused one is not worth asking for again."""

    async def download_request(self, request: Request) -> Response:
        try:
            return await super().download_request(request)
        except CannotResolveHostError as error:
            guard: AddressGuard = getattr(self._crawler.spider, "guard")  # noqa: B009
            host = urlsplit(request.url).hostname or ""
            if host in guard.refused:
                raise PrivateAddressError(host) from error
            raise
