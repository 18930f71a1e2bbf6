"""Telling a page that keeps us out from one that has no posts.

A page of posts may carry a captcha in its sign-up form, so nobody is asked here about a page on
which posts were found.
"""

from __future__ import annotations

import re
from html import unescape

from crawlers.page import Page
from crawlers.text import plain

_LOOK_AT = 300_000  # characters
_FEW_WORDS = 1_500  # characters; a challenge has nothing else to say

# What only a challenge page contains.
_CHALLENGES = {
    "DDoS-Guard": re.compile(r"/\.well-known/ddos-guard/|check\.ddos-guard\.net", re.I),
    "Yandex SmartCaptcha": re.compile(r"showcaptcha|CheckboxCaptcha|checkcaptcha\?", re.I),
    "Cloudflare": re.compile(r"_cf_chl_opt|cf-chl-|cf_chl_|challenge-error-text", re.I),
    "a captcha": re.compile(r"name=[\"']?captcha_url|/scripts/captcha/", re.I),
}
# What may also guard a form on an ordinary page.
_WIDGETS = re.compile(
    r"hcaptcha\.com/1/|h-captcha|g-recaptcha|recaptcha/api\.js|cf-turnstile|smart-captcha"
    r"|captcha-api\.yandex|smartcaptcha\.(yandex)?cloud",
    re.I,
)
_HEADINGS = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1>", re.I | re.S)
_SAYS = re.compile(
    r"captcha|капч|не робот|робот\?|are you (a )?(human|robot)|verify (that )?you are human"
    r"|just a moment|attention required|checking your browser|проверка браузера|security check"
    r"|access (is )?denied|доступ (к сайту )?(ограничен|запрещ|заблокирован)|forbidden"
    r"|too many requests|слишком много запросов|ddos-guard|bot verification"
    r"|войдите под своим именем",
    re.I,
)


def find_block(page: Page) -> str | None:
    """Who or what keeps us out on a page where posts were expected and none were found."""
    if page.headers.get("cf-mitigated") == "challenge":
        return "Cloudflare"
    if "captcha" in page.url.lower():
        return "a captcha"
    return None if "json" in page.content_type else _in_html(page.text[:_LOOK_AT])


def _in_html(html: str) -> str | None:
    for name, marker in _CHALLENGES.items():
        if marker.search(html):
            return name
    headings = " ".join(unescape(found[2]) for found in _HEADINGS.finditer(html))
    if said := _SAYS.search(headings):
        return f'a page that says "{said[0].lower()}"'
    return "a captcha" if _WIDGETS.search(html) and len(plain(html)) < _FEW_WORDS else None
