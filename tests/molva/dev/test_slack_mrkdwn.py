"""Slack's markup becomes tags, and nothing that a stranger writes becomes any other."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molva.dev.slack.mrkdwn import mrkdwn_html, plain_html
from tests.molva.dev.browser import Browser


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*b* _i_ ~s~ `c`", "<b>b</b> <i>i</i> <s>s</s> <code>c</code>"),
        ("*a _b_ c*", "<b>a <i>b</i> c</b>"),
        ("*a _b* c_", "<b>a _b</b> c_"),
        ("2*3*4 snake_case_name * x *", "2*3*4 snake_case_name * x *"),
        ("&lt;b&gt; &amp;amp;", "&lt;b&gt; &amp;amp;"),
        (":fire: :no_such:", "🔥 :no_such:"),
        ("> q\n> r\nafter", "<blockquote>q\nr</blockquote>after"),
        ("```\n*x* <y>\n```", "<pre>*x* &lt;y&gt;</pre>"),
        ("<#C024BE7LR|general>", '<span class="channel-link">#general</span>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<http://<!here>|x>", '&lt;http://<strong class="ping">@here</strong>|x&gt;'),
    ],
)
def test_markup_becomes_its_tags(text: str, html: str) -> None:
    assert mrkdwn_html(text) == html


def test_links_lead_where_they_say() -> None:
    html = mrkdwn_html("<https://a.example/?x=1&amp;y=2|a *b*>")
    assert 'href="https://a.example/?x=1&amp;y=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("<>!@|&;*_~`\n\x01:#/ ahttp01\u202e") | st.characters()))
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    Browser(f"<div>{mrkdwn_html(text, link_names=True)}</div>").check()
    page = Browser(f"<div>{plain_html(text, emoji=False)}</div>")
    assert page.seen == {"div"}


@pytest.mark.parametrize("unit", ["*a* ", "<", "`", "```", "_a*b~", "<!channel>", "> ", ":a", "*"])
def test_long_and_odd_texts_take_no_time(unit: str) -> None:
    began = time.monotonic()
    mrkdwn_html(unit * (40_000 // len(unit)), link_names=True)
    assert time.monotonic() - began < 2
