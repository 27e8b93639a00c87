"""Visitors that turn the syntax of one file into operations on slots, each for one kind of syntax."""
