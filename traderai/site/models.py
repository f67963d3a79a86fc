"""What the roof itself keeps."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class KeptAnswer(models.Model):
    """The answer to a request that bore a key: the same request gets it again for a day."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    operation = models.CharField(max_length=300, help_text="Method and path.")
    request_sha256 = models.CharField(max_length=64, help_text="Of method, path, kind and body.")
    status = models.PositiveSmallIntegerField()
    media_type = models.CharField(max_length=100, blank=True)
    body = models.TextField(blank=True)
    answered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="site_keptanswer_once"),
            models.CheckConstraint(
                condition=Q(status__gte=200, status__lt=500), name="site_keptanswer_is_final"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="site_keptanswer_expires")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.status}"
