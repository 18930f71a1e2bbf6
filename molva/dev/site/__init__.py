"""Local sites that serve a post file as a feed, a site of reviews or a Discourse would."""
