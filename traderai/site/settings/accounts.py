"""Who may come in, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import environ

env = environ.Env()

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "traderai.accounts.passwords.TokensEndWithPassword"}]

# The bot that opens the Mini App; without it nobody signs in by Telegram.
TELEGRAM_BOT_TOKEN: str = env.str("TELEGRAM_BOT_TOKEN", default="")
# The app hands over what it was opened with at once, so an hour is plenty.
TELEGRAM_SIGN_IN_MAX_AGE_S: int = env.int("TELEGRAM_SIGN_IN_MAX_AGE_S", default=3600)

REST_KNOX: dict[str, Any] = {
    "TOKEN_TTL": timedelta(hours=env.int("API_TOKEN_HOURS", default=12)),
    "AUTO_REFRESH": False,
    # By its beginning a token that has leaked is known for one; logs hide what begins so.
    "TOKEN_PREFIX": "tai_",
}
# The oldest token ends when one more is made.
TOKENS_PER_USER = 10

# Staff sign in with a code from their device when they have one; with this setting nobody of them without one.
STAFF_SECOND_FACTOR: bool = env.bool("STAFF_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = "TraderAI"

# How many proxies of ours stand in front: throttles and lock-outs count the address that the outermost of them saw.
PROXY_COUNT: int = env.int("PROXY_COUNT", default=0)

# A name is locked whoever tries it, and so is an address whichever names it tries.
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT: int = env.int("SIGN_IN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("SIGN_IN_LOCK_MINUTES", default=15))
# Whoever goes on trying must not keep the owner out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "traderai.accounts.failures.FailureHandler"
AXES_CLIENT_IP_CALLABLE = "traderai.accounts.authentication.client_address"
AXES_LOCKOUT_CALLABLE = "traderai.site.lockout.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "otp", "csrfmiddlewaretoken", "init_data"]
