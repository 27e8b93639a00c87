"""What the plugin wants of the analyzer; without mypy, so that it can be in another process."""
