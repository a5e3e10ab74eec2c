"""Report the orders of a django-oscar shop to a referral portal. See the README one folder up."""
