"""The same trial as people first write it: it runs, until the process restarts in the thirty days."""
