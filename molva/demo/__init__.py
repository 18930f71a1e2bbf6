"""The demo: invented posts, the sites that publish them, and what to watch for."""
