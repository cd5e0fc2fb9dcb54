"""User ids of what builds and fetches. What an install has written, the build steps that follow cannot change."""

INSTALL = 1
BUILD = 2
FETCH = 3
FIRST_FREE = 1000
"""From here on slots belong to running apps."""
