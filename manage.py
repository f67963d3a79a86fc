#!/usr/bin/env python3
"""Run TraderAI's commands: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traderai.site.settings.dev")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "settings.DATABASES" not in str(error):
            raise
        sys.exit(
            "no database: leave `make run` running beside this command, or name a database in DATABASE_URL; for that of "
            "`make demo` set TRADERAI_STATE_DIR=.state/demo while it runs"
        )


if __name__ == "__main__":
    main()
