"""Text in, opinion out: the only place that knows model libraries."""
