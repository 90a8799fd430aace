"""`python -m deepfocus.cli`, for when the command itself is not on the path."""

import sys

from deepfocus.cli import main

sys.exit(main())
