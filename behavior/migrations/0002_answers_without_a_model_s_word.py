"""Takes answers to rounds of which no model may speak where the first migration ran before it took them."""

from django.db import migrations, models

NAME = "behavior_gameanswer_actions_known"
ACTIONS = ["BUY", "SELL", "HOLD", "NO_TRADE"]


class Migration(migrations.Migration):
    dependencies = [("behavior", "0001_what_a_user_did")]

    operations = [
        migrations.RemoveConstraint(model_name="gameanswer", name=NAME),
        migrations.AddConstraint(
            model_name="gameanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(action__in=ACTIONS) & models.Q(model_action__in=["", *ACTIONS]),
                name=NAME,
            ),
        ),
    ]
