"""The only place where parts meet: builds each once and passes it by name."""
