"""`python -m runtime_min` is `runtime-min`."""

from runtime_min.cli import main

main(prog_name="runtime-min")
