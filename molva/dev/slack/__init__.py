"""A local Slack that the real client talks to, and the page that shows its channels."""
