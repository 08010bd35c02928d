"""The developer's commands: `python dev.py` sets up, `python dev.py --help` lists the others.

Runs on Python 3.10 or newer without packages. It installs what it needs below this folder: .venv and .dev.
"""

import sys

# Only syntax that older versions can parse, so that they print the message.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit(
        "dev.py needs Python 3.10 or newer, but " + sys.executable + " is " + sys.version.split()[0] + ".\n"
        "Name a newer one, for example: python3.12 dev.py"
    )

from local.development.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
