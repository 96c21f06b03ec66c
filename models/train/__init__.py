"""The recipe of the embedded text model; torch and transformers are imported inside these modules alone."""
