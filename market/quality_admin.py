"""The staff's view of data quality: reports with their pages, and the runs that brought too little."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from market.models import DataQualityReport, IngestionRun
from market.selectors.quality import quality_report_html
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.errors import NotFoundError

# A page from the lake is shown as one of nobody's: it runs no script, loads nothing and reads no cookie.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'; sandbox"
)


class DataQualityReportAdmin(ReadOnlyAdmin):
    """Reports on the quality of stored data."""

    list_display = ["created_at", "verdict", "scope", "errors", "warnings", "unfit", "page"]
    list_filter = ["verdict"]
    ordering = ["-created_at"]

    fields = ["created_at", "as_of", "scope", "verdict", "page", "found", "worst", "unfit", "json_key", "html_key"]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the report's own page."""
        page = path("<int:pk>/page/", self.admin_site.admin_view(self.page_view), name="market_quality_page")
        return [page, *super().get_urls()]

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hand out the stored page under a policy that lets it do nothing."""
        report = self.get_object(request, str(pk))
        if report is None or not self.has_view_permission(request, report):
            raise Http404(f"no report {pk}")
        try:
            content = quality_report_html(report_id=pk)
        except NotFoundError as error:
            raise Http404(error.detail) from error
        response = HttpResponse(content, content_type="text/html; charset=utf-8")
        response["Content-Security-Policy"] = _PAGE_POLICY
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @admin.display(description="Page")
    def page(self, report: DataQualityReport) -> SafeString | str:
        """Link to the report's page."""
        if not report.html_key:
            return "—"
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}" target="_blank" rel="noopener">Open</a>',
            reverse("admin:market_quality_page", args=[report.pk]),
        )

    @admin.display(description="Errors")
    def errors(self, report: DataQualityReport) -> int:
        """How many errors were found."""
        return _count(report, "error")

    @admin.display(description="Warnings")
    def warnings(self, report: DataQualityReport) -> int:
        """How many warnings were found."""
        return _count(report, "warning")

    @admin.display(description="Series not fit for use")
    def unfit(self, report: DataQualityReport) -> str:
        """The series with errors."""
        unfit = report.findings.get("unfit_series", [])
        return ", ".join(unfit[:12]) + (f" and {len(unfit) - 12} more" if len(unfit) > 12 else "")

    @admin.display(description="Found")
    def found(self, report: DataQualityReport) -> SafeString:
        """The checks that found something."""
        rows = [one for one in report.findings.get("checks", []) if one["count"]]
        return format_html_join(
            "\n",
            "<p>{}: {} ({} in {} series)</p>",
            ((one["severity"], one["check"], one["count"], one["series"]) for one in rows),
        )

    @admin.display(description="Worst findings")
    def worst(self, report: DataQualityReport) -> SafeString:
        """The worst findings in plain words."""
        return format_html_join(
            "\n",
            "<p>{} {} {}: {}</p>",
            (
                (one["secid"] or "all series", one["timeframe"], one["at"], one["text"])
                for one in report.findings.get("worst", [])[:20]
            ),
        )


class IngestionRunAlerts(ReadOnlyAdmin):
    """Runs of ingests with what was expected of them and whether they fell short."""

    list_display = ["started_at", "kind", "source", "rows_received", "rows_expected", "alert", "rows_new", "rows_changed", "rows_quarantined", "detail", "error"]  # fmt: skip
    list_filter = ["alert", "kind", "source"]
    ordering = ["-started_at"]


def _count(report: DataQualityReport, severity: str) -> int:
    return sum(one["count"] for one in report.findings.get("checks", []) if one["severity"] == severity)


QUALITY_ADMINS = ((DataQualityReport, DataQualityReportAdmin), (IngestionRun, IngestionRunAlerts))
"""What market.admin registers."""
