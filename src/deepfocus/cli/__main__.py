"""`python -m deepfocus.cli`, where the command itself is not on the path."""

import sys

from deepfocus.cli import main

sys.exit(main())
