"""`python -m deepfocus` runs the command `deepfocus`."""

import sys

from deepfocus.cli import main

if __name__ == "__main__":
    sys.exit(main())
