"""HTML as the sites of strangers write it: whole pages, bodies of posts, and broken ones."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from urllib.parse import quote
from zlib import crc32

from molva.dev.site.post import SitePost

_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SPELLINGS = "a,b,v,g,d,e,e,zh,z,i,y,k,l,m,n,o,p,r,s,t,u,f,h,ts,ch,sh,sch,,y,,e,yu,ya"
_LATIN = dict(zip(_CYRILLIC, _SPELLINGS.split(","), strict=True))
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def page(title: str, content: str, *, head: str = "", encoding: str = "utf-8") -> bytes:
    """A whole page with the furniture around it that a parser must see through."""
    text = f"""<!DOCTYPE html>
<html lang="ru"><head><meta charset="{encoding}"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><header><a href="/">{escape(title)}</a>
<form action="/search"><input name="q"></form></header>
<main>
{content}
</main>
<footer><p>Мы используем cookie. <a href="/about/">О сайте</a> <a href="/rules/">Правила</a></p>
</footer><script>window.dataLayer=window.dataLayer||[];</script></body></html>
"""
    return text.encode(encoding, "xmlcharrefreplace")


def body(post: SitePost, *, broken: bool = False) -> str:
    """The post's text as HTML: its own where it has one, else paragraphs with links."""
    if post.html is not None:
        return post.html
    html = "\n".join(f"<p>{_linked(part)}</p>" for part in post.text.split("\n\n") if part.strip())
    return break_html(html, crc32(post.native_id.encode())) if broken else html


def break_html(html: str, seed: int) -> str:
    """One of four ways to be invalid that browsers forgive; the words stay readable."""
    match seed % 4:
        case 0:
            return html.replace("</p>", "").replace("—", "&#151;")
        case 1:
            return f'<div class=txt style="color:#222"><i>{html}</b></div>'
        case 2:
            return html.replace("<p>", "<p><font color=#333><b>", 1).replace("&amp;", "&")
        case _:
            return f"{html}<br><img src=/i/1.gif alt=></font></center>"


def shorten(text: str, words: int = 40) -> str:
    parts = text.split()
    return text if len(parts) <= words else " ".join(parts[:words]) + " […]"


def slug(text: str, otherwise: str = "topic") -> str:
    """A Latin address word, as engines make of Russian titles."""
    latin = "".join(_LATIN.get(letter, letter) for letter in text.casefold())
    return _NOT_IN_SLUG.sub("-", latin).strip("-")[:60].strip("-") or otherwise


def path_word(native_id: str) -> str:
    return quote(native_id, safe="")


def iso(date: datetime | None) -> str | None:
    return date.isoformat() if date else None


def captcha(style: str) -> bytes:
    return page("Проверка", _CAPTCHAS[style], head='<meta name="robots" content="noindex">')


def _linked(text: str) -> str:
    """Escaped text with its line breaks, and its addresses as links."""
    parts, at = [], 0
    for found in _URL.finditer(text):
        address = escape(found[0])
        parts += [escape(text[at : found.start()], quote=False)]
        parts += [f'<a href="{address}" rel="nofollow ugc">{address}</a>']
        at = found.end()
    parts.append(escape(text[at:], quote=False))
    return "".join(parts).replace("\n", "<br />\n")


_CAPTCHAS = {
    "image": """<h1>Слишком много запросов</h1>
<form method="post" action="/captcha"><p>Введите символы с картинки, чтобы продолжить:</p>
<img src="/scripts/captcha/index.php?rand=4411" alt="captcha">
<input type="hidden" name="captcha_url" value="/reviews/">
<input name="llllllllll" autocomplete="off"><button>Готово</button></form>""",
    "checkbox": """<h1>Подтвердите, что запросы отправляли вы, а не робот</h1>
<form class="CheckboxCaptcha" method="post" action="/checkcaptcha?key=5f0c">
<div class="CheckboxCaptcha-Anchor"><input type="submit" class="CheckboxCaptcha-Button"
 aria-label="SmartCaptcha: я не робот"></div></form>
<p>Почему так случилось? Мы не смогли отличить вас от робота.</p>""",
    "interstitial": """<noscript>Enable JavaScript and cookies to continue</noscript>
<div id="challenge-stage" data-sitekey="0x4AA"><h1>Checking your browser before you go on</h1>
<p>This takes a few seconds.</p></div><script>window._cf_chl_opt={cType:"managed"};</script>""",
}
