"""The two pages on which people sign in by password: the Mini App's and the staff's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from traderai.accounts.models import User
from traderai.accounts.services.second_factor import second_factor_check
from traderai.common.errors import SignInError

_SAID = {
    "otp_required": _("Enter the code that your device shows now; each code works once."),
    "otp_device_missing": _("Staff sign in with a code from a device; ask an administrator for one."),
}


class SecondFactorForm(forms.Form):
    """Asks who has a device for its code, after name and password were right."""

    otp = forms.CharField(
        label=_("Code from the device"),
        required=False,
        max_length=8,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text=_("Only for accounts with a second factor."),
    )

    def clean_username(self) -> str:
        """Refuse what is longer than any name, as a wrong one: a count of failures could not be kept under it."""
        name: str = self.cleaned_data["username"]
        if len(name) > (User._meta.get_field("username").max_length or 0):
            raise self.get_invalid_login_error()  # type: ignore[attr-defined]  # the form beside it has it
        return name

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse who may not come in here, then who does not show the code."""
        super().confirm_login_allowed(user)  # type: ignore[misc]  # the form beside it has it
        try:
            second_factor_check(
                request=self.request,  # type: ignore[attr-defined]  # as above
                user=user,
                otp=self.cleaned_data.get("otp", ""),
            )
        except SignInError as error:
            raise ValidationError(_SAID[error.code], code=error.code) from error


class AppSignInForm(SecondFactorForm, AuthenticationForm):
    """The Mini App's."""


class StaffSignInForm(SecondFactorForm, UnfoldAuthenticationForm):  # type: ignore[misc]  # unfold carries no types
    """The admin's."""
