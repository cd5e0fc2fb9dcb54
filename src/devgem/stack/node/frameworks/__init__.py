"""Recognises frameworks: each says how a project that uses it is built, and started or served."""
