"""What a change of the password does besides."""

from __future__ import annotations

from traderai.accounts.models import User
from traderai.accounts.services.tokens import tokens_end


class TokensEndWithPassword:
    """Whoever changes a password wants everybody out who knows the old one; sessions end by themselves."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Any password will do."""

    def password_changed(self, password: str, user: User | None = None) -> None:
        """End every token of the user."""
        if user is not None:
            tokens_end(user_id=user.pk)

    def get_help_text(self) -> str:
        """Say what comes of it."""
        return "A new password signs the user out everywhere, programs included."
