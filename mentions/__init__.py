"""The domain: what was said, what we think of it, what we did about it, and where it is kept."""
