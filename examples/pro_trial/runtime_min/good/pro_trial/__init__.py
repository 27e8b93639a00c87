"""A thirty-day trial of the pro plan, as a runtime_min workflow that keeps to its color."""
