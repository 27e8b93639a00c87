"""A thirty-day trial of the pro plan, as a Temporal workflow that keeps to its color."""
