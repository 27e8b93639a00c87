"""A thirty-day trial of the pro plan, as a DBOS workflow that keeps to its color."""
