"""The roles of staff; whoever is in neither is a trader, and admins are superusers."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

# By role: the apps whose facts it sees in the admin, single rights besides.
ROLES = {
    "reviewer": (
        ("market", "features"),
        ("signals.view_signal", "signals.view_outcome", "signals.view_review", "signals.add_review"),
    ),
    "model_manager": (
        ("market", "features", "modeling", "jobs"),
        (
            "signals.view_signal",
            "signals.view_outcome",
            "signals.view_review",
            "modeling.change_modelversion",
            "modeling.add_experiment",
            "modeling.change_experiment",
        ),
    ),
}


def roles_make(apps, schema_editor):
    """Make the groups and give them their rights; a group of that name that is there gets them, too."""
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    # Rights are otherwise made after all migrations.
    for label in ("market", "features", "modeling", "jobs", "signals"):
        create_permissions(installed.get_app_config(label), verbosity=0, apps=apps)
    for name, (facts, rights) in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label__in=facts, codename__startswith="view_")
        )
        for right in rights:
            app, codename = right.split(".")
            group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


def roles_remove(apps, schema_editor):
    """Take the groups away."""
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("site", "0001_kept_answers"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("market", "0006_runs_by_scope"),
        ("features", "0003_regime_by_scope"),
        ("modeling", "0013_earlier_systems"),
        ("signals", "0002_told_and_what_came_of_it"),
        ("jobs", "0001_initial"),
    ]

    operations = [migrations.RunPython(roles_make, roles_remove)]
