"""Bases for formats and engines that many sites share."""
