"""The local cloud: builds, runs and proves apps in sandboxes on this machine, without a container engine."""
