from django.apps import AppConfig


class RingReferralsConfig(AppConfig):
    name = "ring_referrals"
    verbose_name = "Referral portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Imported for its receivers, which need the models of every app.
        from ring_referrals import receivers  # noqa: F401, PLC0415
