import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    # The first migrations of Oscar, so that the app installs on any release.
    dependencies = [("basket", "0001_initial"), ("order", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BasketReferral",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=32)),
                (
                    "basket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="basket.basket"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=32)),
                ("version", models.BigIntegerField()),
                ("sent_version", models.BigIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(db_index=True)),
                ("last_answer", models.TextField(blank=True)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ring_report",
                        to="order.order",
                    ),
                ),
            ],
        ),
    ]
