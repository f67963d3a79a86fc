"""The name that a player shows on the leader board, or none."""

from __future__ import annotations

import re
import unicodedata

from django.db import IntegrityError, transaction

from traderai.common.errors import ConflictError, InputError
from training_game.models import Player

LENGTHS = (3, 20)
_LATIN, _CYRILLIC = re.compile("[a-z]", re.IGNORECASE), re.compile("[а-яё]", re.IGNORECASE)
# Names under which one would take a player for the house.
_RESERVED = ("traderai", "admin", "support", "moderator", "moex", "админ", "поддержка", "модератор")


def nickname_set(*, user_id: int, nickname: str | None) -> str | None:
    """Show a player on the leader board under a name, or with None no more; return the name.

    Repeating changes nothing. A name that was withdrawn is free for others at once.
    Raises: InputError for a name that is not fit to be shown, ConflictError for one that is taken.
    """
    wanted = None if nickname is None else _checked(nickname)
    player, _ = Player.objects.get_or_create(user_id=user_id)
    try:
        with transaction.atomic():
            Player.objects.filter(pk=player.pk).update(nickname=wanted)
    except IntegrityError as error:
        raise ConflictError(
            f"the nickname {wanted} is taken; choose another", code="nickname_taken"
        ) from error
    return wanted


def _checked(nickname: str) -> str:
    name = unicodedata.normalize("NFKC", nickname).strip()
    low, high = LENGTHS
    if not low <= len(name) <= high or not all(letter.isalnum() or letter in "_-" for letter in name):
        raise InputError(
            f"nickname must be {low} to {high} letters, digits, _ or -, was {nickname!r}", field="nickname"
        )
    latin, cyrillic = _LATIN.search(name), _CYRILLIC.search(name)
    others = [
        letter
        for letter in name
        if letter.isalpha() and not (_LATIN.match(letter) or _CYRILLIC.match(letter))
    ]
    if (latin and cyrillic) or others or not (latin or cyrillic):
        # Letters of two alphabets look alike: such names are made to be taken for others.
        raise InputError(
            f"nickname must have letters of one alphabet, Latin or Russian, was {nickname!r}",
            field="nickname",
        )
    plain = re.sub(r"[\d_-]", "", name).casefold()
    if plain in ("ai", "ии") or any(word in plain for word in _RESERVED):
        raise InputError(f"nickname must not look like the house's own, was {nickname!r}", field="nickname")
    return name
