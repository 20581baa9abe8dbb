"""Run the command line as `python -m app`."""

from app.cli.main import main

if __name__ == "__main__":
    main()
