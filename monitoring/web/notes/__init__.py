"""What people say of verdicts: corrections, acknowledgements, and their undoing."""
