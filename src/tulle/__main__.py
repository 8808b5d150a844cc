"""`python -m tulle`, and what the `tulle` script runs."""

import sys


def run() -> None:
    """Hand over to the command line; it ends the process."""
    from tulle.cli.main import main

    sys.exit(main())


if __name__ == "__main__":
    run()
