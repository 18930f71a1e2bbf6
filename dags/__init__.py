"""Schedules: each task runs one `molva` command, exactly what a person would type."""
