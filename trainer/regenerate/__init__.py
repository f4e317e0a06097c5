"""Masks made from the pictures alone, where nobody has drawn any: methods, a vote of the lights, and a report."""
