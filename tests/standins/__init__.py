"""Peers that cannot be reached from a test, played on loopback by servers that speak their real wire protocols."""
