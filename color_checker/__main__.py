"""`python -m color_checker` is `color-checker`."""

from color_checker.cli import main

if __name__ == "__main__":
    main(prog_name="color-checker")
