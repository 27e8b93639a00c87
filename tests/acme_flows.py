"""The profile of an engine of somebody's own, as several tests have it."""

PROFILE = """\
name = "flows"
title = "Flows"
packages = ["acme.flows"]
distribution = "acme-flows"
documentation = "https://flows.example.com"

[[colors]]
color = "workflow"
by = "decorator"
name = "acme.flows.flow"
"""
