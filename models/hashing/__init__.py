"""Known pictures and videos, found again by perceptual hashes."""
