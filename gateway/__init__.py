"""For whom? The reverse proxy that speaks the client's own protocol."""
