"""Any public Discourse forum: all of its posts, newest first, or what its search finds.

API: https://docs.discourse.org/ (no key needed for what anybody may read). The firehose is
``/posts.json?before=ID``; ``params.queries`` asks ``/search.json`` instead, which shows at most the
latest ten pages and asks once more for each post that it finds.

Limits are the forum's own, by address; it answers 429 and says how long to wait. Post ids only
grow, so nothing is skipped when dates are wrong. Deleted and hidden posts are left out.
"""

from crawlers.bases.discourse import DiscourseSpider


class Discourse(DiscourseSpider):
    """Nothing beyond what every forum of the engine has."""

    name = "discourse"
