"""What every test shares: a property holds however slow the machine is."""

from hypothesis import settings

settings.register_profile("headgate", deadline=None)
settings.load_profile("headgate")
