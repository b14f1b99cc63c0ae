"""Threat intelligence: what several reports of one indicator are worth together, and files that tools act on."""
