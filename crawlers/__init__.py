"""From the web to posts, and from posts to mentions. The only package that speaks to sites."""

from crawlers.catalogue import catalogue, params_problems

__all__ = ["catalogue", "params_problems"]
