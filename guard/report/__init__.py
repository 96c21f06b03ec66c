"""The page that shows an evaluation: one HTML file with everything in it."""
