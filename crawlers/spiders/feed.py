"""Any RSS, Atom or JSON feed: news sites, blogs, forums, comment streams, Google News, RSSHub.

RSS 2.0: https://www.rssboard.org/rss-specification · Atom: https://www.rfc-editor.org/rfc/rfc4287 ·
JSON Feed: https://www.jsonfeed.org/version/1.1/ · paged feeds: https://www.rfc-editor.org/rfc/rfc5005

A feed shows its newest entries only. Where it is paged (RFC 5005, WordPress' ``?paged=``, JSON
Feed's ``next_url``) older pages are read until the last crawl's newest post is met; elsewhere it
must be crawled before its entries fall off the end. What a publisher puts into a feed is meant to
be read by programs; a feed that asks for a login is not supported.
"""

from crawlers.bases.feed import FeedSpider


class Feed(FeedSpider):
    """Nothing beyond what every feed has."""

    name = "feed"
