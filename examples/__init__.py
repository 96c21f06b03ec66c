"""Programs to try Headgate with."""
