"""``python -m tamperscope``."""

from tamperscope.cli.main import main

if __name__ == "__main__":
    main()
