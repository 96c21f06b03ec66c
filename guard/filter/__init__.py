"""Splits a data set by the policy that guards production: kept, dropped, to be reviewed, unreadable."""
