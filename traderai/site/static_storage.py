"""Static files of production: compressed, under names that change with their content."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """Also the import statements of JavaScript modules get the hashed names."""

    support_js_module_import_aggregation = True
    # Each pass names the modules whose own imports are named already, so they must be as many as the chain is long.
    max_post_process_passes = 20
    # Packages of others refer to source maps that they do not ship.
    manifest_strict = False
