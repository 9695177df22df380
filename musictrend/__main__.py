"""``python -m musictrend``: the command line."""

from musictrend.cli import main

if __name__ == "__main__":
    main()
