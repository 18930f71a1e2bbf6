"""Measurements: each prints figures beside a baseline, none of them is a test."""
