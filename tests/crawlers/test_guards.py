"""Addresses that are never reached, pages that keep us out, and settings that are refused."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.exceptions import DownloadFailedError

from crawlers.blocks import find_block
from crawlers.catalogue import catalogue, make_spider, params_problems, spider_names
from crawlers.guard import AddressGuard
from crawlers.outage import why_down
from crawlers.page import Page
from crawlers.params import SourceParams, host_of
from crawlers.settings import scrapy_settings, user_agent
from mentions.errors import ConfigError
from mentions.settings import Source

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
OWN = ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1", "fd12::1"]
OWN += ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
NEVER = ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
NEVER += ["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "100.100.100.200"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert AddressGuard(allow_private=False).allows("host", address)


@pytest.mark.parametrize("address", OWN)
def test_our_own_network_is_reached_only_where_that_is_meant(address: str) -> None:
    guard = AddressGuard(allow_private=False)
    assert not guard.allows("host", address)
    assert guard.refused == {"host": address}
    assert AddressGuard(allow_private=True).allows("host", address)


@pytest.mark.parametrize("address", NEVER)
def test_where_clouds_keep_keys_is_never_reached(address: str) -> None:
    assert not AddressGuard(allow_private=True).allows("host", address)


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost"])
def test_other_spellings_of_this_machine_are_known(host: str) -> None:
    """The guard sees what the system makes of a name, so a spelling cannot hide anything."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)}
    guard = AddressGuard(allow_private=False)
    assert found
    assert not any(guard.allows(host, address) for address in found)


def page(html: str, **changed: Any) -> Page:
    facts: dict[str, Any] = {"headers": {"content-type": "text/html; charset=utf-8"}, **changed}
    return Page(facts.pop("url", "https://example.org/"), html.encode(), datetime.now(UTC), **facts)


@pytest.mark.parametrize(
    "html",
    [
        "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>",
        "<title>DDoS-Guard</title><script src='/.well-known/ddos-guard/js-challenge/index.js'>",
        "<form class='CheckboxCaptcha' action='/checkcaptcha?key=1'>",
        "<h1>Слишком много запросов</h1>",
        "<input name='captcha_url' value='/'>",
        "<title>Доступ ограничен</title>",
        "<title>403 Forbidden</title>",
        "<p>One more step</p><div class='h-captcha'></div>",
        "<title>Подтвердите, что вы не робот</title>",
        "<title>Пожалуйста, войдите под своим именем пользователя</title>",
        "<title>429 Too Many Requests</title>",
    ],
)
def test_pages_that_keep_us_out_are_known(html: str) -> None:
    assert find_block(page(f"<html>{html}</html>"))


@pytest.mark.parametrize(
    "html",
    [
        "<title>Отзывы</title><p>Отзывов пока нет.</p>",
        "<title>Отзывы о роботах-пылесосах</title><p>Пока ничего.</p>",
        f"<p>{'Длинная страница. ' * 200}</p><form><div class='g-recaptcha'></div></form>",
        "<p>Мы под защитой Cloudflare.</p><script src='/cdn-cgi/challenge-platform/x.js'></script>",
    ],
)
def test_pages_without_posts_are_not_all_blocks(html: str) -> None:
    assert find_block(page(f"<html>{html}</html>")) is None


def test_a_block_may_be_in_the_address_or_in_a_header() -> None:
    assert find_block(page("", url="https://example.org/showcaptcha?retpath=x"))
    headers = {"content-type": "text/html", "cf-mitigated": "challenge"}
    assert find_block(page("", headers=headers)) == "Cloudflare"


def source(**changed: Any) -> Source:
    facts = {"spider": "feed", "schedule": "* * * * *", "params": {"url": "https://example.org"}}
    return Source.model_validate(facts | changed)


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "url: is missing"),
        ({"url": "https://example.org", "dealy": 1}, "dealy: unknown key (known here: url,"),
        ({"url": "ftp://example.org"}, "url: not a web address"),
        ({"url": "https://user:secret@example.org"}, "no user name or password"),
        ({"url": "https://example.org:99999"}, "url: "),
        ({"url": []}, "url: "),
        ({"url": "https://example.org", "timezone": "Mars/Olympus"}, "Europe/Moscow"),
        ({"url": "https://example.org", "delay": 0}, "allow_private = true"),
        ({"url": "https://example.org", "kind": "gossip"}, "kind: "),
    ],
)
def test_a_parameter_that_is_wrong_is_told_with_its_cure(
    params: dict[str, Any], problem: str
) -> None:
    found = params_problems(source(params=params))
    assert len(found) == 1
    assert problem in found[0]
    assert "secret" not in found[0]
    with pytest.raises(ConfigError, match=r"sources\.it\.params"):
        make_spider("it", source(params=params))


def test_one_address_or_several() -> None:
    several = ["https://a.example", "https://b.example"]
    assert make_spider("it", source(params={"urls": several})).params.urls == tuple(several)
    assert make_spider("it", source(params={"url": several})).params.urls == tuple(several)


def test_only_sites_of_ones_own_may_be_hurried() -> None:
    params = {"url": "http://127.0.0.1", "delay": 0}
    assert params_problems(source(params=params, allow_private=True)) == []


def test_an_unknown_spider_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="discourse, feed, schema_org"):
        make_spider("it", source(spider="nosuch"))


def test_the_catalogue_is_read_without_starting_scrapy() -> None:
    assert set(catalogue()) == set(spider_names())
    code = "import sys, crawlers; crawlers.catalogue(); sys.exit('scrapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Example.ORG/x", "example.org"),
        ("https://example.org:443/", "example.org"),
        ("http://example.org:8080/", "example.org:8080"),
        ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_a_host_has_one_name(url: str, host: str) -> None:
    assert host_of(url) == host


def test_strangers_houses_are_visited_slowly_and_by_name() -> None:
    params = SourceParams.model_validate({"url": "https://example.org"})
    settings = scrapy_settings(params, AddressGuard(allow_private=False))
    assert settings["ROBOTSTXT_OBEY"] is True
    assert settings["AUTOTHROTTLE_ENABLED"] is True
    assert settings["DOWNLOAD_DELAY"] == 1
    assert settings["CONCURRENT_REQUESTS_PER_DOMAIN"] == 1
    assert "+https://" in user_agent(None)
    assert settings["DOWNLOAD_HANDLERS"]["file"] is None


def test_a_certificate_that_cannot_be_verified_is_told_as_such() -> None:
    error = DownloadFailedError("[('SSL routines', '', 'certificate verify failed')]")
    assert why_down(error) == "its certificate cannot be verified"
    assert why_down(DownloadFailedError("reset")) == "the connection fails"
