"""The same trial as people first write it: it runs, until a worker restarts in the thirty days."""
