"""Java and Kotlin: Maven and Gradle projects, and plain sources."""

from devgem.stack.languages.java.provider import Java

__all__ = ["Java"]
