"""Any site that marks up reviews with schema.org, as JSON-LD or microdata.

Vocabulary: https://schema.org/Review · how sites are told to use it:
https://developers.google.com/search/docs/appearance/structured-data/review-snippet

Shops, review sites and maps carry this markup for search engines, so it outlives redesigns. The
list must be sorted by date: give the address that does so (``?order=date_desc`` and the like).
Many large review sites forbid automated reading in their terms or guard it with captchas: ask
them, and expect the verdict ``blocked`` where they mean it.
"""

from crawlers.bases.jsonld import JsonLdSpider


class SchemaOrg(JsonLdSpider):
    """Nothing beyond what the vocabulary has."""

    name = "schema_org"
