"""What picture files say about themselves, and whether they are whole; nothing is decoded here."""
