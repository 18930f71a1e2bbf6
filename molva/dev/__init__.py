"""Local stand-ins for what Molva talks to: sites and a chat, for tests and the demo."""
